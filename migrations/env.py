"""Runs migrations over the connection it is given, or over one to BOOKING_DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.config import settings
from app.embedded import Cluster
from app.locks import Lock
from app.models import Base
from app.models.bookings import LISTS

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
        context.run_migrations()


async def connect(url: URL | str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def main() -> None:
    if given := context.config.attributes.get("connection"):
        run(given)
    elif url := settings().url_of_database():
        asyncio.run(connect(url))
    else:
        with Cluster(settings().data_dir, binaries=settings().postgres_bin) as cluster:
            asyncio.run(connect(cluster.url()))


main()
