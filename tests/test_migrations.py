"""The migrations make the schema that the models describe, and can be undone."""

from alembic import command
from sqlalchemy import Connection, inspect

from app.database import Database, alembic_config, is_migrated, migrate
from app.embedded import Cluster
from tests.databases import migrated


async def test_migrated_schema_is_that_of_the_models(database: Database) -> None:
    def check(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)  # raises when a model and its table differ

    async with database.transaction() as connection:
        await connection.run_sync(check)
        assert await is_migrated(connection)


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database)
    async with database.transaction() as connection:
        assert await is_migrated(connection)


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
            assert not await is_migrated(connection)
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
