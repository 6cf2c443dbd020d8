"""Backups are made and restored as docs/operate.md says, by the tools of PostgreSQL and as a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models import Base
from tests.dataset import DATASET, USERS
from tests.operating.machine import Machine, machine

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

NOT_DUMPED = {"role_event", "idempotency_key", "rate_limit"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Machine]:
    """A service with data."""
    with machine(tmp_path) as made:
        made.run("database", "service")
        (made.root / "data.json").write_text(json.dumps(DATASET))
        made.shell("booking load data.json")
        made.wait()
        yield made


def rows(made: Machine, database: str = "booking") -> dict[str, str]:
    """Every table's number of rows, and a digest of them."""
    digest = "count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '')"
    counted = " UNION ALL ".join(
        f"SELECT '{table.name}', {digest} FROM \"{table.name}\" AS t" for table in Base.metadata.sorted_tables
    )
    told = made.shell(f"psql -d {database} -AtF= <<'SQL'\n{counted}\nSQL")
    return dict(line.split("=", 1) for line in told.splitlines())


def bookings(made: Machine) -> int:
    """How many bookings the service shows staff."""
    key = next(user["token"] for user in USERS.values() if user["is_staff"])
    head = made.shell(f"curl -sfI -H 'Authorization: Token {key}' {made.base}/api/booking-resources/")
    [count] = [line.split()[1] for line in head.splitlines() if line.lower().startswith("x-result-count")]
    return int(count)


def test_backup_by_the_tools_of_postgresql_is_restored(served: Machine) -> None:
    shown, before = bookings(served), rows(served)
    assert shown > 40
    served.run("backup")
    served.shell("psql -q -d booking -c 'UPDATE offering SET type = name; DELETE FROM token'")
    assert rows(served) != before
    told = served.run("restore")
    served.wait()
    assert "wrong" not in told
    assert rows(served) == before
    assert bookings(served) == shown
    assert rows(served, "booking_before") != before, "what was there is put aside, and not lost"


def test_dump_is_loaded_into_a_new_database(served: Machine) -> None:
    shown, before = bookings(served), rows(served)
    served.run("dump")
    served.shell(
        'systemctl stop booking; psql -q -d postgres -c "DROP DATABASE booking"\n'
        "psql -q -d postgres -c \"CREATE DATABASE booking OWNER booking ENCODING 'UTF8' TEMPLATE template0\""
    )
    told = served.run("load")
    assert "Dry run: nothing was stored." in told
    served.shell("systemctl start booking; booking dump again.json")
    served.wait()
    assert (served.root / "again.json").read_text() == (served.root / "booking.json").read_text()
    assert bookings(served) == shown
    differing = {name for name, told in rows(served).items() if before[name].split()[0] != told.split()[0]}
    assert differing <= NOT_DUMPED
