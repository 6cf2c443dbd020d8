"""How work says how far it has come."""

from typing import Protocol


class Progress(Protocol):
    """Is called with a step, how many things are done, and of how many, if known."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None: ...


def silent(step: str, done: int, total: int | None = None) -> None:
    """Tells nobody."""
