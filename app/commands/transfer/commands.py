"""The commands `load` and `dump`."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands import transfer
from app.commands.terminal import bars, end, on_database, progressing

Source = Annotated[Path, typer.Argument(help="Read this JSON file; - for standard input.")]
Target = Annotated[Path, typer.Argument(help="Write to this file; - for standard output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, and store nothing.")]


def load(file: Source, dry_run: DryRun = False) -> None:
    """Load a data set from a file: all of it, or nothing.

    Rows that are known by their uuid are brought up to date. If any row is bad, all bad rows are named.
    """
    with ExitStack() as opened:
        source = sys.stdin.buffer if str(file) == "-" else opened.enter_context(file.open("rb"))
        progress = opened.enter_context(progressing())

        async def work(connection: AsyncConnection) -> transfer.Report:
            return await transfer.load(connection, source, progress=bars(progress))

        try:
            report = on_database(work, keep=not dry_run)
        except transfer.LoadRefused as refused:
            end(progress)
            typer.echo(str(refused), err=True)
            sys.exit("booking: nothing was loaded")
    typer.echo(f"{report}\nDry run: nothing was stored." if dry_run else report)


def dump(file: Target = Path("-")) -> None:
    """Write all data to a file.

    `load` takes it. Keys of tokens are not known, so that the file has only their digests.
    """
    with ExitStack() as opened:
        target = sys.stdout.buffer if str(file) == "-" else opened.enter_context(_written(file))
        on_database(lambda connection: transfer.dump(connection, target), snapshot=True)


@contextmanager
def _written(file: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of what has its name only when all is written."""
    if file.exists() and not file.is_file():
        with file.open("wb") as target:
            yield target
        return
    file = file.resolve()
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as target:
            yield target
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
