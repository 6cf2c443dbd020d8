"""A PostgreSQL server of our own in a data directory, for when no other database is configured.

It listens on a unix socket in a 0700 directory only, and is shared: who comes first starts it, later ones attach, the
last one to stop shuts it down. The data directory holds `postgres-<major>/` (the cluster), `socket/`, `postgres.log`,
and three files for flocks, which the kernel releases whenever a process dies: `start.lock` is held while starting or
stopping, `users.lock` is shared by the users, and `server.lock` is inherited by every process of the server.
"""

import asyncio
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Self

import asyncpg
from sqlalchemy import URL

from app.embedded.programs import CLOSED, Account, EmbeddedError, account_for, find_binaries, numbers, output, telling

if sys.platform != "win32":
    import fcntl

PORT = 5432  # only a part of the socket's name
LONGEST_SOCKET = 103  # bytes of sun_path without its final NUL: 103 on macOS, 107 on Linux
SILENT_SECONDS = 30.0  # how long a living server may neither answer nor report that it is starting or stopping
STOP_SECONDS = 120.0
DISCREET = {
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""What keeps statements, parameters and rows out of the log."""
LOG_LIMIT = 10_000_000  # bytes; looked at when the server starts


class Cluster:
    """The embedded server of a data directory; `settings` are further options of postgres, used if we start it."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = {}, binaries: Path | None = None) -> None:
        if sys.platform == "win32":
            raise EmbeddedError("The embedded PostgreSQL does not run on Windows: set DATABASE_URL to a server.")
        self._home = data_dir.resolve()
        self._log = self._home / "postgres.log"
        self._settings = dict(settings)
        self._binaries = binaries
        self._user: int | None = None  # the descriptor of our shared lock
        self._socket: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, or attach to it, and wait until it answers; call it again to restart a server that died.

        Creates the data directory, the cluster and its database "booking" where missing. Raises EmbeddedError.
        """
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _lock(self._home / "start.lock", fcntl.LOCK_EX), ExitStack() as failed:
                failed.callback(self._leave)
                if self._user is None:
                    with _lock(self._home / "users.lock", fcntl.LOCK_SH) as lock:
                        self._user = os.dup(lock.fileno())  # held until stop(), whatever becomes of this object
                if not (self._alive() and self._ready()):
                    self._launch()
                    if not self._ready():
                        told = telling(self._log.read_text(errors="replace"))
                        raise EmbeddedError(f"PostgreSQL did not start in {self._home}: {told}; see {self._log}.")
                self.create_database("booking")
                failed.pop_all()
        except (OSError, asyncpg.PostgresError) as error:
            told = f"PostgreSQL could not start in {self._home}: {error}"
            if isinstance(error, OSError) and error.filename:
                raise EmbeddedError(f"{told}; set BOOKING_DATA_DIR to a directory that may be written to.") from error
            raise EmbeddedError(f"{told}; see {self._log}.") from error

    def revive(self) -> bool:
        """Start the server anew if it has died; says whether it had. Raises EmbeddedError."""
        with _lock(self._home / "start.lock", fcntl.LOCK_EX):
            dead = not self._alive()
        if dead:
            self.start()
        return dead

    def stop(self) -> None:
        """Give up our use of the server and shut it down if nobody else uses it; no error when it is not running."""
        if self._home.is_dir():
            with _lock(self._home / "start.lock", fcntl.LOCK_EX):
                self._leave()

    def url(self, database: str = "booking") -> str:
        """The SQLAlchemy address of a database; EmbeddedError before start()."""
        socket = {"host": self._host(), "port": str(PORT)}
        return URL.create("postgresql+asyncpg", "postgres", database=database, query=socket).render_as_string()

    def create_database(self, name: str) -> None:
        """Create an empty database unless it exists."""
        if not _execute(self._host(), "select exists (select from pg_database where datname = $1)", name):
            _execute(self._host(), 'create database "{}"'.format(name.replace('"', '""')))

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and end the connections to it."""
        _execute(self._host(), 'drop database if exists "{}" with (force)'.format(name.replace('"', '""')))

    def _host(self) -> str:
        if self._socket is None:
            raise EmbeddedError(f"The embedded PostgreSQL in {self._home} is not started: call start() first.")
        return self._socket

    def _leave(self) -> None:
        if self._user is not None:
            os.close(self._user)
        self._user = self._socket = None
        with suppress(BlockingIOError), _lock(self._home / "users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            self._shut_down()

    def _shut_down(self) -> None:
        deadline, asked = time.monotonic() + STOP_SECONDS, 0
        while self._alive():
            pid, cluster = (self._postmaster() or (0,))[0], self._cluster()
            if cluster and pid not in (0, asked) and _works_in(pid, cluster) is not False:
                asked = pid
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)  # a fast shutdown: connections are ended, everything is written
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL in {self._home} still runs after {STOP_SECONDS} s; see {self._log}.")
            time.sleep(0.01)

    def _alive(self) -> bool:
        """Whether any process of the server lives, be it in another container."""
        with suppress(BlockingIOError), _lock(self._home / "server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            return False
        return True

    def _cluster(self) -> Path | None:
        """The existing cluster, of the newest major version if there are several."""
        return max((path.parent for path in self._home.glob("postgres-*/PG_VERSION")), key=numbers, default=None)

    def _postmaster(self) -> tuple[int, str, str] | None:
        """The process, the socket's directory, and starting, stopping or ready, as the server's pid file has them."""
        cluster = self._cluster()
        with suppress(OSError, ValueError, IndexError):  # not there, or not complete yet
            lines = (cluster / "postmaster.pid").read_text().splitlines() if cluster else []
            return int(lines[0]), lines[4], lines[7].strip()
        return None

    def _ready(self) -> bool:
        """Wait until the server answers (True) or has ended (False); recovery after a crash may take its time."""
        deadline = time.monotonic() + SILENT_SECONDS
        while self._alive():
            _, host, status = self._postmaster() or (0, "", "ready")
            if host and status == "ready" and _serves(host, self._cluster()):
                self._socket = host
                return True
            if status == "ready" and time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL in {self._home} does not answer in {host or '?'}; see {self._log}.")
            time.sleep(0.01)
        return False

    def _launch(self) -> None:
        cluster = self._cluster()
        account = account_for(cluster or self._home, fresh=cluster is None)
        binaries, major = find_binaries(cluster, account, self._binaries)
        if output([*account.prefix, "test", "-x", str(self._home.parent)], account).returncode:
            raise EmbeddedError(f"{self._home} is closed ({CLOSED}); or set BOOKING_DATA_DIR.")
        account.own(self._home, *self._home.glob("*.lock"), *self._home.glob("postgres.log"))
        if cluster is None:
            cluster = self._make(self._home / f"postgres-{major}", binaries, account)
        elif account.uid not in (None, cluster.stat().st_uid):
            account.own(cluster, *cluster.rglob("*"))
        folder = _socket_directory(self._home, account)
        for path in (cluster / "postmaster.pid", folder / f".s.PGSQL.{PORT}.lock"):
            with suppress(OSError, ValueError, IndexError):
                if _works_in(int(path.read_text().split()[0]), cluster) is False:
                    path.unlink()  # else PostgreSQL keeps out when another process has got the dead server's number
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            self._log.replace(self._log.with_suffix(".log.1"))
        options = {
            **DISCREET,
            **self._settings,
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "port": str(PORT),
        }
        parts = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._spawn([*account.prefix, str(binaries / "postgres"), "-D", str(cluster), *parts], account)

    def _spawn(self, command: list[str], account: Account) -> None:
        with self._log.open("ab") as log, _lock(self._home / "server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as lock:
            account.own(self._log)
            options = {**account.options(), "stdout": log, "pass_fds": [lock.fileno()]}
            process = subprocess.Popen(command, start_new_session=True, **options)  # Ctrl-C is not for the server
        threading.Thread(target=process.wait, name="postgres", daemon=True).start()  # reaps it, whoever ends it

    def _make(self, cluster: Path, binaries: Path, account: Account) -> Path:
        """Make a cluster under another name and rename it: an interrupted initdb leaves nothing that could run."""
        for leftover in self._home.glob(".new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=self._home))
        account.own(new)
        command = [*account.prefix, str(binaries / "initdb"), "-D", str(new), "-Upostgres", "-Atrust", "-EUTF8"]
        try:
            for locale in ("C.UTF-8", "C"):
                result = output([*command, "--no-sync", f"--locale={locale}"], account)
                if result.returncode == 0:
                    break
            else:
                raise EmbeddedError(f"initdb in {binaries} could not make {cluster}: {telling(result.stdout)}.")
            new.rename(cluster)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        if self._settings.get("fsync") != "off":
            os.sync()  # a checkpoint syncs only what it wrote itself, never the files left by initdb --no-sync
        return cluster


def _lock(path: Path, mode: int) -> IO[bytes]:
    """The file which holds the lock until it is closed; BlockingIOError if `mode` forbids waiting."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    try:
        fcntl.flock(file, mode)
    except BaseException:
        file.close()
        raise
    return file


def _execute(host: str, statement: str, *values: str) -> object:
    async def work() -> object:
        connection = await asyncpg.connect(host=host, port=PORT, user="postgres", database="postgres", timeout=10)
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as pool:  # a thread, so that a caller inside a running loop is served as well
        return pool.submit(asyncio.run, work()).result()


def _serves(host: str, cluster: Path | None) -> bool:
    """Whether the server behind a socket is that of this cluster, and not that of a directory it was copied from."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return bool(_execute(host, "show data_directory") == str(cluster))
    return False


def _socket_directory(home: Path, account: Account) -> Path:
    """A 0700 directory of the server's account, in the data directory unless its path does not suit a socket."""
    folder = home / "socket"
    if not re.fullmatch(r"[\w./+-]+", str(folder), re.ASCII) or len(f"{folder}/.s.PGSQL.{PORT}") > LONGEST_SOCKET:
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()).resolve() / f"booking-{digest}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if status.st_mode != stat.S_IFDIR | 0o700 or status.st_uid not in (os.getuid(), account.uid):
        raise EmbeddedError(f"{folder} is no directory of ours with mode 0700, so no place for a socket: remove it.")
    account.own(folder)
    return folder


def _works_in(pid: int, cluster: Path) -> bool | None:
    """Whether a process has the cluster as its working directory, as each server has; None if that cannot be seen."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(cluster)
    except PermissionError:
        return None
    except OSError:
        return False if Path("/proc/self").exists() else None
