"""What was found, and what to do about it."""

from enum import StrEnum
from typing import NamedTuple


class Mark(StrEnum):
    """How a finding is meant."""

    GOOD = "ok"
    ADVICE = "advice"
    WRONG = "wrong"


class Finding(NamedTuple):
    """One thing that was looked at: what it is like, and unless it is as it should be, what to do."""

    about: str
    mark: Mark
    told: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.mark:<8}{self.about:<15}{self.told}"
        return f"{line}\n{'':23}-> {self.remedy}" if self.remedy else line


def good(about: str, told: str) -> Finding:
    """A finding that is as it should be."""
    return Finding(about, Mark.GOOD, told)


def advice(about: str, told: str, remedy: str) -> Finding:
    """A finding that could be better; the service works."""
    return Finding(about, Mark.ADVICE, told, remedy)


def wrong(about: str, told: str, remedy: str) -> Finding:
    """A finding that keeps the service from working as it should."""
    return Finding(about, Mark.WRONG, told, remedy)
