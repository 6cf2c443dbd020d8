"""Loads a data set: every row of it, or none."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import BinaryIO
from uuid import UUID

import asyncpg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.progress import Progress, silent
from app.commands.transfer.checks import check_rows, check_slots
from app.commands.transfer.parts import PARTS, Part
from app.commands.transfer.reader import Entry, Kind, MalformedFile, Opening, entries, read
from app.commands.transfer.report import LoadRefused, Problem, Problems, Report, TooManyProblems
from app.commands.transfer.staging import STAGED, Staging
from app.commands.transfer.store import find_media, make_way, refresh_statistics, set_aside, store
from app.commands.transfer.values import uuid_of
from app.database.locks import Lock, wait_for
from app.models.bookings import NO_OVERLAP

_TABLES = {part.name: part for part in PARTS if part.row}
_KINDS = {"object": "an object: rows by key", "array": "a list of rows"}
_BAD_DATA = ("22", "23", "54")
"""Classes of errors by which PostgreSQL refuses data: for its form, by a constraint, beyond a limit."""


async def load(connection: AsyncConnection, source: BinaryIO, *, progress: Progress = silent) -> Report:
    """Loads a JSON object of tables, in any order, from a file or pipe, within the caller's transaction.

    Raises LoadRefused, which names each bad row, and then has changed nothing. Memory does not grow with the file.
    Steps of progress are the tables being read, and "storing"; rows are counted.
    """
    return await _load(connection, read(source), progress)


async def load_dataset(connection: AsyncConnection, dataset: Mapping[str, object]) -> Report:
    """Loads a data set from memory, as `load` does from a file; raises LoadRefused."""
    return await _load(connection, entries(dataset), silent)


async def _load(connection: AsyncConnection, rows: Iterable[Opening | Entry], progress: Progress) -> Report:
    problems = Problems()
    try:
        async with connection.begin_nested():
            await wait_for(connection, Lock.LOAD)
            staging = Staging(connection, progress)
            await staging.open()
            with suppress(TooManyProblems):
                report = await _check(connection, staging, rows, problems)
            if problems:
                raise LoadRefused(problems)
            await _store(connection, report, progress)
            await staging.close()
            return report
    except (DBAPIError, asyncpg.PostgresError) as error:
        if refusal := _refusal(error):
            raise refusal from error
        raise


async def _check(
    connection: AsyncConnection, staging: Staging, rows: Iterable[Opening | Entry], problems: Problems
) -> Report:
    """Stages the rows that would change something, and notes what is wrong with any."""
    refused: dict[str, set[UUID]] = {}
    try:
        await _stage(staging, rows, problems, refused)
    except MalformedFile as error:
        problems.add("", "", str(error))
        return Report()
    await staging.complete()
    await find_media(connection)
    await check_rows(connection, problems, refused)
    await make_way(connection)
    report = Report({_name(part): await set_aside(connection, part) for part in PARTS})
    await check_slots(connection, problems)
    return report


async def _stage(
    staging: Staging, rows: Iterable[Opening | Entry], problems: Problems, refused: dict[str, set[UUID]]
) -> None:
    part: Part | None = None
    for item in rows:
        if isinstance(item, Opening):
            part = _part(item.table, item.kind, problems)
        elif part is not None and part.row is not None:
            staging.count(item.table)
            try:
                row = part.row.read(item.key, item.value)
            except ValidationError as error:
                _note(problems, item, error)
                with suppress(ValueError):
                    refused.setdefault(part.stored.name, set()).add(uuid_of(item.key))
            else:
                for name, record in row.records():
                    await staging.add(name, record)


async def _store(connection: AsyncConnection, report: Report, progress: Progress) -> None:
    stored = 0
    for part in PARTS:
        counts = report.tables[_name(part)]
        counts.inserted, counts.updated = await store(connection, part)
        stored += counts.inserted + counts.updated
        progress("storing", stored)
    await refresh_statistics(connection, {part: report.tables[_name(part)].inserted for part in PARTS})


def _name(part: Part) -> str:
    return f"{part.label}s" if part.label else part.name


def _part(table: str, kind: Kind, problems: Problems) -> Part | None:
    """The part that the rows of a table are; None for comments and unknown tables, which are a problem."""
    part = _TABLES.get(table)
    if part is None:
        if not table.startswith("_"):
            problems.add(table, "", f"is no table that can be loaded; there are {', '.join(_TABLES)}.")
    elif kind != part.kind:
        problems.add(table, "", f"must be {_KINDS[part.kind]}.")
        return None
    return part


def _note(problems: Problems, entry: Entry, error: ValidationError) -> None:
    place = f"#{entry.key}" if isinstance(entry.key, int) else entry.key
    for item in error.errors(include_url=False, include_input=False):
        where = ".".join(map(str, item["loc"]))
        message = item["msg"].removeprefix("Value error, ")
        problems.add(entry.table, place, f"{where}: {message}" if where else message)


def _refusal(error: Exception) -> LoadRefused | None:
    """What PostgreSQL has found bad, such as an overlap with what was stored since the checks."""
    cause = error if isinstance(error, asyncpg.PostgresError) else getattr(error, "orig", error).__cause__
    if not isinstance(cause, asyncpg.PostgresError) or not (cause.sqlstate or "").startswith(_BAD_DATA):
        return None
    detail = cause.detail or ""
    table = STAGED.get((cause.table_name or "").removeprefix("staging_"))
    key = re.findall(r"[0-9a-f-]{36}", detail)[1] if cause.constraint_name == NO_OVERLAP else ""
    return LoadRefused([Problem(table.name if table else "", key, f"{cause.args[0]}. {detail}".strip())])
