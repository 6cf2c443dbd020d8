"""Which room of the application may import which, and the picture of it in docs/architecture.md.

`python -m tests.layers` draws the picture anew after a change of the table.
"""

import re
from pathlib import Path

ARCHITECTURE = Path(__file__).parents[1] / "docs" / "architecture.md"
PICTURE = re.compile(r"```mermaid\n.*?```", re.DOTALL)

ALLOWED = {
    "__main__": {"cli"},
    "cli": {"mistakes"},
    "main": {"api", "bookings", "calendar", "config", "daily", "database", "directory", "document", "health"}
    | {"offerings", "orders"},
    "document": {"api", "bookings"},
    "daily": {"api", "bookings", "database", "locks", "orders"},
    "health": {"api", "database"},
    "bookings": {
        "access",
        "api",
        "auth",
        "columns",
        "database",
        "lifecycle",
        "links",
        "models",
        "offerings",
        "orders",
        "query",
    }
    | {"relations", "values"},
    "calendar": {
        "access",
        "api",
        "auth",
        "columns",
        "errors",
        "locks",
        "models",
        "query",
        "relations",
        "slots",
        "values",
    },
    "directory": {"access", "api", "links", "models", "query", "relations"},
    "orders": {
        "access",
        "api",
        "auth",
        "columns",
        "errors",
        "lifecycle",
        "links",
        "locks",
        "models",
        "offerings",
        "query",
    }
    | {"relations", "slots", "values"},
    "offerings": {"access", "api", "auth", "columns", "errors", "links", "models", "query", "relations", "slots"}
    | {"values"},
    "lifecycle": {"access", "auth", "columns", "errors", "models", "query", "relations"},
    "api": {"auth", "columns", "database", "errors", "locks", "models", "query", "values"},
    "relations": {"models", "query"},
    "links": {"query"},
    "access": {"auth", "columns", "models"},
    "slots": {"errors", "models", "values"},
    "query": {"auth", "columns", "database", "errors", "models", "prepared", "values"},
    "commands": {"columns", "config", "database", "keys", "locks", "mistakes", "models", "slots", "values"},
    "auth": {"columns", "database", "errors", "keys", "models", "prepared"},
    "prepared": {"columns", "database"},
    "database": {"config", "embedded", "memory"},
    "errors": set(),
    "models": {"values"},
    "config": set(),
    "embedded": {"mistakes"},
    "locks": set(),
    "columns": set(),
    "memory": set(),
    "keys": set(),
    "mistakes": set(),
    "values": set(),
}
"""From the outside in."""

ALLOWED_IN_BOOKINGS = {
    "expiry": {"repository"},
    "router": {"filters", "repository", "schemas"},
    "repository": {"aggregates", "filters", "schemas"},
    "schemas": {"aggregates", "loaders"},
    "filters": {"aggregates"},
    "loaders": set(),
    "aggregates": set(),
}


def reached(room: str) -> set[str]:
    """All rooms that a room may import, straight or by way of others."""
    return ALLOWED[room].union(*(reached(below) for below in ALLOWED[room]))


def floor(room: str) -> int:
    """On which floor a room stands: above all that it may import; 1 is the ground."""
    return 1 + max((floor(below) for below in ALLOWED[room]), default=0)


def picture() -> str:
    """The rooms as a Mermaid flowchart; an arrow that follows from others is left out."""
    lines = ["```mermaid", "flowchart TD"]
    for room, below in ALLOWED.items():
        implied = set[str]().union(*(reached(each) for each in below))
        lines += [f"    {room} --> {each}" for each in sorted(below - implied)]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    ARCHITECTURE.write_text(PICTURE.sub(picture(), ARCHITECTURE.read_text()))
