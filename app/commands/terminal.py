"""What commands share: work on the database of the settings, progress and tables on the terminal."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Annotated, TypeVar

import rich.progress
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.configuration import configured
from app.commands.progress import Progress
from app.commands.reaching import reached
from app.values import text_of

Result = TypeVar("Result")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_WIDEST = 10_000


class _NotKept(Exception):
    """Rolls a transaction back."""


def on_database(
    work: Callable[[AsyncConnection], Awaitable[Result]], *, snapshot: bool = False, keep: bool = True
) -> Result:
    """Does the work in one transaction, which an exception rolls back, and so does `keep=False`."""

    settings = configured()

    async def run() -> Result:
        with suppress(_NotKept):
            async with reached(settings) as database, database.transaction(snapshot=snapshot) as connection:
                result = await work(connection)
                if not keep:
                    raise _NotKept
        return result

    return asyncio.run(run())


@contextmanager
def progressing() -> Iterator[rich.progress.Progress]:
    """Progress on standard error, which says nothing before its first step."""
    progress = rich.progress.Progress(console=Console(stderr=True))
    try:
        yield progress
    finally:
        end(progress)


def end(progress: rich.progress.Progress) -> None:
    """Leaves the progress as it is, for what is said next."""
    if progress.live.is_started:
        progress.stop()


def bars(progress: rich.progress.Progress) -> Progress:
    """Shows each step as a bar."""
    shown: dict[str, rich.progress.TaskID] = {}

    def show(step: str, done: int, total: int | None = None) -> None:
        if step not in shown:
            progress.start()
            shown[step] = progress.add_task(step, total=total)
        progress.update(shown[step], completed=done, total=total, description=f"{step} {done}")

    return show


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints rows as a table, which is wider than the terminal rather than cut; None as nothing."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "uuid")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    needed = console.measure(table, options=console.options.update_width(_WIDEST))
    console.width = max(console.width, needed.minimum) if console.is_terminal else needed.maximum
    console.print(table)


def print_rows(columns: Iterable[str], rows: Iterable[Iterable[object]], *, as_json: bool) -> None:
    """Prints rows as a table, or as a JSON array of objects, for programs."""
    if not as_json:
        print_table(columns, rows)
        return
    names = list(columns)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False, default=_as_text))


def _as_text(value: object) -> str:
    return text_of(value) if isinstance(value, datetime) else str(value)
