"""What `booking doctor` finds of standbys, at real servers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands.doctor.finding import Mark
from tests.clients.server import free_port
from tests.commands.doctor.conftest import Doctor, told
from tests.resilience.replication import Server, execute, fill, servers

pytestmark = pytest.mark.slow

PAUSE, GO_ON = "SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()"
PAUSED = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
WRITE = "CREATE TABLE unused (number int)", "DROP TABLE unused"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """A server with the recorded data set, and one that follows it."""
    with servers(tmp_path_factory.mktemp("both"), "leader", "follower") as [leader, follower]:
        asyncio.run(fill(leader.make()))
        yield leader, follower.follow(leader)


def test_standby_that_keeps_up(both: tuple[Server, Server], doctor: Doctor) -> None:
    leader, follower = both
    result = doctor(database_url=leader.url, read_database_url=follower.url, read_database_lag="10")
    assert f"booking at 127.0.0.1:{follower.port} follows the database" in told(result, Mark.GOOD, "standbys")
    assert result.exit_code == 0


def test_standby_that_falls_behind(both: tuple[Server, Server], doctor: Doctor) -> None:
    leader, follower = both
    asyncio.run(execute(follower, PAUSE))
    try:
        while not asyncio.run(execute(follower, PAUSED)):
            asyncio.run(execute(leader, *WRITE))
        asyncio.run(execute(leader, *WRITE))
        result = doctor(database_url=leader.url, read_database_url=follower.url)
    finally:
        asyncio.run(execute(follower, GO_ON))
    found = told(result, Mark.ADVICE, "standbys")
    assert "does not keep up within 0.2 s: it is " in found
    assert " bytes behind" in found
    assert "BOOKING_READ_DATABASE_LAG" in found
    assert result.exit_code == 0


def test_server_that_follows_nobody(both: tuple[Server, Server], doctor: Doctor) -> None:
    leader, _ = both
    result = doctor(database_url=leader.url, read_database_url=leader.url)
    assert "is no standby" in told(result, Mark.WRONG, "standbys")
    assert result.exit_code == 1


def test_standby_of_another_server(both: tuple[Server, Server], doctor: Doctor, tmp_path: Path) -> None:
    _, follower = both
    with servers(tmp_path, "other") as [other]:
        asyncio.run(fill(other.make()))
        result = doctor(database_url=other.url, read_database_url=follower.url)
    assert "follows another server than the database" in told(result, Mark.WRONG, "standbys")
    assert "BOOKING_READ_DATABASE_URL" in result.output


def test_standby_that_is_not_there(both: tuple[Server, Server], doctor: Doctor) -> None:
    leader, _ = both
    port = free_port()
    result = doctor(database_url=leader.url, read_database_url=f"postgresql://u:secret@127.0.0.1:{port}/booking")
    found = told(result, Mark.WRONG, "standbys")
    assert f"Nothing listens at 127.0.0.1:{port}." in found
    assert "BOOKING_READ_DATABASE_URL" in found
    assert "secret" not in result.output
    assert result.exit_code == 1


def test_database_that_is_a_standby_itself(both: tuple[Server, Server], doctor: Doctor) -> None:
    _, follower = both
    result = doctor(database_url=follower.url, read_database_url=follower.url)
    assert "takes no changes" in told(result, Mark.WRONG, "database")
    assert "standbys" not in [line.split()[1] for line in result.output.splitlines()]
