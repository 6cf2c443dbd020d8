"""How connections to PostgreSQL are made: what the server is told, how long things may take, when one is given up."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.addresses import Address, Server
from app.config import Settings

DRIVER = "postgresql+asyncpg"
_REACHED = "reached"
"""Under which name an engine keeps how its connections are made."""
SERVER_SETTINGS = {"application_name": "booking", "jit": "off", "timezone": "UTC"}
USUAL: Mapping[str, object] = MappingProxyType({"server_settings": SERVER_SETTINGS})
_OF_EACH_CLIENT = {"application_name", "timezone"}
"""Settings that a pooler remembers for each of its clients."""
PASSED_OVER = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.TargetServerAttributeNotMatched,
)
"""What tells that another server should be tried."""
USUAL_TIMEOUT = 60
"""Seconds that connecting may take, where nothing else is said."""
READ_ONLY = "25006"
"""By which SQLSTATE a server that takes no changes refuses one."""
GRACE = 5
"""Seconds after a limit of the server at which the client gives up a server that does not keep it."""
_IDLE, _INTERVAL, _PROBES = 10, 5, 3
"""After how many seconds of silence the other side is asked for a sign of life, how often, and how many times."""
_KEEPALIVE = {"TCP_KEEPIDLE": _IDLE, "TCP_KEEPINTVL": _INTERVAL, "TCP_KEEPCNT": _PROBES}
_KEEPALIVE |= {"TCP_USER_TIMEOUT": (_IDLE + _INTERVAL * _PROBES) * 1000}
_KEPT_ALIVE = {
    "tcp_keepalives_idle": str(_IDLE),
    "tcp_keepalives_interval": str(_INTERVAL),
    "tcp_keepalives_count": str(_PROBES),
}


class KeptAlive(asyncpg.Connection):  # type: ignore[misc]
    """A connection that ends when the other side has gone without a word."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        keep_alive(transport.get_extra_info("socket"))

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as the driver has it
        """Takes leave; without the other side if that does not take part, which is nobody's mistake.

        The pool closes connections in tasks that nobody waits for.
        """
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            await super().close(timeout=timeout)


def keep_alive(opened: socket.socket | None) -> None:
    """Has the system look after a TCP connection, by whatever options it knows."""
    if opened is None or opened.family not in (socket.AF_INET, socket.AF_INET6):
        return
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if option := getattr(socket, name, None):
            opened.setsockopt(socket.IPPROTO_TCP, option, value)


class Untrusted(ConnectionError):
    """A server has not shown that it is the one that is meant."""


class InTurn:
    """Connects to the first server of an address that is of the kind that is sought, beginning with the last one found.

    Of several servers it is one that is no standby, unless something else is said. Each has its part of the time, so
    that one that has gone without a word does not take all of it. What the address says comes before what is given.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._found: Server | None = None

    async def __call__(self, *_: Any, **given: Any) -> asyncpg.Connection:
        """A connection; raises what the last server said."""
        address = self._address
        given["server_settings"] = {**given.get("server_settings", {}), **address.told}
        given["timeout"] = address.patience(given.get("timeout", USUAL_TIMEOUT))
        last: Exception = OSError("no server is named")
        for kind in self._kinds(given.pop("target_session_attrs", None)):
            for server in sorted(address.servers, key=lambda each: each != self._found):
                where = {"host": server.host, "port": server.port, "target_session_attrs": kind}
                try:
                    made = await asyncpg.connect(**given, **where, **address.for_driver())
                except ssl.SSLCertVerificationError as error:  # which is a ValueError as well
                    last = Untrusted(f"the certificate of {server} is not trusted: {error.verify_message}")
                except PASSED_OVER as error:
                    last = error
                else:
                    self._found = server
                    return made
        raise last

    def _kinds(self, given: str | None) -> tuple[str | None, ...]:
        kind = self._address.kind or given or ("primary" if len(self._address.servers) > 1 else None)
        return ("standby", "any") if kind == "prefer-standby" else (kind,)


class Reached(NamedTuple):
    """Where connections lead, and the arguments that they are made with."""

    address: Address
    arguments: Mapping[str, object]


def new_engine(address: Address, arguments: Mapping[str, object] = USUAL, **options: Any) -> AsyncEngine:
    """Connections through the library, which keeps statements prepared if the driver does."""
    further = {"prepared_statement_cache_size": 0} if arguments.get("statement_cache_size") == 0 else {}
    return create_async_engine(
        f"{DRIVER}://",
        connect_args={**arguments, **further, "async_creator_fn": InTurn(address)},
        execution_options={_REACHED: Reached(address, arguments)},
        hide_parameters=True,
        **options,
    )


def reached_by(engine: AsyncEngine) -> Reached:
    """Where the connections of an engine lead, and how they are made."""
    found: Reached = engine.get_execution_options()[_REACHED]
    return found


def for_commands(settings: Settings) -> dict[str, object]:
    """Arguments of connections on which a statement may take as long as it takes."""
    arguments = {"timeout": settings.database_connect_timeout, "connection_class": KeptAlive}
    return arguments | _telling(settings, SERVER_SETTINGS | _KEPT_ALIVE)


def for_service(settings: Settings, kind: str = "read-write") -> dict[str, object]:
    """Arguments of connections on which nothing may take long, to a server that takes changes, or of another kind."""
    statement = settings.database_statement_timeout
    return for_commands(settings) | {
        **_telling(settings, SERVER_SETTINGS | _KEPT_ALIVE | _limits(settings)),
        "command_timeout": statement + GRACE if statement else None,
        "target_session_attrs": kind,
    }


def _limits(settings: Settings) -> dict[str, str]:
    limits = {
        "statement_timeout": settings.database_statement_timeout,
        "lock_timeout": settings.database_lock_timeout,
        "idle_in_transaction_session_timeout": settings.database_idle_timeout,
    }
    return {name: f"{seconds * 1000:.0f}" for name, seconds in limits.items()}


def _telling(settings: Settings, told: Mapping[str, str]) -> dict[str, object]:
    """What the server is told of a connection; behind a pooler the next statement may come to another connection."""
    if not settings.database_pooler:
        return {"server_settings": told}
    return {"server_settings": {name: told[name] for name in _OF_EACH_CLIENT}, "statement_cache_size": 0}


def of_readers(arguments: Mapping[str, object]) -> dict[str, object]:
    """Arguments of connections for single statements, which change nothing that a standby would have to know."""
    told = arguments.get("server_settings")
    if not isinstance(told, dict) or "statement_cache_size" in arguments:
        return {**arguments}
    return {**arguments, "server_settings": told | {"synchronous_commit": "local"}}


def of_transactions(settings: Settings, *, serving: bool) -> str:
    """What each transaction is told where a pooler is, which would not keep it for a connection.

    Those of commands are told that they may take as long as they take, whatever is said of the role.
    """
    if not settings.database_pooler:
        return ""
    limits = _limits(settings)
    told = {"jit": "off"} | (limits if serving else dict.fromkeys(limits, "0"))
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in told.items())


def give_up(context: ExceptionContext) -> None:
    """Has the engine drop its connections to a server that takes no changes, or does not answer in time."""
    error = context.original_exception
    if getattr(error, "sqlstate", None) == READ_ONLY or isinstance(error, OSError):
        context.is_disconnect = True
