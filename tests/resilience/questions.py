"""All that a list can be asked, about things that a stranger may have heard of."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.main import app
from tests.resilience.world import Row, World

Schema = Mapping[str, Any]
DOCUMENT = app.openapi()
MOST = 4
"""Values that each parameter is given."""


def lists() -> list[str]:
    """Paths of all lists that are not below something."""
    return [path for path, item in DOCUMENT["paths"].items() if "head" in item and "{" not in path]


def questions(path: str, world: World, booking: Row) -> list[str]:
    """The list by each of its parameters, with what that booking is and has, and ordered in each way."""
    known = _known(world, booking)
    parameters = [each for each in DOCUMENT["paths"][path]["get"]["parameters"] if each["in"] == "query"]
    pairs = [
        (each["name"], value)
        for each in parameters
        for value in islice(_values(each["name"], each["schema"], known), MOST)
    ]
    return [path, *(f"{path}?{name}={quote(value)}&page_size=3&field=uuid" for name, value in pairs if name != "field")]


def _known(world: World, booking: Row) -> dict[str, list[str]]:
    """UUIDs, texts and moments of a booking and of what is around it."""
    offering, project = world.offerings[booking["offering_uuid"]], world.projects[booking["project_uuid"]]
    creators = [row["created_by_uuid"] for row in world.orders_of(booking["uuid"])]
    users = [row for row in world.tables["user"] if row["uuid"] in creators]
    customers = [project["customer_uuid"], offering["customer_uuid"]]
    uuids = [booking["uuid"], offering["uuid"], project["uuid"], booking["plan_uuid"], *customers, *creators]
    names = [row[name] for row in (booking, offering, project) for name in ("name", "slug")]
    texts = [*names, booking["backend_id"], booking["effective_id"], *(user["username"] for user in users)]
    moments = [each for each in (booking["created"], booking["modified"], booking["first_start"]) if each]
    return {
        "uuid": [str(uuid) for uuid in dict.fromkeys(uuids) if isinstance(uuid, UUID)],
        "text": [str(each) for each in dict.fromkeys(texts) if each],
        "date-time": [moment.isoformat() for moment in moments],
    }


def _values(name: str, schema: Schema, known: Mapping[str, list[str]]) -> Iterator[str]:
    if name in ("page", "page_size"):
        yield from ("1", "2", "last", "300")
    elif options := _options(schema):
        yield from options
    elif '"boolean"' in (told := json.dumps(schema)):
        yield from ("true", "false")
    elif '"date-time"' in told:
        yield from known["date-time"]
    elif '"uuid"' in told:
        yield from known["uuid"]
    elif '"number"' in told or '"integer"' in told:
        yield from ("0", "1", "2")
    else:
        yield from (*known["text"], *known["uuid"])


def _options(schema: Schema) -> list[str]:
    if "$ref" in schema:
        return _options(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return [str(each) for each in schema.get("enum", [])] or (_options(schema["items"]) if "items" in schema else [])
