"""What commands share: work on the database of the settings, progress and tables on the terminal."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import rich.progress
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.progress import Progress
from app.config import settings
from app.database import connected

Result = TypeVar("Result")


def on_database(
    work: Callable[[AsyncConnection], Awaitable[Result]], *, snapshot: bool = False, keep: bool = True
) -> Result:
    """Does the work in one transaction, which an exception rolls back, and so does `keep=False`."""

    async def run() -> Result:
        async with connected(settings()) as database, database.transaction(snapshot=snapshot) as connection:
            result = await work(connection)
            if not keep:
                await connection.rollback()
            return result

    return asyncio.run(run())


def bars(progress: rich.progress.Progress) -> Progress:
    """Shows each step as a bar."""
    shown: dict[str, rich.progress.TaskID] = {}

    def show(step: str, done: int, total: int | None = None) -> None:
        if step not in shown:
            shown[step] = progress.add_task(step, total=total)
        progress.update(shown[step], completed=done, total=total, description=f"{step} {done}")

    return show


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints rows as a table; None as nothing."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)
