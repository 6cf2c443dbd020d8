"""Dumps all tables, in the form that load takes, each sorted by uuid (or what else identifies its rows)."""

import json
from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple

from sqlalchemy import ColumnElement, DateTime, LargeBinary, Numeric, Text, case, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Expression, Statement
from app.commands.transfer.parts import PARTS, SCOPES, Part
from app.models import Base, MediaFile, ResourceEndpoint, RolePermission, Slot, Token

_ABOUT = "A dump of Booking Resources. Keys and references are uuids; times are UTC; tokens are kept as digests only."
_BATCH = 500
_ISO: Expression = literal_column('\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'')

_NOT_DUMPED = {"token", "uuid"}
"""Keys of tokens are not known; the uuid of a row is its key."""


class Piece(NamedTuple):
    """What is listed in the rows of its owner: a table, the column of the owner, columns to write and to sort by."""

    model: type[Base]
    owner: str
    names: tuple[str, ...]
    order: tuple[str, ...]


_PIECES = {
    "tokens": Piece(Token, "user_uuid", ("uuid", "digest", "name", "created", "refreshed", "expires"), ("uuid",)),
    "slots": Piece(Slot, "resource_uuid", ("start", "end", "held_until", "backend_id"), ("start", "end", "id")),
    "endpoints": Piece(ResourceEndpoint, "resource_uuid", ("uuid", "name", "url"), ("position", "uuid")),
}


async def dump(connection: AsyncConnection, target: BinaryIO) -> dict[str, int]:
    """Writes all tables as one JSON object and returns the number of rows of each.

    Memory does not grow with the data. Tables agree with each other in a snapshot (REPEATABLE READ) only.
    """

    def write(text: str) -> None:
        target.write(text.encode())

    counts: dict[str, int] = {}
    write('{\n"_about": ' + json.dumps(_ABOUT))
    for part in PARTS:
        if part.row:
            opening, closing = "{}" if part.kind == "object" else "[]"
            write(f',\n"{part.name}": {opening}')
            counts[part.name] = await _rows(connection, _query(part), write)
            write(f"\n{closing}")
    write("\n}\n")
    return counts


async def _rows(connection: AsyncConnection, query: Statement, write: Callable[[str], None]) -> int:
    count = 0
    async with connection.stream(query, execution_options={"yield_per": _BATCH}) as result:
        async for key, row in result:
            write(",\n" if count else "\n")
            write(row if key is None else f"{json.dumps(key, ensure_ascii=False)}: {row}")
            count += 1
    return count


def _query(part: Part) -> Statement:
    """Key, or null in a list, and JSON text of each row."""
    stored = part.stored
    if part.model is RolePermission:
        permissions = func.json_agg(aggregate_order_by(stored.c.permission, stored.c.permission))
        return select(stored.c.role, cast(permissions, Text)).group_by(stored.c.role).order_by(stored.c.role)
    assert part.row is not None
    fields = part.row.model_fields
    pairs = [(field.alias or name, _value(part, name)) for name, field in fields.items() if name not in _NOT_DUMPED]
    key = cast(stored.c.uuid, Text) if part.kind == "object" else literal_column("NULL")
    return select(key, cast(_object(pairs), Text)).order_by(*(stored.c[name] for name in part.identity))


def _object(pairs: Iterable[tuple[str, Expression]]) -> Expression:
    return func.json_build_object(*(item for name, value in pairs for item in (_text(name), value)), type_=JSON)


def _value(part: Part, name: str) -> Expression:
    """What a field is made of: mostly the column of its name."""
    stored = part.stored
    if name in _PIECES:
        return _list(_PIECES[name], stored.c.uuid)
    if name in part.media:
        media = MediaFile.__table__
        found = select(media.c.name).where(media.c.uuid == stored.c[f"{name}_uuid"]).scalar_subquery()
        return func.coalesce(found, _text(""))
    if name == "scope":
        return func.coalesce(*(stored.c[scope] for scope in SCOPES))
    if name == "scope_type":
        return case(*((stored.c[scope].is_not(None), _text(scope.removesuffix("_uuid"))) for scope in SCOPES))
    return _json(stored.c[name])


def _json(column: ColumnElement[object]) -> Expression:
    """Times in UTC with a Z, decimals as strings with all their digits, bytes in base64 on one line; the rest as
    PostgreSQL writes it."""
    if isinstance(column.type, DateTime):
        return func.to_char(column.op("AT TIME ZONE")(literal_column("'UTC'")), _ISO)
    if isinstance(column.type, LargeBinary):
        return func.translate(func.encode(column, _text("base64")), literal_column("E'\\n'"), _text(""))
    return cast(column, Text) if isinstance(column.type, Numeric) else column


def _text(value: str) -> Expression:
    return literal_column(f"'{value}'")


def _list(piece: Piece, owner: Expression) -> Expression:
    columns = piece.model.__table__.c
    row = _object((name, _json(columns[name])) for name in piece.names)
    rows = func.json_agg(aggregate_order_by(row, *(columns[name] for name in piece.order)))
    found = select(func.coalesce(rows, literal_column("'[]'::json"))).where(columns[piece.owner] == owner)
    return found.scalar_subquery()
