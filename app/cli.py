"""The commands; each calls one function and prints what came of it."""

import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.accounts.commands import token, user
from app.commands.accounts.repository import AccountError
from app.commands.demo import start
from app.commands.importing.commands import import_waldur
from app.commands.terminal import on_database
from app.commands.transfer import LoadRefused, dump, load
from app.config import settings
from app.database import connected, migrate
from app.embedded import EmbeddedError
from app.main import create_app

cli = typer.Typer(help="Booking Resources: bookings that never overlap.", no_args_is_help=True)
cli.add_typer(user, name="user")
cli.add_typer(token, name="token")
cli.command(name="import-waldur")(import_waldur)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)]


class DryRun(Exception):
    """Leaves a transaction without committing it."""


def main() -> None:
    """Runs a command; what an operator can put right ends with one message and status 1."""
    try:
        cli()
    except (EmbeddedError, AccountError, start.NotADemo, OSError) as error:
        sys.exit(f"booking: {error}")


@cli.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=1)] = 1,
) -> None:
    """Serve the API, on the database of the settings."""
    trusted = settings().trusted_proxies
    uvicorn.run("app.main:app", host=host, port=port, workers=workers, forwarded_allow_ips=trusted)


@cli.command()
def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve invented bookings on an embedded PostgreSQL, and print how to call."""
    configured = settings().model_copy(update={"database_url": None})

    async def run() -> None:
        instructions = await start.prepare(configured, f"http://{host}:{port}")
        server = uvicorn.Server(uvicorn.Config(create_app(configured), host=host, port=port, log_level="warning"))
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.05)
        typer.echo("\n".join(instructions) if server.started else "")
        await serving

    asyncio.run(run())


@cli.command(name="migrate")
def migrate_command() -> None:
    """Bring the database schema up to date."""

    async def run() -> None:
        async with connected(settings()) as database:
            await migrate(database)

    asyncio.run(run())
    typer.echo("The schema is up to date.")


@cli.command(name="load")
def load_command(
    file: Annotated[Path, typer.Argument(help="A data set as JSON, or - for standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and store nothing.")] = False,
) -> None:
    """Load a data set: all of it, or nothing. Rows known by their uuid are brought up to date."""
    with ExitStack() as opened:
        source = sys.stdin.buffer if str(file) == "-" else opened.enter_context(file.open("rb"))
        progress = opened.enter_context(Progress(console=Console(stderr=True)))

        async def work(connection: AsyncConnection) -> Any:
            report = await load(connection, source, progress=_bars(progress))
            if dry_run:
                raise DryRun(report)
            return report

        try:
            report = on_database(work)
        except DryRun as finished:
            report = f"{finished}\nDry run: nothing was stored."
        except LoadRefused as refused:
            progress.stop()
            for problem in refused.problems:
                typer.echo(str(problem), err=True)
            sys.exit("booking: nothing was loaded")
    typer.echo(report)


def _bars(progress: Progress) -> Any:
    bars: dict[str, Any] = {}

    def show(step: str, rows: int) -> None:
        if step not in bars:
            bars[step] = progress.add_task(step, total=None)
        progress.update(bars[step], completed=rows, description=f"{step} {rows}")

    return show


@cli.command(name="dump")
def dump_command(
    file: Annotated[Path, typer.Argument(help="Where to write, or - for standard output.")] = Path("-"),
) -> None:
    """Write all data as JSON that `load` takes. Keys of tokens are not in it, their digests are."""
    with ExitStack() as opened:
        target = sys.stdout.buffer if str(file) == "-" else opened.enter_context(file.open("wb"))
        on_database(lambda connection: dump(connection, target), snapshot=True)


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app().openapi(), indent=2, ensure_ascii=False))
