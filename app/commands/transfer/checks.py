"""What may be wrong between rows: with each other in the file, and with what is stored."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Table,
    TextClause,
    Uuid,
    all_,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Expression, Statement
from app.commands.transfer.parts import BUSY_SLOTS, ENDPOINTS, MEDIA_FILES, PARTS, RESOURCES, Part
from app.commands.transfer.report import Problems

_SEPARATOR: ColumnElement[str] = literal_column("' / '")
_TIME = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_PERIOD = f"{_TIME.format('{0}.start')} || ' to ' || {_TIME.format('{0}.end')}"

_OVERLAPS = """
    SELECT mine.{key}::text AS key, other.{other} AS other, {mine} AS mine, {others} AS others
    FROM {staged} AS mine CROSS JOIN LATERAL (
        SELECT * FROM {table} AS rival
        WHERE rival.offering_uuid = mine.offering_uuid
        AND {their_time} && {own_time} AND {rivals}
        OFFSET 0  -- so that each slot is looked up by the index, and never all slots with all
    ) AS other
    WHERE {candidates} LIMIT :wanted
"""
_BOOKED = {"key": "resource_uuid", "other": "resource_uuid", "staged": "staging_slot"}
_BUSY = {"key": "uuid", "other": "resource_uuid", "staged": "staging_busy_slot"}
_ELSEWHERE = "rival.live AND NOT EXISTS (SELECT FROM staging_resource WHERE uuid = rival.resource_uuid)"
_NOT_REPLACED = "NOT EXISTS (SELECT FROM staging_busy_slot AS replaced WHERE replaced.uuid = rival.uuid)"


def _overlaps(sides: Mapping[str, str], table: str, rivals: str, candidates: str = "true") -> TextClause:
    periods = {"mine": _PERIOD.format("mine"), "others": _PERIOD.format("other")}
    time = {"their_time": _held("rival", table), "own_time": _held("mine", sides["staged"])}
    return text(_OVERLAPS.format(table=table, rivals=rivals, candidates=candidates, **time, **periods, **sides))


def _held(row: str, table: str) -> str:
    """The time that a row of the table holds; slots may hold more than they are."""
    end = f'{row}."end"' if "busy" in table else f'greatest({row}."end", {row}.held_until)'
    return f'tstzrange({row}."start", {end})'


_IN_FILE = _overlaps(
    _BOOKED, "staging_slot", "rival.live AND rival.resource_uuid > mine.resource_uuid", candidates="mine.live"
)
_STORED = _overlaps(_BOOKED, "slot", _ELSEWHERE, candidates="mine.live AND mine.kept IS NULL")
_BUSY_IN_FILE = _overlaps(_BUSY, "staging_slot", "rival.live")
_BUSY_STORED = _overlaps(_BUSY, "slot", _ELSEWHERE)
_STORED_BUSY = _overlaps(
    {**_BOOKED, "other": "uuid"}, "busy_slot", _NOT_REPLACED, candidates="mine.live AND mine.kept IS NULL"
)


async def check_rows(connection: AsyncConnection, problems: Problems, refused: Mapping[str, Collection[UUID]]) -> None:
    """Duplicates and dangling references. `refused` has rows, by stored table, that were found bad before."""
    for part in (*PARTS, ENDPOINTS):
        await _collect(connection, problems, part, _duplicates(part), "{what}is given {times} times in the file.")
        for columns in part.unique:
            also = "{what}" + " and ".join(columns) + " {value} is also that of {other}"
            await _collect(connection, problems, part, _shared(part, columns), f"{also} in the file.")
            await _collect(connection, problems, part, _taken(part, columns), f"{also}, which is stored.")
        for key in part.stored.foreign_keys if part.row else ():
            target, name = key.column.table, key.parent.name
            if name.removesuffix("_uuid") not in part.media:
                query = _dangling(part, name, target, refused.get(target.name, ()))
                message = f"{name.removesuffix('_uuid')} {{value}} is neither in the file nor in the database."
                await _collect(connection, problems, part, query, message)
        for name in part.media if MEDIA_FILES.stored.name not in refused else ():
            message = f"{name} {{value}} is no name of a media file in the file or in the database."
            await _collect(connection, problems, part, _unknown_media(part, name), message)


async def check_slots(connection: AsyncConnection, problems: Problems) -> None:
    """Slots of live bookings, busy slots and endpoints that are in each other's way; for rows that will be stored."""
    overlaps = "its slot {mine} overlaps the slot {others} of booking {other}"
    await _collect(connection, problems, RESOURCES, _IN_FILE, f"{overlaps} in the file.")
    await _collect(connection, problems, RESOURCES, _STORED, f"{overlaps}, which is stored.")
    busy = "{mine} overlaps the slot {others} of booking {other}"
    await _collect(connection, problems, BUSY_SLOTS, _BUSY_IN_FILE, f"{busy} in the file.")
    await _collect(connection, problems, BUSY_SLOTS, _BUSY_STORED, f"{busy}, which is stored.")
    stored = "its slot {mine} overlaps the busy slot {other}, which is stored: {others}."
    await _collect(connection, problems, RESOURCES, _STORED_BUSY, stored)
    await _collect(connection, problems, ENDPOINTS, _endpoints_elsewhere(), "endpoint {value} is that of {other}.")


async def _collect(
    connection: AsyncConnection, problems: Problems, part: Part, query: Statement | TextClause, message: str
) -> None:
    for row in (await connection.execute(query, {"wanted": problems.wanted})).mappings().all():
        problems.add(part.name, row["key"], message.format(**row))


def _key(part: Part, table: FromClause) -> ColumnElement[str]:
    return _joined(table, part.key or part.identity)


def _joined(table: FromClause, columns: Collection[str]) -> ColumnElement[str]:
    return func.concat_ws(_SEPARATOR, *(table.c[name] for name in columns))


def same_row(part: Part, one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether two rows have the same identity."""
    return and_(*(_equal(one.c[name], other.c[name], part.stored.c[name].nullable) for name in part.identity))


def _equal(one: Expression, other: Expression, nullable: bool | None) -> ColumnElement[bool]:
    return one.is_not_distinct_from(other) if nullable else one == other


def _text(value: str) -> ColumnElement[str]:
    return literal_column(f"'{value}'")


def _wanted(query: Statement) -> Statement:
    return query.limit(bindparam("wanted", type_=None))


def _duplicates(part: Part) -> Statement:
    staging = part.staging
    identity = [staging.c[name] for name in part.identity]
    what = func.concat(*([_text(f"{part.label} "), identity[-1], _text(" ")] if part.label else [_text("")]))
    key = _key(part, staging)
    query = select(func.min(key).label("key"), func.min(what).label("what"), func.count().label("times"))
    return _wanted(query.group_by(*identity).having(func.count() > 1))


def _with_same(part: Part, columns: tuple[str, ...], other: FromClause) -> Statement:
    staging = part.staging
    what = _text(f"{part.label} " if part.label else "")
    value, same = _joined(staging, columns), and_(*(staging.c[name] == other.c[name] for name in columns))
    shown = (_key(part, staging).label("key"), what.label("what"), value.label("value"))
    return _wanted(select(*shown, _key(part, other).label("other")).join_from(staging, other, same))


def _shared(part: Part, columns: tuple[str, ...]) -> Statement:
    other = part.staging.alias("other")
    identities = [tuple_(*(table.c[name] for name in part.identity)) for table in (part.staging, other)]
    return _with_same(part, columns, other).where(identities[0] > identities[1])


def _taken(part: Part, columns: tuple[str, ...]) -> Statement:
    stored, also = part.stored.alias("other"), part.staging.alias("also")
    replaced = exists().select_from(also).where(same_row(part, also, stored))
    return _with_same(part, columns, stored).where(~same_row(part, part.staging, stored), ~replaced)


def _dangling(part: Part, name: str, target: Table, refused: Collection[UUID]) -> Statement:
    staging, column = part.staging, part.staging.c[name]
    places = [target.alias("known"), *(p.staging.alias("staged") for p in PARTS if p.stored is target)]
    found = (exists().select_from(place).where(place.c.uuid == column) for place in places)
    query = select(_key(part, staging).label("key"), column.label("value")).where(column.is_not(None), ~or_(*found))
    bad = bindparam("refused", list(refused), type_=ARRAY(Uuid()))
    return _wanted(query.where(column != all_(bad)) if refused else query)


def _unknown_media(part: Part, name: str) -> Statement:
    staging = part.staging
    query = select(_key(part, staging).label("key"), staging.c[name].label("value"))
    return _wanted(query.where(staging.c[name] != "", staging.c[f"{name}_uuid"].is_(None)))


def _endpoints_elsewhere() -> Statement:
    staging, stored, bookings = ENDPOINTS.staging, ENDPOINTS.stored, RESOURCES.staging
    replaced = exists().select_from(bookings).where(bookings.c.uuid == stored.c.resource_uuid)
    shown = (_key(ENDPOINTS, staging).label("key"), stored.c.uuid.label("value"), stored.c.resource_uuid.label("other"))
    return _wanted(select(*shown).where(staging.c.uuid == stored.c.uuid, ~replaced))
