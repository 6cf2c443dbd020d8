"""The command `doctor`."""

import asyncio
from collections.abc import AsyncIterator

import typer

from app.commands.doctor import contents, server
from app.commands.doctor.configuration import read_settings
from app.commands.doctor.disk import room
from app.commands.doctor.finding import Finding, Mark, good, wrong
from app.commands.doctor.reaching import UNREACHABLE, opened, refusal
from app.commands.doctor.standbys import standbys
from app.commands.reaching import described
from app.config import Settings
from app.embedded.programs import EmbeddedError


def doctor() -> None:
    """Look for what is amiss, and say what to do about it.

    Nothing is changed. Ends with status 1 if anything is wrong.
    """

    async def run() -> bool:
        bad = False
        async for finding in findings():
            typer.echo(finding)
            bad = bad or finding.mark is Mark.WRONG
        return bad

    if asyncio.run(run()):
        raise typer.Exit(1)


async def findings() -> AsyncIterator[Finding]:
    """All that there is to say, in the order in which it matters."""
    settings, found = read_settings()
    for each in found:
        yield each
    if settings is None:
        return
    if settings.database_url is None:
        yield room(settings.data_dir)
        if not any(settings.data_dir.glob("postgres-*/PG_VERSION")):
            told = f"There is no embedded database in {settings.data_dir} yet; the first command makes it."
            yield good("database", f"{told} Set BOOKING_DATABASE_URL to use another.")
            return
    async for each in _of_database(settings):
        yield each


async def _of_database(settings: Settings) -> AsyncIterator[Finding]:
    where, embedded = described(settings), settings.database_url is None
    try:
        async with opened(settings) as database:
            shared = await server.pooler(database, settings)
            async with database.transaction() as connection:
                for each in await server.server(connection, where):
                    yield each
                for each in await contents.extensions(connection):
                    yield each
                yield await contents.schema(connection, embedded=embedded)
                for each in await contents.privileges(connection, embedded=embedded):
                    yield each
                yield await server.clock(connection)
            for each in (*shared, *await standbys(database, settings)):
                yield each
    except EmbeddedError as error:
        yield wrong("database", str(error), "Do what it says; the log of the server tells more.")
    except UNREACHABLE as error:
        if embedded:
            raise
        yield refusal(settings, error)
