"""Advisory locks: what is locked is told apart from everything else that is."""

from uuid import UUID

from app.locks import Lock, _key
from tests.query.library import sql


def test_keys_are_distinct() -> None:
    assert len({lock.value for lock in Lock}) == len(Lock.__members__)


def test_lock_is_for_one_thing_or_on_its_own() -> None:
    subjects = (None, "a", "b", "", UUID(int=1))
    keys = {sql(_key(lock, subject)) for lock in Lock for subject in subjects}
    assert len(keys) == len(Lock) * len(subjects)
