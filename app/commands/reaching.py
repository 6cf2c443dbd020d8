"""The database of the settings as a command reaches it: what keeps it out is told in one line, without the password."""

import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.addresses import Address
from app.commands.configuration import variable_of
from app.config import Settings
from app.database import Database, connected, schema
from app.mistakes import Mistake

REACHING: tuple[type[Exception], ...] = (
    *(OSError, PoolTimeout, UnicodeError, DBAPIError),
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
)
"""What goes wrong between a command and its database."""


class Unreachable(Mistake):
    """The database cannot be used."""


class NotNow(Unreachable):
    """The database cannot be used for now; it may be later, with nothing changed here."""


_NOBODY = "Nothing listens at {host}: start PostgreSQL there, or correct {variable}."
_READ_ONLY = "The database at {host} takes no changes: name the server that does in {variable}."
_NOT_NOW = "The database at {host} cannot serve now: {reason}. Try again when it can."
_LACKS = (
    "The server at {host} lacks something: {reason}. Install PostgreSQL 15 or newer there, with its contrib modules."
)
_FULL = (
    "The database at {host} has no connections left: raise max_connections, or lower BOOKING_DATABASE_POOL_SIZE and "
    "BOOKING_DATABASE_POOL_OVERFLOW."
)
_MESSAGES: tuple[tuple[str, type[Unreachable], str], ...] = (
    ("28P01", Unreachable, "The database at {host} refuses the password of user {user!r}: correct it in {variable}."),
    (
        "28",
        Unreachable,
        "The database at {host} does not let user {user!r} in: {reason}. Create the role, let it in by pg_hba.conf, or "
        "correct {variable}.",
    ),
    (
        "3D000",
        Unreachable,
        "There is no database {name!r} at {host}: create it (createdb --owner={user} {name}), or correct {variable}.",
    ),
    ("42501", Unreachable, "User {user!r} may not use the database {name!r} at {host}: {reason}. Make it the owner."),
    ("58P01", Unreachable, _LACKS),
    ("0A000", Unreachable, _LACKS),
    ("25006", NotNow, _READ_ONLY),
    ("53300", NotNow, _FULL),
    *((state, NotNow, _NOT_NOW) for state in ("08", "53", "55P03", "57", "58")),
)
"""By SQLSTATE, or what it begins with."""
_WAYS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], type[Unreachable], str], ...] = (
    (
        (socket.gaierror, UnicodeError),
        NotNow,
        "The host of the database at {host} is not known: correct {variable}, or look after the names of this network.",
    ),
    ((ConnectionRefusedError, FileNotFoundError), NotNow, _NOBODY),
    (
        (TimeoutError, PoolTimeout),
        NotNow,
        "The database at {host} does not answer in time: start it, let it through the firewall, or correct {variable}.",
    ),
    (ssl.SSLCertVerificationError, Unreachable, "The certificate of {host} is not believed: {reason}."),
    (asyncpg.InterfaceError, Unreachable, "{variable} cannot be used: {reason}."),
)
"""By what failed before the server said anything."""


class Place(NamedTuple):
    """Where a database is, as far as it may be told."""

    host: str
    name: str
    user: str

    def __str__(self) -> str:
        return f"{self.name} at {self.host}"


def place(address: Address) -> Place:
    """Where an address leads."""
    told = address.parameters
    user = told.get("user", "")
    return Place(", ".join(map(str, address.servers)), told.get("dbname") or user, user)


def described(settings: Settings) -> str:
    """Which database the settings name, in words, without the password."""
    address = settings.address_of_database()
    return str(place(address)) if address is not None else f"embedded, in {settings.data_dir.resolve()}"


@asynccontextmanager
async def reached(settings: Settings, *, serving: bool = False, current: bool = True) -> AsyncIterator[Database]:
    """The database, on whose schema this version can work unless `current` is false.

    Raises Unreachable, SchemaTooOld or SchemaTooNew.
    """
    is_reached = False
    try:
        async with connected(settings, serving=serving) as database:
            async with database.transaction() as connection:
                if current:
                    await connection.run_sync(schema.check)
            is_reached = True
            yield database
    except REACHING as error:
        told = explained(error, settings, is_reached=is_reached)
        if told is None:
            raise
        raise told from error


def explained(
    error: BaseException, settings: Settings, *, is_reached: bool = False, setting: str = "database_url"
) -> Unreachable | None:
    """What an operator can do about it, if anything; else it is a defect, or the matter of a file.

    `setting` is the one that the address comes from.
    """
    address = settings.address_of_database()
    if address is None or getattr(error, "filename", None):
        return None
    at = place(address)
    cause = _cause(error)
    told = at._asdict() | {"variable": variable_of(setting), "reason": str(cause).partition("\n")[0].rstrip(".")}
    if isinstance(cause, asyncpg.TargetServerAttributeNotMatched):
        return NotNow(_READ_ONLY.format(**told))
    if state := getattr(cause, "sqlstate", None):
        return _of_the_server(state, told)
    if is_reached:
        lost = isinstance(cause, ConnectionResetError) or "connection is closed" in str(cause)
        return NotNow(_NOT_NOW.format(**told)) if lost else None
    return _of_the_network(cause, told)


def _cause(error: BaseException) -> BaseException:
    """What the server said, if it said anything: a transaction that cannot be ended any more may hide it."""
    found: BaseException | None = None if isinstance(error, OSError) else error
    while found is not None and not isinstance(found, asyncpg.PostgresError):
        found = found.__cause__ or found.__context__
    return found or error


def _of_the_server(state: str, told: dict[str, str]) -> Unreachable | None:
    for beginning, kind, message in _MESSAGES:
        if state.startswith(beginning):
            return kind(message.format(**told))
    return None


def _of_the_network(cause: BaseException, told: dict[str, str]) -> Unreachable:
    for causes, kind, message in _WAYS:
        if isinstance(cause, causes):
            return kind(message.format(**told))
    refused = f"[Errno {errno.ECONNREFUSED}]" in str(cause)  # by several addresses of one host
    return NotNow((_NOBODY if refused else "The database at {host} cannot be reached: {reason}.").format(**told))
