"""Runs migrations over the connection it is given, or over one to BOOKING_DATABASE_URL."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.config import settings
from app.embedded import Cluster
from app.models import Base

ONE_AT_A_TIME = 7_262_154
"""Key of the advisory lock that lets replicas start together: one migrates, the others wait and find it done."""


UNREADABLE_INDEXES = {"ix_resource_name_uuid"}
"""Indexes whose collation cannot be read back, and which would always look changed."""


def include(_: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
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
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        context.run_migrations()


async def connect(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def main() -> None:
    if given := context.config.attributes.get("connection"):
        run(given)
    elif url := settings().database_url:
        asyncio.run(connect(url))
    else:
        with Cluster(settings().data_dir) as cluster:
            asyncio.run(connect(cluster.url()))


main()
