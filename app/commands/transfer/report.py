"""What comes of a load: counts by table, or the problems for which nothing was loaded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_PROBLEMS = 1000


class Problem(NamedTuple):
    """What is wrong with one row: its table as in the file, its uuid (or place), and a message.

    Without a table, the file as a whole is meant; without a key, the table.
    """

    table: str
    key: str
    message: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.table, self.key) if part)
        return f"{place}: {self.message}" if place else self.message


class LoadRefused(Exception):
    """Nothing was loaded, for the problems named."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class TooManyProblems(Exception):
    """No more problems are wanted."""


class Problems(list[Problem]):
    """Problems found so far. Adding more than `MOST_PROBLEMS` notes that there are more and raises TooManyProblems."""

    @property
    def wanted(self) -> int:
        """How many rows a query for problems may return: one more than there is room for."""
        return MOST_PROBLEMS - len(self) + 1

    def add(self, table: str, key: str, message: str) -> None:
        """Notes one problem."""
        if len(self) >= MOST_PROBLEMS:
            self.append(Problem("", "", f"There are more problems; these are the first {MOST_PROBLEMS}."))
            raise TooManyProblems
        printable = (text.encode(errors="backslashreplace").decode() for text in (table, key, message))
        self.append(Problem(*printable))


@dataclass
class Counts:
    """How many rows of a table were new, changed, or left as they were.

    Of the latter, some differ from what is stored: `undated` do not say when they were modified, `older` were before.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    undated: int = 0
    older: int = 0


@dataclass
class Report:
    """What a load did, by table of the file."""

    tables: dict[str, Counts] = field(default_factory=dict)

    def __str__(self) -> str:
        counted = [
            f"{name:<20}{counts.inserted:>9} inserted {counts.updated:>9} updated {counts.unchanged:>9} unchanged"
            for name, counts in self.tables.items()
        ]
        return "\n".join([*counted, *self._left_alone()])

    def _left_alone(self) -> Iterator[str]:
        """What a reader would not expect of rows that were left as they were."""
        for name, counts in self.tables.items():
            for rows, why in ((counts.undated, "do not say when they were `modified`"), (counts.older, "are older")):
                if rows:
                    yield f"{name}: {rows} of the unchanged differ from what is stored, but {why}."
