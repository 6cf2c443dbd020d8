"""Rows of one kind, of which each caller may see a part: how they are counted, listed and found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.database import Database
from app.errors import NotFound
from app.query.fieldset import Context, Fragment, Item, View
from app.query.lists import EVERYTHING, Listed, ListQuery, Versions
from app.query.pagination import Listing, Page
from app.query.selection import Selection, server_of

_UUID = 16
"""Bytes of one."""


@dataclass(frozen=True)
class Everything:
    """All rows of a list, of which only the uuids are known for now; what is shown of them is not kept."""

    view: View
    database: Database
    context: Context
    names: tuple[str, ...]
    uuids: bytes

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.uuids) // _UUID

    async def part(self, first: int, most: int) -> list[bytes]:
        """So many rows from the one of that number on, as JSON; those that are gone are left out."""
        chosen = self.uuids[first * _UUID : (first + most) * _UUID]
        wanted = [UUID(bytes=chosen[at : at + _UUID]) for at in range(0, len(chosen), _UUID)]
        async with self.database.transaction(snapshot=True) as connection:
            found = await self.view.read_fragments(connection, self.context, wanted, self.names)
        return [found[uuid].rendered(self.context) for uuid in wanted if uuid in found]


class Collection(Listed):
    """Reads what is listed."""

    def not_found(self) -> NotFound:
        """What is said of a row that is not there, or not for the caller to see."""
        return NotFound.of(self.noun)

    async def page(self, database: Database, context: Context, query: ListQuery, page: Page) -> Listing:
        """A page of the rows that the caller may see and that meet the filters; raises InvalidPage beyond the last.

        First the uuids, then what is shown of them, so that no row is read that is not shown.
        """
        async with database.reading() as reader:
            count, rows = await Selection(self, context.caller, query, database.memory).read(reader, page)
        items = await self._shown(database, context, rows, query.fields)
        return Listing(items, count, page)

    async def head(self, database: Database, context: Context, query: ListQuery, page: Page) -> Listing:
        """What `page` would find, without the rows."""
        async with database.reading() as reader:
            count = await Selection(self, context.caller, query, database.memory).count(reader)
        page.offset(count)
        return Listing([], count, page)

    async def all(self, database: Database, context: Context, query: ListQuery) -> Everything:
        """All rows that the caller may see now and that meet the filters, to be read a few at a time."""
        async with database.reading() as reader:
            found = await Selection(self, context.caller, query, database.memory).all(reader)
        return Everything(self.view, database, context, self.view.known(query.fields), found)

    async def one(self, connection: AsyncConnection, context: Context, uuid: UUID, fields: Sequence[str] = ()) -> Item:
        """One row that the caller may see; raises NotFound."""
        await self.require(connection, context.caller, uuid)
        return (await self.view.read(connection, context, [uuid], fields))[uuid]

    async def require(self, connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
        """Raises NotFound, unless there is a row of that uuid that the caller may see."""
        visible = or_(*(scope.condition for scope in self.scopes(caller)))
        statement = self.selecting([self.view.uuid], [self.view.uuid == uuid, visible])
        if (await connection.execute(statement)).first() is None:
            raise self.not_found()

    async def one_tagged(
        self, database: Database, context: Context, uuid: UUID, fields: Sequence[str]
    ) -> tuple[bytes, datetime]:
        """One row of a collection with versions, as JSON, and when it last changed; raises NotFound."""
        async with database.reading() as reader:
            rows = await Selection(self, context.caller, EVERYTHING, database.memory).one(reader, uuid)
        if not rows:
            raise self.not_found()
        [content] = await self._shown(database, context, rows, fields) or [b""]
        if not isinstance(content, bytes) or not content:
            raise self.not_found()
        return content, rows[0]["modified"]

    async def _shown(
        self, database: Database, context: Context, rows: Sequence[Record], fields: Sequence[str]
    ) -> list[Item] | list[bytes]:
        """The rows as dicts of the model; with versions, as JSON."""
        if self.versions is not None:
            return await self._rendered(database, context, rows, self.view.known(fields), self.versions)
        uuids = [row["uuid"] for row in rows]
        if not uuids:
            return []
        async with database.transaction(snapshot=True) as connection:
            found = await self.view.read(connection, context, uuids, fields)
        return [found[uuid] for uuid in uuids if uuid in found]

    async def _rendered(
        self,
        database: Database,
        context: Context,
        rows: Sequence[Record],
        names: tuple[str, ...],
        versions: Versions,
    ) -> list[bytes]:
        """What is kept of the rows in their version; the rest is read in one snapshot.

        The snapshot is no older if it is of the same server, and only then is what was read kept.
        """
        shared = names, context.base_url, context.directory_base_url, versions.audience(context.caller)
        version = {row["uuid"]: tuple(row[name] for name in ("server", *versions.columns)) for row in rows}
        found = {uuid: database.memory.get((uuid, shared), version[uuid]) for uuid in version}
        if missing := [uuid for uuid, fragment in found.items() if fragment is None]:
            async with database.transaction(snapshot=True) as connection:
                read = await self.view.read_fragments(connection, context, missing, names)
                server = await server_of(connection)
            for uuid, fragment in read.items():
                found[uuid] = fragment
                if version[uuid][0] == server:
                    database.memory.put((uuid, shared), version[uuid], fragment, fragment.size)
        return [fragment.rendered(context) for fragment in found.values() if isinstance(fragment, Fragment)]
