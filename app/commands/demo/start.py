"""The demo made ready: data if there is none, a token for each role, and how to call."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.accounts import repository as accounts
from app.commands.demo import keys
from app.commands.demo.dataset import EXAMPLE_BOOKING, EXAMPLE_TO_ACCEPT, demo_dataset
from app.commands.demo.many import market
from app.commands.demo.many.copying import fill
from app.commands.demo.many.market import Size
from app.commands.transfer import load_dataset
from app.config import Settings
from app.database import Database, connected
from app.mistakes import Mistake

ROLES = {
    "staff": "sees and may do everything",
    "provider-owner": "decides for a provider",
    "provider-manager": "decides for a provider",
    "offering-manager": "decides for some offerings",
    "creator": "asked for many bookings",
    "consumer-owner": "owns an organisation that books",
    "stranger": "sees nothing",
}
BOOKINGS = "/api/booking-resources/"
NAME = "demo"
"""What tokens of the demo are called."""
TOKENS_LAST = timedelta(days=7)


class NotADemo(Mistake):
    """The database holds data that is not the demo's."""


async def prepare(settings: Settings, address: str, size: Size | None = None) -> list[str]:
    """Fills an empty database with the demo data and returns the lines to print; raises NotADemo.

    With a size, many bookings are made up instead.
    """
    async with connected(settings) as database:
        async with database.transaction() as connection:
            empty = not await accounts.has_users(connection)
            if empty and size is None:
                await load_dataset(connection, demo_dataset(datetime.now(UTC)))
        if empty and size:
            await _fill(database, size)
        roles = market.ROLES if size else ROLES
        file = settings.data_dir / keys.FILE
        async with database.transaction() as connection:
            tokens = await _tokens(connection, roles, keys.read(file))
        keys.write(file, tokens)
        return _instructions(address, roles, tokens, _calls_on_many(tokens) if size else _calls(tokens))


async def _fill(database: Database, size: Size) -> None:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("Bookings", total=size.bookings)
        await fill(database, size, lambda count: progress.advance(bar, count))


async def _tokens(connection: AsyncConnection, roles: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    expires = datetime.now(UTC) + TOKENS_LAST
    try:
        return {role: await accounts.keep_token(connection, role, NAME, expires, known.get(role)) for role in roles}
    except accounts.AccountError as error:
        raise NotADemo(
            f"The database holds other data than the demo's. {error} Set BOOKING_DATA_DIR to an empty directory."
        ) from None


def _as(token: str) -> str:
    return f"-H 'Authorization: Token {token}'"


def _calls(tokens: Mapping[str, str]) -> list[str]:
    """Commands to begin with: the options of curl, and what follows the address of the list."""
    staff, provider = _as(tokens["staff"]), _as(tokens["provider-owner"])
    return [
        f"{provider} '{BOOKINGS}?state=Creating&o=schedules&field=uuid&field=name&field=slots'",
        f"{staff} {BOOKINGS}{EXAMPLE_BOOKING}/",
        f"{staff} -X POST -H 'Prefer: return=representation' {BOOKINGS}{EXAMPLE_TO_ACCEPT}/accept/",
    ]


def _calls_on_many(tokens: Mapping[str, str]) -> list[str]:
    owner, staff = _as(tokens[market.LARGE_OWNER]), _as(tokens[market.STAFF])
    return [
        f"{owner} '{BOOKINGS}?state=Creating&o=schedules&field=uuid&field=name&field=slots'",
        f"{staff} -I {BOOKINGS}",
    ]


def _instructions(address: str, roles: Mapping[str, str], tokens: Mapping[str, str], calls: Sequence[str]) -> list[str]:
    provider = next(token for role, token in tokens.items() if role.endswith("provider-owner"))
    return [
        f"Calendar     {address}/calendar#token={provider}",
        f"Swagger UI   {address}/docs",
        f"ReDoc        {address}/redoc",
        "",
        f"Tokens, for {TOKENS_LAST.days} days:",
        *(f"  {role:<21} {key}  {roles[role]}" for role, key in tokens.items()),
        "",
        *(f"curl -s {call.replace(BOOKINGS, address + BOOKINGS)}" for call in calls),
        "",
        "Press Ctrl+C to stop.",
    ]
