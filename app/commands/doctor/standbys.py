"""The standbys that are read from: whether the address leads to one, and whether it keeps up."""

from contextlib import suppress

import asyncpg

from app.commands.doctor.finding import Finding, advice, good, wrong
from app.commands.doctor.reaching import UNREACHABLE, opened, refusal
from app.commands.reaching import place
from app.config import Settings
from app.database import Database
from app.database.standby import WRITTEN, Behind, Following

ABOUT = "standbys"
ADDRESS = "read_database_url"
_WRITTEN = """
    SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint END
"""
_FOLLOWS = "SELECT pg_is_in_recovery()"
_SYSTEM = "SELECT system_identifier FROM pg_control_system()"


async def standbys(database: Database, settings: Settings) -> list[Finding]:
    """What is to be said of the address for reading; nothing where there is none, or the database is one itself."""
    address = settings.address_of_standbys()
    if address is None or (written := await _ask(database, _WRITTEN)) is None:
        return []
    own = settings.model_copy(update={"database_url": settings.read_database_url})
    try:
        async with opened(own) as standby:
            told = await _misled(database, standby)
            if told:
                remedy = "Correct BOOKING_READ_DATABASE_URL: lists and pages may show what is not in the database."
                return [wrong(ABOUT, f"{place(address)} {told}.", remedy)]
            return [await _kept_up(standby, written, settings.read_database_lag, str(place(address)))]
    except UNREACHABLE as error:
        return [refusal(own, error, setting=ADDRESS, about=ABOUT)]


async def _misled(database: Database, standby: Database) -> str:
    """Why what is read there is not what the database has; empty if it follows."""
    if not await _ask(standby, _FOLLOWS):
        return "is no standby: it takes changes of its own"
    with suppress(asyncpg.InsufficientPrivilegeError):
        if await _ask(database, _SYSTEM) != await _ask(standby, _SYSTEM):
            return "follows another server than the database"
    return ""


async def _kept_up(standby: Database, written: int, lag: float, where: str) -> Finding:
    until = WRITTEN.set(written)
    try:
        async with standby.reading() as reader:
            await Following(lag).catch_up(reader)
    except Behind as error:
        remedy = "Look why it does not replay, or raise BOOKING_READ_DATABASE_LAG; until then it is not read from."
        return advice(ABOUT, f"{where} does not keep up within {lag:g} s: {error}.", remedy)
    finally:
        WRITTEN.reset(until)
    return good(ABOUT, f"{where} follows the database, and keeps up.")


async def _ask(database: Database, question: str) -> int | None:
    async with database.reading() as reader:
        found: int | None = await reader.fetchval(question)
        return found
