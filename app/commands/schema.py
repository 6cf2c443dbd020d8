"""The command that changes the schema."""

import asyncio
from typing import Annotated

import typer

from app import database
from app.commands.configuration import configured
from app.commands.reaching import reached
from app.database.schema import move
from app.registry.repository import load_permissions

To = Annotated[
    str | None, typer.Option(metavar="REVISION", help="Undo migrations back to this one, such as 0011: see operate.md.")
]


def migrate(to: To = None) -> None:
    """Bring the database schema up to date.

    Where no role allows anything yet, roles get the permissions that are usual.
    """

    settings = configured()

    async def run() -> None:
        async with reached(settings, current=False) as connected:
            if to is not None:
                async with connected.transaction() as connection:
                    await connection.run_sync(move, to)
                return
            await database.migrate(connected)
            async with connected.transaction() as connection:
                await load_permissions(connection)

    asyncio.run(run())
    typer.echo("The schema is up to date." if to is None else f"The schema is of revision {to}.")
