"""The migrations make the schema that the models describe, and can be undone."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, inspect, text

from app.config import Settings
from app.database import Busy, Database, connected, migrate, schema
from app.database.schema import SchemaTooNew, alembic_config, own_revision
from app.embedded import Cluster
from tests.databases import address, migrated


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def test_migrated_schema_is_that_of_the_models(database: Database) -> None:
    def check(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)  # raises when a model and its table differ

    async with database.transaction() as connection:
        await connection.run_sync(check)
        assert await connection.run_sync(revision) == own_revision()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database)
    async with database.transaction() as connection:
        assert await connection.run_sync(revision) == own_revision()


async def test_migrations_can_be_undone(cluster: Cluster) -> None:
    def downgrade(connection: Connection) -> list[str]:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    async with migrated(cluster, "undone") as engine:
        database = Database(engine)
        async with database.transaction() as connection:
            assert await connection.run_sync(downgrade) == ["alembic_version"]
            assert await connection.run_sync(revision) is None
        await migrate(database)


async def test_every_constraint_has_a_name_of_ours(database: Database) -> None:
    def names(connection: Connection) -> list[str]:
        inspector = inspect(connection)
        return [
            str(constraint["name"])
            for table in inspector.get_table_names()
            for constraint in (*inspector.get_foreign_keys(table), *inspector.get_unique_constraints(table))
        ]

    async with database.transaction() as connection:
        found = await connection.run_sync(names)
    assert found
    assert [name for name in found if not name.startswith(("fk_", "uq_"))] == []


@pytest.fixture
async def own(cluster: Cluster) -> AsyncIterator[Database]:
    """A database of its own, as commands see it."""
    async with migrated(cluster, "own") as engine:
        url = address(engine)
    async with connected(Settings(database_url=SecretStr(url))) as database:
        yield database


def undo(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.downgrade(config, "base")


async def served(database: Database) -> tuple[str | None, str | None]:
    """The revision, and the versions of the service that can work on it."""
    async with database.transaction() as connection:
        comment = text("SELECT obj_description('alembic_version'::regclass, 'pg_class')")
        return await connection.run_sync(revision), (await connection.execute(comment)).scalar_one()


@pytest.mark.slow
async def test_many_may_migrate_at_once(own: Database) -> None:
    async with own.transaction() as connection:
        await connection.run_sync(undo)
    command = [sys.executable, "-m", "app", "migrate"]
    environment = {"BOOKING_DATABASE_URL": address(own), "PATH": "/usr/bin:/bin"}
    root = Path(__file__).parents[2]
    ended = await asyncio.gather(
        *(
            asyncio.to_thread(subprocess.run, command, cwd=root, env=environment, stderr=subprocess.PIPE)
            for _ in range(6)
        )
    )
    assert [(process.stderr, process.returncode) for process in ended] == [(b"", 0)] * 6
    assert (await served(own))[0] == own_revision()


async def test_migration_that_would_hold_all_up_is_tried_again(own: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits for a table, nobody else could use the table; so it does not wait for long."""
    async with own.transaction() as connection:
        await connection.run_sync(undo)
        await connection.run_sync(schema.upgrade_by_one)
    monkeypatch.setattr("app.database.database.PAUSES", (0.5,) * 20)
    async with own.transaction() as reading:
        await reading.execute(text("SELECT count(*) FROM resource"))
        migrating = asyncio.create_task(migrate(own))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(4), own.transaction() as another:
            await another.execute(text("SELECT count(*) FROM resource"))
        assert not migrating.done()
    await migrating
    assert (await served(own))[0] == own_revision()


@pytest.mark.slow
async def test_migration_gives_up_in_the_end(own: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with own.transaction() as connection:
        await connection.run_sync(undo)
        await connection.run_sync(schema.upgrade_by_one)
    monkeypatch.setattr("app.database.database.PAUSES", (0.1,))
    async with own.transaction() as reading:
        await reading.execute(text("SELECT count(*) FROM resource"))
        with pytest.raises(Busy, match="try again"):
            await migrate(own)


async def test_schema_says_which_versions_can_work_on_it(own: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    everyone = [script.revision for script in schema._scripts().walk_revisions()]
    assert await served(own) == (own_revision(), " ".join(everyone))
    breaking = schema._scripts().get_revision("0003")
    monkeypatch.setattr(breaking.module, "breaks_older_services", True, raising=False)
    async with own.transaction() as connection:
        await connection.run_sync(schema.note_served)
    assert (await served(own))[1] == " ".join(number for number in everyone if number >= "0003")


@pytest.mark.parametrize("can_work", [True, False])
async def test_older_service_works_on_a_newer_schema_unless_that_breaks_it(own: Database, can_work: bool) -> None:
    """As in a rolling upgrade: a newer version has migrated, and the older one still runs, or is started anew."""
    later = f"9999 {own_revision()}" if can_work else "9999"
    async with own.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{later}'"))
    if can_work:
        await migrate(own)
    else:
        with pytest.raises(SchemaTooNew, match="version 9999"):
            await migrate(own)
    assert await served(own) == ("9999", later)
