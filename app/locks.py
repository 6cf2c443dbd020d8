"""Advisory locks of PostgreSQL, each held to the end of its transaction; all their keys."""

from enum import IntEnum

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection


class Lock(IntEnum):
    """What only one transaction in the database does at a time: on its own, or for each thing that it is about."""

    LOAD = 7_262_153
    MIGRATION = 7_262_154
    PERIODS = 7_262_155
    """Write periods of an offering."""
    RETRY = 7_262_156
    """Answer a request with an Idempotency-Key of a user."""
    DAILY_WORK = 7_262_157


def _key(lock: Lock, about: object) -> ColumnElement[int]:
    return literal(int(lock)) if about is None else func.hashtextextended(str(about), int(lock))


async def wait_for(connection: AsyncConnection, lock: Lock, about: object = None) -> None:
    """Takes the lock, as soon as no other transaction holds it."""
    await connection.execute(select(func.pg_advisory_xact_lock(_key(lock, about))))


async def try_for(connection: AsyncConnection, lock: Lock, about: object = None) -> bool:
    """Takes the lock unless another transaction holds it; says whether it did."""
    return bool((await connection.execute(select(func.pg_try_advisory_xact_lock(_key(lock, about))))).scalar_one())
