"""The wheel: one package, which finds its migrations wherever it is installed."""

import asyncio
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path, PurePath
from zipfile import ZipFile

import pytest

from app import __version__
from app.database.schema import own_revision
from app.embedded import Cluster
from tests.clients.server import PROJECT
from tests.databases import other

pytestmark = pytest.mark.slow
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(PROJECT)]
    subprocess.run(command, check=True)
    [made] = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs are of an environment in which the wheel is installed; what it needs is borrowed."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    subprocess.run([*PIP, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return home / "bin"


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[str]:
    cluster.create_database("wheel")
    yield cluster.url("wheel")
    cluster.drop_database("wheel")


def test_one_package_holds_everything(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if not name.startswith("booking_resources-")}
    assert {PurePath(name).parts[0] for name in names} == {"app"}
    here = [path for folder in ("app", "migrations") for path in (PROJECT / folder).rglob("*") if path.is_file()]
    ours = {path.relative_to(PROJECT) for path in here if "__pycache__" not in path.parts}
    assert names == {str("app" / path if path.parts[0] == "migrations" else path) for path in ours}


def test_installed_command_migrates_from_an_empty_directory(
    programs: Path, empty_database: str, tmp_path: Path
) -> None:
    environment = {"PATH": os.environ["PATH"], "BOOKING_DATABASE_URL": empty_database}
    where = [str(programs / "python"), "-c", "import app; print(app.__file__, app.__version__)"]
    told = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    file, version = told.split()
    assert Path(file).is_relative_to(programs.parent)
    assert version == __version__
    subprocess.run([programs / "booking", "migrate"], cwd=tmp_path, env=environment, check=True)
    assert asyncio.run(revision(empty_database)) == own_revision()


async def revision(url: str) -> str | None:
    """The newest migration that a database has."""
    async with other(url) as connection:
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return found
