"""Small data sets, written by hand as an operator would."""

import io
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import LoadRefused, Problem, load, load_dataset

Dataset = dict[str, Any]


def uuid(name: str) -> str:
    """The uuid of a named thing."""
    return str(uuid5(UUID(int=0), name))


def period(start: float, end: float) -> dict[str, str]:
    """From an hour of the first of May to another."""
    return {
        side: f"2030-05-01T{int(hour):02}:{int(hour % 1 * 60):02}:00Z"
        for side, hour in zip(("start", "end"), (start, end), strict=True)
    }


def booking(*periods: tuple[float, float], **values: Any) -> dict[str, Any]:
    """A booking of the microscope."""
    row = {"name": "Bees", "offering": uuid("microscope"), "project": uuid("hive"), "state": "OK"}
    return {**row, "modified": "2030-04-01T00:00:00Z", "slots": [period(*hours) for hours in periods], **values}


def nested(levels: int) -> dict[str, Any]:
    """An object with that many levels of objects and lists."""
    inner: Any = {} if levels % 2 else []
    for level in range(levels - 1, 0, -1):
        inner = {"a": inner} if level % 2 else [inner]
    found: dict[str, Any] = inner
    return found


def order(name: str, **values: Any) -> dict[str, Any]:
    """The order that asked for a booking."""
    row = {"resource": uuid(name), "offering": uuid("microscope"), "project": uuid("hive"), "type": "Create"}
    return {**row, "state": "done", "created_by": uuid("ada"), "modified": "2030-04-01T00:00:00Z", **values}


BASIS: Dataset = {
    "customers": {uuid("lab"): {"name": "The Lab"}},
    "users": {uuid("ada"): {"username": "ada", "token": "key-of-ada"}},
    "projects": {uuid("hive"): {"name": "Hive", "customer": uuid("lab")}},
    "categories": {uuid("instruments"): {"title": "Instruments"}},
    "offerings": {
        uuid("microscope"): {"name": "Microscope", "customer": uuid("lab"), "category": uuid("instruments")},
        uuid("laser"): {"name": "Laser", "category": uuid("instruments")},
    },
}


def small(bookings: dict[str, dict[str, Any]] | None = None, **tables: Any) -> Dataset:
    """One user, project and two offerings, with the bookings by name, and further tables."""
    return {**deepcopy(BASIS), "resources": {uuid(name): row for name, row in (bookings or {}).items()}, **tables}


async def value(connection: AsyncConnection, query: str) -> Any:
    """The single value of a query."""
    return (await connection.execute(text(query))).scalar_one()


async def problems(connection: AsyncConnection, data: Dataset | bytes) -> list[Problem]:
    """What a load is refused for; checks that it stored nothing."""
    stored = 'SELECT (SELECT count(*) FROM resource) + (SELECT count(*) FROM "user") + (SELECT count(*) FROM customer)'
    before = await value(connection, stored)
    with pytest.raises(LoadRefused) as refused:
        await (load(connection, io.BytesIO(data)) if isinstance(data, bytes) else load_dataset(connection, data))
    assert await value(connection, stored) == before
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return refused.value.problems
