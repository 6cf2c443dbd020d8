"""The databases that are measured: made once by the generator of the demo, and kept in a directory."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.pool import NullPool

from app.commands.accounts.repository import create_token
from app.commands.demo.many.copying import fill
from app.commands.demo.many.market import ROLES, STAFF, sized
from app.database import Database
from app.embedded import Cluster
from app.models import User
from tests.benchmark import trees
from tests.benchmark.load import spread
from tests.databases import engine_on, other

SETTINGS = {
    "autovacuum": "off",
    "shared_buffers": "1GB",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "top",
}
"""Nothing works behind one's back but what counts statements, which costs each a few microseconds."""
COUNTED = (
    "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements(true) JOIN pg_database ON oid = dbid "
    "WHERE datname <> current_database() AND query !~* '^(begin|commit|rollback|;)'"
)


@dataclass(frozen=True)
class Data:
    """A database with bookings, and a token of each role."""

    url: str
    postmaster: int
    tokens: dict[str, str]


@contextmanager
def server(folder: Path) -> Iterator[Cluster]:
    """The PostgreSQL of a directory, with what counts statements."""
    with Cluster(folder / "postgres", settings=SETTINGS) as cluster:
        asyncio.run(_execute(cluster.url("postgres"), "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))
        yield cluster


def prepare(cluster: Cluster, folder: Path, tree: Path, bookings: int) -> Data:
    """The database of so many bookings with the schema of a tree; made if it is not there, or not complete."""
    name = f"bookings_{bookings}_{trees.schema_of(tree)}"
    cluster.create_database(name)
    trees.migrate(tree, cluster.url(name))
    if not asyncio.run(_is_complete(cluster.url(name))):
        cluster.drop_database(name)
        cluster.create_database(name)
        trees.migrate(tree, cluster.url(name))
        asyncio.run(_fill(cluster.url(name), bookings))
    [pid_file] = (folder / "postgres").glob("postgres-*/postmaster.pid")
    postmaster = int(pid_file.read_text().split()[0])
    return Data(cluster.url(name), postmaster, asyncio.run(_tokens(cluster.url(name))))


async def _fill(url: str, bookings: int) -> None:
    engine = engine_on(url, poolclass=NullPool)
    began = time.monotonic()
    await fill(Database(engine), sized(bookings), lambda _: None)
    async with engine.connect() as connection:
        size = await connection.scalar(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))
    await engine.dispose()
    print(f"{bookings} bookings: {time.monotonic() - began:.0f} s, {size}", flush=True)


async def _is_complete(url: str) -> bool:
    engine = engine_on(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = await connection.scalar(select(User.uuid).where(User.username == STAFF))
    await engine.dispose()
    return found is not None


async def _tokens(url: str) -> dict[str, str]:
    engine = engine_on(url, poolclass=NullPool)
    async with Database(engine).transaction() as connection:
        tokens = {role: await create_token(connection, role, "benchmark") for role in ROLES}
    await engine.dispose()
    return tokens


async def _execute(url: str, statement: str) -> object:
    """The single value that a statement answers, if any."""
    async with other(url) as connection:
        return await connection.fetchval(statement)


def count_statements(cluster: Cluster) -> int:
    """How many statements there have been so far in all databases of bookings, without those of transactions."""
    return int(str(asyncio.run(_execute(cluster.url("postgres"), COUNTED))))


def transaction_times(url: str, count: int = 200) -> tuple[tuple[float, float], tuple[float, float]]:
    """Median and 99th percentile, in milliseconds, of an empty transaction and of one that has to reach the disk."""

    async def run(*statements: str) -> list[float]:
        taken = []
        async with other(url) as connection:
            for _ in range(count):
                began = time.perf_counter()
                for statement in statements:
                    await connection.execute(statement)
                taken.append(time.perf_counter() - began)
        return taken

    written = ("BEGIN", "SELECT pg_logical_emit_message(true, 'benchmark', '')", "COMMIT")
    return spread(asyncio.run(run("BEGIN", "COMMIT"))), spread(asyncio.run(run(*written)))
