"""Which room of the application may import which, and the picture of it in docs/architecture.md.

`python -m tests.layers` draws the picture anew after a change of the table.
"""

import re
from pathlib import Path

ARCHITECTURE = Path(__file__).parents[1] / "docs" / "architecture.md"
PICTURE = re.compile(r"```mermaid\n.*?```", re.DOTALL)

ALLOWED = {
    "__main__": {"cli"},
    "cli": {"mistakes", "process"},
    "main": {"api", "bookings", "calendar", "config", "daily", "database", "directory", "document", "health"}
    | {"administration", "offerings", "orders", "pages", "process", "roles", "scraping", "telemetry", "usage"},
    "pages": set(),
    "document": {"api", "bookings", "values"},
    "daily": {"api", "bookings", "database", "errors", "locks", "metrics", "orders"},
    "health": {"api", "apart", "probe"},
    "scraping": {"apart", "config", "database", "metrics"},
    "telemetry": set(),
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
    }
    | {"relations", "slots", "values"},
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
    "usage": {"access", "api", "auth", "columns", "errors", "models", "query", "relations", "slots", "values"},
    "directory": {"access", "api", "auth", "database", "links", "models", "query", "relations"},
    "administration": {
        "access",
        "api",
        "auth",
        "columns",
        "directory",
        "errors",
        "links",
        "locks",
        "models",
        "offerings",
    }
    | {"query", "registry", "relations", "slots", "values"},
    "roles": {"access", "api", "auth", "columns", "errors", "models", "query", "registry", "relations", "values"},
    "orders": {
        "access",
        "api",
        "auth",
        "columns",
        "conditions",
        "database",
        "errors",
        "events",
        "lifecycle",
        "links",
        "locks",
        "models",
        "offerings",
        "query",
    }
    | {"prepared", "registry", "relations", "slots", "values"},
    "offerings": {"access", "api", "auth", "columns", "conditions", "database", "errors", "links", "locks", "models"}
    | {"query", "relations", "slots", "values"},
    "lifecycle": {"access", "auth", "columns", "errors", "events", "models", "prepared", "query", "relations"},
    "api": {
        "auth",
        "columns",
        "database",
        "errors",
        "keys",
        "locks",
        "logs",
        "metrics",
        "models",
        "notes",
        "prepared",
        "protocol",
        "query",
        "readers",
        "refusals",
        "standby",
        "values",
    },
    "conditions": {"auth", "columns", "models", "query", "values"},
    "relations": {"models", "query"},
    "links": {"query"},
    "access": {"auth", "columns", "models", "prepared"},
    "slots": {"columns", "errors", "models", "prepared", "values"},
    "query": {"auth", "columns", "database", "errors", "memory", "models", "prepared", "readers"} | {"values"},
    "commands": {
        "addresses",
        "columns",
        "config",
        "database",
        "embedded",
        "keys",
        "locks",
        "logs",
        "mistakes",
        "models",
        "probe",
        "protocol",
    }
    | {"registry", "schema", "slots", "values"},
    "protocol": {"config", "errors", "refusals"},
    "auth": {"columns", "errors", "keys", "memory", "models", "prepared", "readers", "standby"},
    "prepared": {"columns", "database", "memory", "notes", "readers"},
    "database": {"addresses", "config", "connecting", "embedded", "events", "memory", "mistakes", "notes", "probe"}
    | {"readers", "schema", "standby"},
    "probe": set(),
    "readers": set(),
    "standby": set(),
    "process": set(),
    "healthcheck": set(),
    "schema": {"mistakes"},
    "connecting": {"addresses", "config"},
    "events": {"metrics"},
    "refusals": {"metrics"},
    "logs": {"errors", "notes"},
    "errors": set(),
    "registry": {"models", "slots", "values"},
    "models": {"values"},
    "config": {"addresses"},
    "addresses": set(),
    "embedded": {"mistakes"},
    "locks": {"prepared"},
    "columns": set(),
    "apart": set(),
    "metrics": set(),
    "notes": set(),
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
