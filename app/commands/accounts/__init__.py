"""Users and their tokens, for those who operate the service."""
