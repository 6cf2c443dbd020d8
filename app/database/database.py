"""Connections to PostgreSQL, and transactions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from app.addresses import Address, read
from app.config import Settings
from app.database.connecting import (
    InTurn,
    for_commands,
    for_service,
    give_up,
    new_engine,
    of_readers,
    of_transactions,
    reached_by,
)
from app.database.probe import Probe
from app.database.readers import Lent, Reader, Readers, Use
from app.database.schema import suits, upgrade_by_one
from app.database.standby import Behind, Following, StandbyLost
from app.embedded import Cluster
from app.embedded.keeping import kept_alive
from app.embedded.sizing import memory_of_machine, memory_settings
from app.memory import Memory
from app.mistakes import Mistake
from app.telemetry import events
from app.telemetry.notes import at_hand

LOCK_NOT_AVAILABLE = "55P03"
CLOSING = 5.0
"""Seconds that the server has to take leave of its connections."""
PAUSES = (1, 2, 3, 5, 8, 13, 21)
"""Seconds after which a migration is tried again."""

Opened = TypeVar("Opened", AsyncConnection, Reader)

FAILURES = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What statements raise, whether they come through the library or not."""
LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
)
"""What tells that a connection is gone, or of no use, and most likely all others with it."""


OF_THE_SERVER = ("08", "25", "40", "53", "57P", "58")
"""Classes of SQLSTATE that another server need not have: it is away or short of something, or only to be read from, or
dropped what it was reading to keep up with what it follows."""


def is_lost(error: BaseException) -> bool:
    """Whether the error tells that the connection is gone, whichever way the statement came."""
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalidated or isinstance(error, LOST) or isinstance(cause, LOST)


def _is_of_the_server(error: BaseException) -> bool:
    state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    return (is_lost(error) and not isinstance(error, ValueError)) or state.startswith(OF_THE_SERVER)


class Busy(Mistake):
    """The schema cannot be changed for now."""


class Database:
    """Connections to one PostgreSQL database, and to its standbys if it has any.

    `told` is what each transaction is told first.
    """

    standby: "Standby | None" = None

    def __init__(self, engine: AsyncEngine, memory_bytes: int = 32_000_000, told: str = "") -> None:
        self.engine, self._told = engine, told
        self.memory = Memory(memory_bytes)
        address, self._options = reached_by(engine)
        self._connect = InTurn(address)
        self._patience: float = getattr(engine.pool, "timeout", lambda: 30)()
        size: int = getattr(engine.pool, "size", lambda: 1)()
        self._readers = Readers(size, self._patience, {**of_readers(self._options), "connect": self._connect})
        self.probe = self.new_probe()
        event.listen(engine.sync_engine, "engine_disposed", lambda _: self.probe.close())
        event.listen(engine.sync_engine, "engine_disposed", lambda _: self._readers.close())
        event.listen(engine.sync_engine, "before_cursor_execute", _count)
        self._without_own = engine.execution_options(isolation_level="AUTOCOMMIT")

    def new_probe(self) -> Probe:
        """Asks the database for its standing along a connection of its own, for one event loop."""
        return Probe(self.connect, suits)

    async def connect(self) -> asyncpg.Connection:
        """A connection that is in no pool, for whoever closes it."""
        return await self._connect(**self._options)

    def pools(self) -> dict[str, Use]:
        """How the connections of each pool are used."""
        own = {"transactions": _use(self.engine), "statements": self._readers.use()}
        of_standby = self.standby.pools() if self.standby else {}
        return own | {f"standby {name}": use for name, use in of_standby.items()}

    def transaction(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that commits at the end, or rolls back on an error.

        With `snapshot`, all statements see the database as of the first one, so that the parts of a page agree. The
        transaction is the driver's, so that statements belong to it whether they come through the library or not.
        """
        if snapshot and self.standby is not None:
            return self._by_either(lambda server: server._transaction(snapshot=True))
        return self._transaction(snapshot=snapshot)

    def reading(self) -> AbstractAsyncContextManager[Reader]:
        """A connection for single statements, each of which sees one snapshot."""
        if self.standby is not None:
            return self._by_either(lambda server: server._reading())
        return self._reading()

    @asynccontextmanager
    async def _by_either(
        self, opening: "Callable[[Database], AbstractAsyncContextManager[Opened]]"
    ) -> AsyncIterator[Opened]:
        async with AsyncExitStack() as stack:
            yield await self._entered(stack, opening)

    async def _entered(
        self, stack: AsyncExitStack, opening: "Callable[[Database], AbstractAsyncContextManager[Opened]]"
    ) -> Opened:
        if self.standby is not None and not self.standby.following.rests:
            with suppress(StandbyLost):
                return await stack.enter_async_context(self.standby.used(opening))
        return await stack.enter_async_context(opening(self))

    async def _admit(self, reader: Reader) -> None:
        """Raises what keeps the server at the other end from being asked."""

    @asynccontextmanager
    async def _transaction(self, *, snapshot: bool) -> AsyncIterator[AsyncConnection]:
        async with self._without_own.connect() as connection:
            reader = _below(connection)
            has_begun = True
            try:
                await self._admit(reader)
                has_begun = False
                async with reader.transaction(isolation="repeatable_read" if snapshot else None):
                    has_begun = True
                    if self._told:
                        await reader.execute(self._told)
                    yield connection
                events.tell(connection)
            except (Exception, asyncio.CancelledError) as error:
                await _drop_if_open(connection, error, has_begun)
                raise

    def _reading(self) -> AbstractAsyncContextManager[Reader]:
        return Lent(self._readers, self._admit, self._lose)

    async def _lose(self, reader: Reader, error: BaseException) -> None:
        """Uses no connection again after an error that tells that they are gone."""
        if not isinstance(error, LOST) or isinstance(error, ValueError):  # it was given what it cannot send
            return
        if isinstance(error, asyncpg.InternalClientError):  # between the server's last word and the end of the line
            reader.terminate()
        await self._readers.expire()
        self.memory.forget()


class Standby(Database):
    """Connections to servers that follow the database, for what is only read."""

    def __init__(self, engine: AsyncEngine, lag: float, told: str) -> None:
        super().__init__(engine, 0, told)
        self.following = Following(lag)

    @asynccontextmanager
    async def used(self, opening: Callable[[Database], AbstractAsyncContextManager[Opened]]) -> AsyncIterator[Opened]:
        """What is opened at a standby; raises StandbyLost if that fails, or later does for a reason of the standby."""
        is_open = False
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._patience):
                    opened = await stack.enter_async_context(opening(self))
                is_open = True
                yield opened
        except (*FAILURES, *LOST, Behind) as error:
            if is_open and not _is_of_the_server(error):
                raise
            self.following.rest(error)
            raise StandbyLost from error

    async def _admit(self, reader: Reader) -> None:
        try:
            await self.following.catch_up(reader)
        except BaseException:
            reader.terminate()  # it may lead to a server that no longer answers, or is no longer of use
            raise


def _use(engine: AsyncEngine) -> Use:
    """How the connections of the library's pool are used; how many wait for one it keeps to itself."""
    pool: Any = engine.pool
    if not isinstance(pool, QueuePool):
        return Use(0, 0, 0)
    queue: Any = pool._pool
    return Use(pool.checkedout(), pool.checkedin(), len(getattr(queue._queue, "_getters", ())))


def _count(*_: object) -> None:
    at_hand().statements += 1


def _below(connection: AsyncConnection) -> Reader:
    assert connection.sync_connection is not None
    found: Reader = connection.sync_connection.connection.driver_connection
    return found


async def _drop_if_open(connection: AsyncConnection, error: BaseException, has_begun: bool) -> None:
    """After an error, does not use a connection again whose transaction may be open, or may be taken for open.

    Else the next transaction on it would be a savepoint of one that nobody commits.
    """
    if connection.invalidated:
        return
    if isinstance(error, LOST) and not isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        await connection.exec_driver_sql(";")  # the pool, too, has to learn that its connections are lost
    if not has_begun or isinstance(error, (*LOST, asyncio.CancelledError)):
        await connection.invalidate()


def driver(connection: AsyncConnection) -> Reader:
    """The driver's connection below that of a transaction, for statements of it that do without the library."""
    found = _below(connection)
    assert found.is_in_transaction()
    return found


@asynccontextmanager
async def connected(settings: Settings, *, serving: bool = False) -> AsyncIterator[Database]:
    """The database of the settings; the embedded one is started, brought up to date, and stopped at the end.

    With `serving`, nothing may take longer than the settings allow, and the server has to take changes.
    """
    arguments = for_service(settings) if serving else for_commands(settings)
    if address := settings.address_of_database():
        async with _engine(settings, address, arguments) as engine:
            database = _database(settings, engine, serving)
            async with _following(settings, serving) as database.standby:
                yield database
        return
    memory = memory_settings(memory_of_machine())
    with Cluster(settings.data_dir, settings=memory, binaries=settings.postgres_bin) as cluster:
        address = read(cluster.url())
        async with _engine(settings, address, for_commands(settings)) as engine:
            await migrate(_database(settings, engine, False))
        async with _engine(settings, address, arguments) as engine, kept_alive(cluster):
            yield _database(settings, engine, serving)


def _database(settings: Settings, engine: AsyncEngine, serving: bool) -> Database:
    return Database(engine, settings.cache_megabytes * 1_000_000, of_transactions(settings, serving=serving))


@asynccontextmanager
async def _following(settings: Settings, serving: bool) -> AsyncIterator[Standby | None]:
    """The standbys of the settings, while requests are served."""
    address = settings.address_of_standbys()
    if address is None or not serving:
        yield None
        return
    async with _engine(settings, address, for_service(settings, "standby")) as engine:
        yield Standby(engine, settings.read_database_lag, of_transactions(settings, serving=True))


@asynccontextmanager
async def _engine(settings: Settings, address: Address, arguments: dict[str, object]) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(
        address,
        arguments,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=settings.database_pool_timeout,
        pool_pre_ping=False,
    )
    event.listen(engine.sync_engine, "handle_error", give_up)
    try:
        yield engine
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await engine.dispose()


async def migrate(database: Database) -> None:
    """Brings the schema up to date, one migration at a time; several processes may call it at once.

    A migration that would wait for others, with all who come after it waiting as well, is tried again a little later.
    """
    for pause in (*PAUSES, None):
        try:
            while await _upgraded(database):
                pass
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
        if pause is not None:
            await asyncio.sleep(pause)
    raise Busy("The schema could not be changed, as others are using it: try again when fewer do.")


async def _upgraded(database: Database) -> bool:
    async with database.transaction() as connection:
        return await connection.run_sync(upgrade_by_one)
