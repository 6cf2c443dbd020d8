"""Connections for single statements: at hand while they are used again and again, otherwise those of a pool."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Reader: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""A connection on which each statement is a transaction, and a snapshot, of its own."""
AT_HAND = 10.0
"""Seconds after which all that is at hand goes back to the pool, which closes what nobody needs or is worn out."""


class Use(NamedTuple):
    """How many connections of a pool are used, how many are idle, and for how many somebody waits."""

    used: int
    idle: int
    awaited: int


class Readers:
    """Lends connections of a pool, and keeps those that come back unharmed at hand.

    The pool would start two tasks for each request. It gets back what somebody waits for, and whatever was in use when
    something failed, since it knows how to get a connection into order again.
    """

    def __init__(self, size: int, patience: float, options: Mapping[str, object]) -> None:
        self._pool = asyncpg.create_pool(**options, min_size=0, max_size=size, reset=_nothing)
        self._patience = patience
        self._at_hand: list[Reader] = []
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._going_back: set[asyncio.Task[None]] = set()

    async def take(self) -> Reader:
        """A connection, which `give` or `give_up` has to follow."""
        while self._at_hand:
            reader = self._at_hand.pop()
            if _is_open(reader):
                return reader
            _end(reader)
        await self._pool
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._patience)
        finally:
            self._waiting -= 1

    async def give(self, reader: Reader) -> None:
        """Takes back a connection on which nothing is going on."""
        if self._waiting or not _is_open(reader):
            await self.give_up(reader)
            return
        self._at_hand.append(reader)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(AT_HAND, self._put_away)

    async def give_up(self, reader: Reader) -> None:
        """Takes back a connection on which anything may be going on."""
        await self._pool.release(reader)

    async def expire(self) -> None:
        """Has no connection used again that there is by now."""
        await self._pool.expire_connections()
        while self._at_hand:
            _end(self._at_hand.pop())

    def use(self) -> Use:
        """How the connections are used; those at hand are idle."""
        idle: int = self._pool.get_idle_size() + len(self._at_hand)
        return Use(max(self._pool.get_size() - idle, 0), idle, self._waiting)

    def close(self) -> None:
        """Ends all connections."""
        if self._timer is not None:
            self._timer.cancel()
        self._at_hand.clear()
        with suppress(asyncpg.InterfaceError):  # never used
            self._pool.terminate()

    def _put_away(self) -> None:
        self._timer = None
        while self._at_hand:
            task = asyncio.get_running_loop().create_task(self._put_back(self._at_hand.pop()))
            self._going_back.add(task)
            task.add_done_callback(self._going_back.discard)

    async def _put_back(self, reader: Reader) -> None:
        with suppress(asyncpg.InterfaceError, OSError):  # closed meanwhile, as it is no longer needed
            await self.give_up(reader)


class Lent(AbstractAsyncContextManager[Reader]):
    """A connection while it is in use. `admit` may refuse it; `fail` is told of what goes wrong."""

    def __init__(
        self,
        readers: Readers,
        admit: Callable[[Reader], Awaitable[None]],
        fail: Callable[[Reader, BaseException], Awaitable[None]],
    ) -> None:
        self._readers, self._admit, self._fail = readers, admit, fail
        self._reader: Any = None

    async def __aenter__(self) -> Reader:
        self._reader = await self._readers.take()
        try:
            await self._admit(self._reader)
        except BaseException as error:
            await self._harmed(error)
            raise
        reader: Reader = self._reader
        return reader

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self._readers.give(self._reader)
        else:
            await self._harmed(error)

    async def _harmed(self, error: BaseException) -> None:
        try:
            await self._fail(self._reader, error)
        finally:
            await self._readers.give_up(self._reader)


def _is_open(reader: Reader) -> bool:
    try:
        return not reader.is_closed()
    except asyncpg.InterfaceError:  # the pool has it back, since it was lost
        return False


def _end(reader: Reader) -> None:
    with suppress(asyncpg.InterfaceError):
        reader.terminate()


async def _nothing(_: object) -> None:
    """Reading leaves nothing behind on a connection."""
