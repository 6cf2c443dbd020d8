"""Stores the staged rows: what is new is added, what has changed is replaced, what is older than stored is left out."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Executable, delete, exists, func, insert, or_, select, text, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Expression
from app.commands.transfer.checks import same_row
from app.commands.transfer.parts import ENDPOINTS, MEDIA_FILES, PARTS, PERMISSIONS, RESOURCES, SLOTS, Part
from app.commands.transfer.report import Counts
from app.models import RoleGrant
from app.models.base import is_set

_FIND_KEPT_SLOTS = text(
    "UPDATE staging_slot AS s SET kept = t.id FROM slot AS t WHERE t.resource_uuid = s.resource_uuid"
    ' AND (t.offering_uuid, t.live, t.start, t."end", t.backend_id)'
    ' = (s.offering_uuid, s.live, s.start, s."end", s.backend_id)'
)
_LOCK_BOOKINGS = text(
    "SELECT count(*) FROM (SELECT FROM resource WHERE uuid IN (SELECT uuid FROM staging_resource)"
    " ORDER BY uuid FOR UPDATE) AS locked"
)
"""So that no booking changes between the comparison with the file and the end of the load."""

MANY = 1000
"""New rows after which a table's statistics are out of date."""


async def find_media(connection: AsyncConnection) -> None:
    """Turns names of media files into references; a name in the file counts before one that is stored."""
    staging, stored = MEDIA_FILES.staging, MEDIA_FILES.stored
    replaced = exists().select_from(staging).where(staging.c.uuid == stored.c.uuid)
    known = union(
        select(staging.c.name, staging.c.uuid), select(stored.c.name, stored.c.uuid).where(~replaced)
    ).subquery("known")
    for part in PARTS:
        for name in part.media:
            found = known.c.name == part.staging.c[name]
            await connection.execute(update(part.staging).values({f"{name}_uuid": known.c.uuid}).where(found))


async def make_way(connection: AsyncConnection) -> None:
    """While nobody holds a role, what roles of the file carry is the file's to say: `migrate` stored what is usual."""
    stored, staging = PERMISSIONS.stored, PERMISSIONS.staging
    told = stored.c.role.in_(select(staging.c.role))
    await connection.execute(delete(stored).where(told, ~exists().select_from(RoleGrant)))


async def set_aside(connection: AsyncConnection, part: Part) -> Counts:
    """Drops the staged rows that would change nothing, or may not change the stored ones; counts them."""
    if part is RESOURCES:
        await connection.execute(_LOCK_BOOKINGS)
    counts = Counts(unchanged=await _drop_idle(connection, part))
    if part.dated:
        counts.undated, counts.older = await _drop_refused(connection, part)
        counts.unchanged += counts.undated + counts.older
    if part is RESOURCES:
        for piece in (SLOTS, ENDPOINTS) if counts.unchanged else ():
            left = exists().select_from(part.staging).where(part.staging.c.uuid == piece.staging.c.resource_uuid)
            await connection.execute(delete(piece.staging).where(~left))
        await connection.execute(_FIND_KEPT_SLOTS)
    return counts


async def _drop_idle(connection: AsyncConnection, part: Part) -> int:
    """Drops what is stored just so, and of tables that are only added to what is stored at all."""
    staging, stored = part.staging, part.stored
    idle = [same_row(part, staging, stored)]
    if not part.add_only:
        idle.append(~or_(*(stored.c[name].is_distinct_from(_new(part, name)) for name in _changeable(part))))
        idle += [_same_pieces(piece) for piece in (SLOTS, ENDPOINTS) if part is RESOURCES]
    return (await connection.execute(delete(staging).where(*idle))).rowcount


async def _drop_refused(connection: AsyncConnection, part: Part) -> tuple[int, int]:
    """Drops what differs from what is stored, and does not say that it is as new; how many for lack of a date."""
    staging, stored = part.staging, part.stored
    undated = staging.c.modified.is_(None)
    refused = delete(staging).where(
        same_row(part, staging, stored), or_(undated, stored.c.modified > staging.c.modified)
    )
    dropped = refused.returning(undated.label("undated")).cte("dropped")
    counted = select(func.count().filter(dropped.c.undated), func.count().filter(~dropped.c.undated))
    without, older = (await connection.execute(counted.select_from(dropped))).one()
    return without, older


async def store(connection: AsyncConnection, part: Part) -> tuple[int, int]:
    """Stores the staged rows of a part, and with bookings their slots and endpoints; how many were new, and changed."""
    updated = 0
    if part is RESOURCES:  # before, since they would follow their booking into another state or offering at once
        kept = exists().select_from(SLOTS.staging).where(SLOTS.staging.c.kept == SLOTS.stored.c.id)
        for piece, going in ((SLOTS, (~kept,)), (ENDPOINTS, ())):
            own = piece.stored.c.resource_uuid == part.staging.c.uuid
            await connection.execute(delete(piece.stored).where(own, *going))
    if not part.add_only:
        updated = (await connection.execute(_update(part))).rowcount
    inserted = (await connection.execute(_insert(part))).rowcount
    if part is RESOURCES:
        for piece in (ENDPOINTS, SLOTS):
            await connection.execute(_insert(piece))
    return inserted, updated


async def refresh_statistics(connection: AsyncConnection, new_rows: Mapping[Part, int]) -> None:
    """Tells PostgreSQL at once what tables have become, on which it plans queries."""
    for part in (part for part, rows in new_rows.items() if rows >= MANY):
        await connection.execute(text(f'ANALYZE "{part.stored.name}"'))
        if part is RESOURCES:
            await connection.execute(text(f'ANALYZE "{SLOTS.stored.name}"'))


def _changeable(part: Part) -> list[str]:
    fixed = {"uuid", *part.identity}
    return [column.name for column in part.stored.columns if is_set(column) and column.name not in fixed]


def _new(part: Part, name: str) -> Expression:
    column = part.staging.c[name]
    return func.coalesce(column, part.stored.c[name]) if name in ("created", "modified") else column


def _update(part: Part) -> Executable:
    staging, stored = part.staging, part.stored
    statement = update(stored).values({name: _new(part, name) for name in _changeable(part)})
    statement = statement.where(same_row(part, staging, stored))
    return statement.where(stored.c.modified <= staging.c.modified) if part.dated else statement


def _insert(part: Part) -> Executable:
    staging, stored = part.staging, part.stored
    filled = {"uuid": func.gen_random_uuid(), **dict.fromkeys(("created", "modified", "refreshed"), func.now())}
    names = [column.name for column in stored.columns if column.name in staging.columns]
    values = [func.coalesce(staging.c[name], filled[name]) if name in filled else staging.c[name] for name in names]
    rows = select(*values)
    if part is SLOTS:
        near = (staging.c[name] for name in ("offering_uuid", "start", "end", "resource_uuid", "position"))
        rows = rows.where(staging.c.kept.is_(None)).order_by(*near)  # neighbours one after the other: a better index
    elif part is not ENDPOINTS:
        rows = rows.where(~exists().select_from(stored).where(same_row(part, staging, stored)))
    return insert(stored).from_select(names, rows, include_defaults=False)


def _same_pieces(piece: Part) -> ColumnElement[bool]:
    """Whether a booking has the same slots, or endpoints, in the file as it has stored."""
    names = [column.name for column in piece.stored.columns if column.name in _COMPARED]
    staged = select(*(piece.staging.c[name] for name in names))
    stored = select(*(piece.stored.c[name] for name in names))
    own = exists().select_from(RESOURCES.staging).where(RESOURCES.staging.c.uuid == piece.stored.c.resource_uuid)
    stored = stored.where(own)
    changed = union(staged.except_(stored).subquery().select(), stored.except_(staged).subquery().select())
    rows = changed.subquery(f"changed_{piece.stored.name}")
    return ~exists().select_from(rows).where(rows.c.resource_uuid == RESOURCES.staging.c.uuid)


_COMPARED = {"resource_uuid", "start", "end", "held_until", "backend_id", "uuid", "name", "url", "position"}
"""What a slot or endpoint has of its own; the rest is repeated from its booking."""
