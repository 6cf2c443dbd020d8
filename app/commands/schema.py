"""The command that changes the schema."""

import asyncio

import typer

from app import database
from app.config import settings


def migrate() -> None:
    """Bring the database schema up to date."""

    async def run() -> None:
        async with database.connected(settings()) as connected:
            await database.migrate(connected)

    asyncio.run(run())
    typer.echo("The schema is up to date.")
