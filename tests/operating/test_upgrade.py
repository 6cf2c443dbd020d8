"""An upgrade and both kinds of rollback, as docs/operate.md says: from this version to one with one more migration."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.schema import own_revision
from tests.clients.server import PROJECT
from tests.dataset import DATASET
from tests.operating.machine import TREE, Machine, block, machine
from tests.operating.test_backup import bookings

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

REVISION = 'psql -d booking -Atc "SELECT version_num FROM alembic_version"'
ADDED = "psql -d booking -Atc \"SELECT to_regclass('added') IS NOT NULL\""
OWN, NEXT = own_revision(), "9999"
OLDER_ON_THE_PAGE = "0011"
MIGRATION = f'''"""What a next version may need."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{OWN}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("added", sa.Column("number", sa.Integer(), nullable=False))


def downgrade() -> None:
    op.drop_table("added")
'''
INSTALL = """
cp opt/booking/docs/deploy/env etc/booking/env
cp opt/booking/docs/deploy/booking usr/local/bin/booking
cp opt/booking/docs/deploy/booking.service etc/systemd/system/
edit etc/booking/env
booking migrate
booking load data.json
systemctl start booking
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The code of a version after this one."""
    tree = tmp_path / "newer"
    for name in TREE:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, tree / name)
    (tree / "migrations" / "versions" / f"{NEXT}_next.py").write_text(MIGRATION)
    return tree


@pytest.fixture
def served(tmp_path: Path, newer: Path) -> Iterator[Machine]:
    """The older version, with data."""
    with machine(tmp_path) as made:
        made.has("v1", PROJECT)
        made.has("v2", newer)
        made.run("database")
        made.is_at("v1")
        (made.root / "data.json").write_text(json.dumps(DATASET))
        made.shell(INSTALL)
        made.wait()
        yield made


def test_upgrade_and_both_ways_back(served: Machine) -> None:
    shown = bookings(served)
    assert shown > 40

    def stands(revision: str, added: str) -> None:
        served.wait()
        assert served.shell(REVISION).split() == [revision]
        assert served.shell(ADDED).split() == [added]
        assert bookings(served) == shown

    stands(OWN, "f")
    assert "wrong" not in served.run("upgrade")
    stands(NEXT, "t")
    told = served.run("rollback")
    assert f"It is of revision {NEXT}, on which this version, {OWN}, can work." in told
    assert "wrong" not in told
    stands(NEXT, "t")
    served.is_at("v2")
    to_the_older = block("rollback-schema").replace(OLDER_ON_THE_PAGE, OWN)
    assert f"migrate --to {OWN}" in to_the_older
    assert "wrong" not in served.shell(to_the_older)
    stands(OWN, "f")
