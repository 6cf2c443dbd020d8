"""What commands share: work on the database of the settings, and tables on the terminal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import settings
from app.database import connected

Result = TypeVar("Result")


def on_database(work: Callable[[AsyncConnection], Awaitable[Result]], *, snapshot: bool = False) -> Result:
    """Does the work in one transaction, which an exception rolls back."""

    async def run() -> Result:
        async with connected(settings()) as database, database.transaction(snapshot=snapshot) as connection:
            return await work(connection)

    return asyncio.run(run())


def print_rows(columns: Sequence[str], rows: Sequence[Any]) -> None:
    """Prints the named members of the rows as a table."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if (value := getattr(row, name)) is None else str(value) for name in columns))
    Console().print(table)
