"""What an operator can put right."""


class Mistake(Exception):
    """Ends a command with its message, which says what is wrong and what to do, and with its status."""

    status = 1


class Misuse(Mistake):
    """What was given cannot be: nothing was tried."""

    status = 2
