"""The demo made ready: data if there is none, a token for each role, and how to call."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.accounts import repository as accounts
from app.commands.demo.dataset import EXAMPLE_BOOKING, EXAMPLE_TO_ACCEPT, demo_dataset
from app.commands.transfer import load_dataset
from app.config import Settings
from app.database import connected
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
TOKENS_LAST = timedelta(days=7)


class NotADemo(Mistake):
    """The database holds data that is not the demo's."""


async def prepare(settings: Settings, address: str) -> list[str]:
    """Fills an empty database with the demo data and returns the lines to print; raises NotADemo."""
    async with connected(settings) as database, database.transaction() as connection:
        if not await accounts.has_users(connection):
            await load_dataset(connection, demo_dataset(datetime.now(UTC)))
        return _instructions(address, await _tokens(connection))


async def _tokens(connection: AsyncConnection) -> dict[str, str]:
    expires = datetime.now(UTC) + TOKENS_LAST
    try:
        return {role: await accounts.create_token(connection, role, "demo", expires) for role in ROLES}
    except accounts.AccountError as error:
        raise NotADemo(
            f"The database holds other data than the demo's. {error} Set BOOKING_DATA_DIR to an empty directory."
        ) from None


def _instructions(address: str, tokens: dict[str, str]) -> list[str]:
    bookings = f"{address}/api/booking-resources/"
    as_staff, as_provider = (f"-H 'Authorization: Token {tokens[role]}'" for role in ("staff", "provider-owner"))
    return [
        f"Swagger UI   {address}/docs",
        f"ReDoc        {address}/redoc",
        "",
        f"Tokens, for {TOKENS_LAST.days} days:",
        *(f"  {role:<17} {key}  {ROLES[role]}" for role, key in tokens.items()),
        "",
        f"curl -s {as_provider} '{bookings}?state=Creating&o=schedules&field=uuid&field=name&field=slots'",
        f"curl -s {as_staff} {bookings}{EXAMPLE_BOOKING}/",
        f"curl -s {as_staff} -X POST -H 'Prefer: return=representation' {bookings}{EXAMPLE_TO_ACCEPT}/accept/",
        "",
        "Press Ctrl+C to stop.",
    ]
