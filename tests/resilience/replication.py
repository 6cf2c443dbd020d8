"""Servers of PostgreSQL of which one follows the other, from the programs of the embedded one."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import asyncpg
from sqlalchemy.pool import NullPool

from app.commands.transfer import load_dataset
from app.database import Database, migrate
from app.embedded.programs import account_for, find_binaries, output
from tests.clients.server import free_port
from tests.databases import engine_on, other
from tests.dataset import DATASET

PATIENCE = 30
"""Seconds for a server to become ready."""
OPTIONS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": "200"}
"""What a killed process has written is kept by the system, so nothing need be synced."""


class Server:
    """A server with a database `booking`, run by given programs and with given settings, or by the usual ones."""

    def __init__(self, folder: Path, programs: Path | None = None, **settings: str) -> None:
        folder.mkdir()
        self._data, self._log, self.port = folder / "data", folder / "log", free_port()
        self._account = account_for(folder, fresh=True)
        self._programs, _ = find_binaries(None, self._account, programs)
        self._settings = OPTIONS | settings
        self._account.own(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of its database."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/booking"

    def make(self) -> Self:
        """A server of its own, which runs and has an empty database."""
        self._run("initdb", "-D", str(self._data), "-Upostgres", "-Atrust", "-EUTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()
        self._run("createdb", "-h127.0.0.1", f"-p{self.port}", "-Upostgres", "booking")
        return self

    def follow(self, leader: "Server", name: str = "standby") -> Self:
        """A copy of another server, which runs and follows it."""
        source = f"host=127.0.0.1 port={leader.port} user=postgres application_name={name}"
        self._run("pg_basebackup", "-d", source, "-D", str(self._data), "-R", "-Xstream", "-cfast", "--no-sync")
        self.start()
        return self

    def start(self) -> None:
        """Runs it, and waits until it answers."""
        parts = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [*self._account.prefix, str(self._programs / "postgres"), "-D", str(self._data), *parts]
        with self._log.open("ab") as log:
            options = {**self._account.options(), "stdout": log}
            self._process = subprocess.Popen([*command, "-c", f"port={self.port}"], start_new_session=True, **options)
        self._run("pg_isready", "-h127.0.0.1", f"-p{self.port}", tries=PATIENCE * 20)

    def lend(self, *files: Path) -> None:
        """Lets it read files."""
        self._account.own(*files)

    def admit(self, *lines: str) -> None:
        """Says who is let in, by lines of `pg_hba.conf`."""
        (self._data / "pg_hba.conf").write_text("\n".join((*lines, "")))
        self._run("pg_ctl", "reload", "-D", str(self._data))

    def promote(self) -> None:
        """Has it take changes."""
        self._run("pg_ctl", "promote", "-D", str(self._data), "-t", str(PATIENCE))

    def kill(self) -> None:
        """Ends all its processes at once, so that nothing is put in order."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def freeze(self, *, thaw: bool = False) -> None:
        """Has its processes stand still, or go on."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in (self._process.pid, *map(int, children)):
            os.kill(pid, signal.SIGCONT if thaw else signal.SIGSTOP)

    def _run(self, program: str, *arguments: str, tries: int = 1) -> None:
        for _ in range(tries):
            done = output([*self._account.prefix, str(self._programs / program), *arguments], self._account)
            if done.returncode == 0:
                return
            with suppress(subprocess.TimeoutExpired):
                assert self._process is None or self._process.wait(0.05) is None, "it has ended"
        log = self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""
        raise AssertionError(f"{program}: {done.stdout}\n{log}")


@contextmanager
def servers(folder: Path, *names: str) -> Iterator[list[Server]]:
    """Servers that are not made yet; those that run are killed at the end."""
    made = [Server(folder / name) for name in names]
    try:
        yield made
    finally:
        for each in made:
            each.kill()


async def fill(server: Server) -> None:
    """Puts the recorded data set into its database."""
    engine = engine_on(server.url, poolclass=NullPool)
    database = Database(engine)
    await migrate(database)
    async with database.transaction() as connection:
        await load_dataset(connection, DATASET)
    await engine.dispose()


async def execute(server: Server, *statements: str) -> object:
    """Executes statements one by one, and returns what the last one tells first."""
    async with other(server.url) as connection:
        told: object = None
        for statement in statements:
            told = await connection.fetchval(statement)
        return told


async def wait_for_commits(leader: Server) -> None:
    """Has commits of the leader wait for its standby from now on."""
    await execute(leader, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    query = "SELECT sync_state FROM pg_stat_replication"
    while await execute(leader, query) != "sync":  # noqa: ASYNC110 - a server has no event for it
        await asyncio.sleep(0.02)


async def caught_up(leader: Server, follower: Server) -> None:
    """Waits until the follower has replayed what the leader has written."""
    written = await execute(leader, "SELECT pg_current_wal_flush_lsn()::text")
    query = f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"
    while not await execute(follower, query):  # noqa: ASYNC110 - a server has no event for it
        await asyncio.sleep(0.01)


async def answers(server: Server) -> bool:
    """Whether it lets clients in."""
    try:
        return bool(await execute(server, "SELECT true"))
    except (OSError, asyncpg.PostgresError):
        return False
