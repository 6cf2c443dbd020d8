"""Advisory locks: what is locked is told apart from everything else that is."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.locks import Lock, try_for

HELD = "SELECT count(DISTINCT (classid, objid)) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


def test_keys_are_distinct() -> None:
    assert len({lock.value for lock in Lock}) == len(Lock.__members__)


async def test_lock_is_for_one_thing_or_on_its_own(connection: AsyncConnection) -> None:
    await connection.execute(text("SELECT 1"))  # the transaction begins with the first statement
    subjects = (None, "a", "b", "", UUID(int=1))
    for lock in Lock:
        for subject in subjects:
            assert await try_for(connection, lock, subject)
    assert await connection.scalar(text(HELD)) == len(Lock) * len(subjects)
