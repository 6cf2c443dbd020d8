"""An upgrade and both kinds of rollback, as docs/operate.md says, from and to the version before migration 0012."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.schema import own_revision
from tests.clients.server import PROJECT
from tests.dataset import DATASET
from tests.operating.machine import TREE, Machine, machine
from tests.operating.test_backup import bookings

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

FIRST_NEWER = "migrations/versions/0012_rules.py"
REVISION = 'psql -d booking -Atc "SELECT version_num FROM alembic_version"'
INSTALL = """
cp opt/booking/docs/deploy/env etc/booking/env
cp opt/booking/docs/deploy/booking usr/local/bin/booking
cp opt/booking/docs/deploy/booking.service etc/systemd/system/
edit etc/booking/env
booking migrate
booking load data.json
systemctl start booking
"""


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, check=True).stdout


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The code of the version before that migration, from the history of the repository."""
    try:
        added = git("log", "--diff-filter=A", "--format=%H", "--", FIRST_NEWER).decode().split()[-1]
        archive = git("archive", f"{added}^", *TREE)
    except (subprocess.CalledProcessError, IndexError, OSError):
        pytest.skip("the history of the repository is not here")
    tree = tmp_path / "older"
    tree.mkdir()
    subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    return tree


@pytest.fixture
def served(tmp_path: Path, older: Path) -> Iterator[Machine]:
    """The older version, with data."""
    with machine(tmp_path) as made:
        made.has("v1", older)
        made.run("database")
        made.is_at("v1")
        (made.root / "data.json").write_text(json.dumps(DATASET))
        made.shell(INSTALL)
        made.wait()
        yield made


def test_upgrade_and_both_ways_back(served: Machine) -> None:
    shown = bookings(served)
    assert shown > 40
    assert served.shell(REVISION).split() == ["0011"]
    assert "wrong" not in served.run("upgrade")
    served.wait()
    assert served.shell(REVISION).split() == [own_revision()]
    assert bookings(served) == shown
    with pytest.raises(AssertionError, match="No such command"):  # the version of then has no doctor yet
        served.run("rollback")
    served.wait()
    assert served.shell(REVISION).split() == [own_revision()]
    assert bookings(served) == shown
    served.is_at("v2")
    with pytest.raises(AssertionError, match="No such command"):
        served.run("rollback-schema")
    served.wait()
    assert served.shell(REVISION).split() == ["0011"]
    assert bookings(served) == shown
