"""What an operator can put right."""


class Mistake(Exception):
    """Ends a command with its message and status 1."""
