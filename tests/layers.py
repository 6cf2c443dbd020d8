"""Which room of the application may import which, and the picture of it in docs/architecture.md.

`python -m tests.layers` draws the picture anew after a change of the table.
"""

import re
from pathlib import Path

ARCHITECTURE = Path(__file__).parents[1] / "docs" / "architecture.md"
PICTURE = re.compile(r"```mermaid\n.*?```", re.DOTALL)

ALLOWED: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": {"mistakes", "process"},
    "main": {
        "administration",
        "api",
        "bookings",
        "calendar",
        "config",
        "daily",
        "database",
        "directory",
        "document",
        "monitoring",
        "offerings",
        "orders",
        "pages",
        "process",
        "roles",
        "telemetry",
        "usage",
    },
    "pages": set(),
    "document": {"api", "bookings", "values"},
    "daily": {"api", "bookings", "database", "errors", "orders", "telemetry"},
    "monitoring": {"api", "config", "database", "telemetry"},
    "bookings": {
        "access",
        "api",
        "auth",
        "columns",
        "conditions",
        "database",
        "errors",
        "lifecycle",
        "links",
        "models",
        "offerings",
        "orders",
        "query",
        "relations",
        "slots",
        "values",
    },
    "calendar": {
        "access",
        "api",
        "auth",
        "columns",
        "database",
        "errors",
        "models",
        "query",
        "relations",
        "slots",
        "values",
    },
    "usage": {"access", "api", "auth", "columns", "errors", "models", "query", "relations", "slots", "values"},
    "directory": {"access", "api", "auth", "database", "links", "models", "query", "relations"},
    "administration": {
        "access",
        "api",
        "auth",
        "columns",
        "database",
        "directory",
        "errors",
        "links",
        "models",
        "offerings",
        "query",
        "registry",
        "relations",
        "slots",
        "values",
    },
    "roles": {"access", "api", "auth", "columns", "errors", "models", "query", "registry", "relations", "values"},
    "orders": {
        "access",
        "api",
        "auth",
        "columns",
        "conditions",
        "database",
        "errors",
        "lifecycle",
        "links",
        "models",
        "offerings",
        "query",
        "registry",
        "relations",
        "slots",
        "telemetry",
        "values",
    },
    "offerings": {
        "access",
        "api",
        "auth",
        "columns",
        "conditions",
        "database",
        "errors",
        "links",
        "models",
        "query",
        "relations",
        "slots",
        "values",
    },
    "lifecycle": {"access", "auth", "columns", "database", "errors", "models", "query", "relations", "telemetry"},
    "api": {"auth", "columns", "database", "errors", "keys", "models", "protocol", "query", "telemetry", "values"},
    "conditions": {"auth", "columns", "models", "query", "values"},
    "relations": {"models", "query"},
    "links": {"query"},
    "access": {"auth", "columns", "database", "models"},
    "slots": {"columns", "database", "errors", "models", "values"},
    "query": {"auth", "columns", "database", "errors", "memory", "models", "values"},
    "commands": {
        "addresses",
        "columns",
        "config",
        "database",
        "embedded",
        "keys",
        "mistakes",
        "models",
        "protocol",
        "registry",
        "slots",
        "telemetry",
        "values",
    },
    "protocol": {"config", "errors", "telemetry"},
    "auth": {"columns", "database", "errors", "keys", "memory", "models"},
    "database": {"addresses", "columns", "config", "embedded", "memory", "mistakes", "telemetry"},
    "telemetry": {"errors"},
    "process": set(),
    "errors": set(),
    "registry": {"models", "slots", "values"},
    "models": {"values"},
    "config": {"addresses"},
    "addresses": set(),
    "embedded": {"mistakes"},
    "columns": set(),
    "memory": set(),
    "keys": set(),
    "mistakes": set(),
    "values": set(),
}
"""From the outside in."""

ALLOWED_IN_BOOKINGS = {
    "expiry": {"repository"},
    "router": {"filters", "repository", "resources", "schemas"},
    "resources": {"schemas"},
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
