"""Runs migrations over the connection it is given, or over one to BOOKING_DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from app.addresses import Address, read
from app.config import settings
from app.database.connecting import for_commands, new_engine
from app.database.locks import Lock
from app.database.schema import note_served
from app.embedded import Cluster
from app.models import Base
from app.models.bookings import LISTS

LONGEST_WAIT = "2s"
"""How long a migration waits for a table that others use: all who come after it wait as well."""
UNREADABLE_INDEXES = {f"ix_resource_list_{name}" for name, columns in LISTS.items() if "COLLATE" in columns}
"""Indexes whose collation cannot be read back, and which would always look changed."""


def include(_: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    return not (kind == "index" and name in UNREADABLE_INDEXES)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        include_object=include,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(Lock.MIGRATION)})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))
        context.run_migrations()
        note_served(connection)


async def connect(address: Address) -> None:
    engine = new_engine(address, for_commands(settings()))
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def main() -> None:
    if given := context.config.attributes.get("connection"):
        run(given)
    elif address := settings().address_of_database():
        asyncio.run(connect(address))
    else:
        with Cluster(settings().data_dir, binaries=settings().postgres_bin) as cluster:
            asyncio.run(connect(read(cluster.url())))


main()
