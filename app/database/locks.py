"""Advisory locks of PostgreSQL, each held to the end of its transaction; all their keys."""

from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.prepared import prepared, together


class Lock(IntEnum):
    """What only one transaction in the database does at a time: on its own, or for each thing that it is about."""

    LOAD = 7_262_153
    MIGRATION = 7_262_154
    PERIODS = 7_262_155
    """Write periods of an offering."""
    RETRY = 7_262_156
    """Answer a request with an Idempotency-Key of a user."""
    DAILY_WORK = 7_262_157
    RULE_WORK = 7_262_158


_LOCK = bindparam("lock", type_=BigInteger, required=False)
_KEY = func.coalesce(func.hashtextextended(bindparam("about", type_=Text, required=False), _LOCK), _LOCK)
_ATTEMPT = "attempt"
_WAIT = prepared(select(func.pg_advisory_xact_lock(_KEY)))
_TRY = prepared(select(func.pg_try_advisory_xact_lock(_KEY).label("taken")))


def _values(lock: Lock, about: object) -> dict[str, object]:
    return {"lock": int(lock), "about": None if about is None else str(about)}


async def wait_for(connection: AsyncConnection, lock: Lock, about: object = None) -> None:
    """Takes the lock, as soon as no other transaction holds it."""
    await _WAIT.rows(connection, _values(lock, about))


async def attempt(connection: AsyncConnection, lock: Lock, about: UUID, still: str) -> bool:
    """Begins something that may be tried anew, and takes the lock, in one message; one attempt in a transaction.

    `still` is a SELECT that finds a row while what was read before is true; says whether it did under the lock.
    """
    key = f"hashtextextended('{about}', {int(lock)})"
    told = await together(connection, f"SAVEPOINT {_ATTEMPT}", f"SELECT pg_advisory_xact_lock({key})", still)
    return told != "SELECT 0"


async def give_up_attempt(connection: AsyncConnection) -> None:
    """Undoes what was done since the attempt began, the lock included. One that succeeds ends with the transaction."""
    await together(connection, f"ROLLBACK TO SAVEPOINT {_ATTEMPT}")


async def try_for(connection: AsyncConnection, lock: Lock, about: object = None) -> bool:
    """Takes the lock unless another transaction holds it; says whether it did."""
    [row] = await _TRY.rows(connection, _values(lock, about))
    return bool(row["taken"])


async def may_stand_idle(connection: AsyncConnection) -> None:
    """Lets the transaction hold its locks for as long as it takes, whatever limit the connection has."""
    await connection.execute(select(func.set_config("idle_in_transaction_session_timeout", "0", True)))
