"""Addresses of PostgreSQL: read as libpq reads them, and told to the driver in its own words."""

import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from os import environ
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode

_PARTS = re.compile(
    r"(?:postgresql|postgres|postgresql\+asyncpg)://"
    r"(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<hosts>[^/?]*)(?:/(?P<dbname>[^?@]*))?(?:\?(?P<parameters>.*))?",
    re.DOTALL,
)
_HOST = re.compile(r"(?:\[(?P<numbers>[^\[\]@]+)\]|(?P<name>[^:\[\]@]*))(?::(?P<port>[0-9]{0,5}))?")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})|%00|\0")
_MALFORMED = (
    "must look like postgresql://user:password@host/database; in a name or a password, write %XX for each character "
    "that is neither a letter nor a digit"
)
_LAST_PORT = 65_535
_OF_TLS: tuple[str, ...] = ("sslmode", "sslnegotiation", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl")
_OF_TLS += ("ssl_min_protocol_version", "ssl_max_protocol_version")
_OF_THE_DRIVER = (*_OF_TLS, "passfile", "service", "krbsrvname", "gsslib")
_OF_THE_SERVER = ("application_name", "options")
_ARGUMENTS = {"user": "user", "password": "password", "dbname": "database"}
_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _VERSIONS,
    "ssl_max_protocol_version": _VERSIONS,
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "gsslib": ("gssapi", "sspi"),
}
_DONE_ANYWAY: Mapping[str, tuple[str, ...]] = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("auto", "utf8", "UTF8", "utf-8", "UTF-8"),
    "gssencmode": ("disable", "prefer"),
    "keepalives": ("1",),
    "load_balance_hosts": ("disable",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
}
"""Parameters that nothing need be done for, with the values that ask for no more than is done."""
_KNOWN = {*_OF_THE_DRIVER, *_OF_THE_SERVER, *_ARGUMENTS, *_DONE_ANYWAY, "host", "port", "connect_timeout"}
_KNOWN |= {"target_session_attrs", "fallback_application_name"}
_SYSTEM = "system"
"""Stands for the certificates that the system trusts."""


class BadAddress(ValueError):
    """What is wrong with an address, without any value of it."""


class Server(NamedTuple):
    """Where a server is; what is None is as the driver finds it."""

    host: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or "the usual host"
        return f"{host}:{self.port}" if self.port else host


@dataclass(frozen=True)
class Address:
    """Where a database is and how it is reached; printed, it has no secrets."""

    text: str = field(repr=False)
    """As it was given, with its secrets."""
    servers: tuple[Server, ...]
    parameters: Mapping[str, str] = field(repr=False)
    """What else it says, by the names of libpq."""

    def __str__(self) -> str:
        return f"{self.parameters.get('dbname', 'the usual database')} on {', '.join(map(str, self.servers))}"

    @property
    def told(self) -> dict[str, str]:
        """What the server is told when a connection is made."""
        found = {name: self.parameters[name] for name in _OF_THE_SERVER if name in self.parameters}
        usual = self.parameters.get("fallback_application_name")
        return {"application_name": usual, **found} if usual else found

    @property
    def kind(self) -> str | None:
        """Which kind of server is sought, if anything is said of that."""
        return self.parameters.get("target_session_attrs")

    def patience(self, usual: float) -> float | None:
        """Seconds that connecting to one server may take, if it is `usual` for all of them; None for any number."""
        given = self.parameters.get("connect_timeout")
        if given is None:
            return usual / len(self.servers)
        return float(given) if int(given) > 0 else None

    def for_driver(self) -> dict[str, object]:
        """Arguments of the driver, but for the server and what it is told."""
        found: dict[str, object] = {
            named: self.parameters[name] for name, named in _ARGUMENTS.items() if name in self.parameters
        }
        others = {name: self.parameters[name] for name in _OF_THE_DRIVER if name in self.parameters}
        if others.get("sslrootcert") == _SYSTEM:
            found["ssl"] = _trusting_the_system(others)
            others = {name: others[name] for name in others if name not in _OF_TLS or name == "sslnegotiation"}
        return found | {"dsn": f"postgresql://?{urlencode(others, quote_via=quote)}"} if others else found


def read(text: str) -> Address:
    """The address that a text is. Raises BadAddress."""
    parts = _PARTS.fullmatch(text)
    if parts is None or _BAD_ESCAPE.search(text):
        raise BadAddress(_MALFORMED)
    given = _parameters(parts["parameters"] or "")
    servers = [_server(each, unquote) for each in parts["hosts"].split(",")]
    if "host" in given:
        servers = [_server(each, str) for hosts in given.pop("host") for each in hosts.split(",")]
    if len(servers) > 1 and not all(each.host for each in servers):
        raise BadAddress(_MALFORMED)
    servers = _with_ports(servers, given.pop("port", []))
    found = {name: unquote(parts[name]) for name in _ARGUMENTS if parts[name]}
    found |= {name: values[-1] for name, values in given.items()}
    _check(found)
    return Address(text, tuple(servers), found)


def _parameters(text: str) -> dict[str, list[str]]:
    """Values by name; those that say nothing are left out."""
    found: dict[str, list[str]] = {}
    for each in filter(None, text.split("&")):
        name, equals, value = (unquote(part) for part in each.partition("="))
        if not equals:
            raise BadAddress(_MALFORMED)
        if name == "ssl":
            name, value = "sslmode", "require" if value == "true" else value
        found.setdefault(name, []).extend([value] if value else [])
    unknown = sorted(set(found) - _KNOWN)
    if unknown and ("@" in text or not all(re.fullmatch("[A-Za-z_]{1,40}", name) for name in unknown)):
        raise BadAddress(_MALFORMED)  # it may be a part of a password
    if unknown:
        raise BadAddress(f"has parameters that are not known here: {', '.join(unknown)}")
    return {name: values for name, values in found.items() if values}


def _server(text: str, decoded: Callable[[str], str]) -> Server:
    if decoded is str and (text.startswith("/") or (text.count(":") > 1 and "[" not in text)):
        return Server(text)
    found = _HOST.fullmatch(text)
    if found is None or int(found["port"] or 0) > _LAST_PORT:
        raise BadAddress(_MALFORMED)
    host = found["numbers"] or decoded(found["name"])
    return Server(host or None, int(found["port"]) if found["port"] else None)


def _with_ports(servers: list[Server], given: Iterable[str]) -> list[Server]:
    """The servers with ports that are given apart: one for each, or one for all."""
    ports = [port for each in given for port in each.split(",")]
    if not ports:
        return servers
    if len(ports) not in (1, len(servers)) or not all(map(_is_port, ports)):
        raise BadAddress("port has to be a number, or one for each host")
    ports *= len(servers) // len(ports)
    return [Server(each.host, int(port) if port else each.port) for each, port in zip(servers, ports, strict=True)]


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and int(text) <= _LAST_PORT)


def _check(parameters: Mapping[str, str]) -> None:
    for name, values in {**_VALUES, **_DONE_ANYWAY}.items():
        if parameters.get(name, values[0]) not in values:
            raise BadAddress(f"{name} has to be {' or '.join(values)}")
    if not re.fullmatch("-?[0-9]{1,9}", parameters.get("connect_timeout", "0")):
        raise BadAddress("connect_timeout has to be a number of seconds")
    mode = parameters.get("sslmode", "prefer")
    if parameters.get("sslrootcert") == _SYSTEM:
        if mode not in ("prefer", "verify-full"):
            raise BadAddress("sslrootcert=system needs sslmode=verify-full")
        mode = "verify-full"
    if parameters.get("sslnegotiation") == "direct" and mode in ("disable", "allow", "prefer"):
        raise BadAddress("sslnegotiation=direct needs sslmode=require, or more")
    if mode != "disable":
        _check_files(parameters, mode)


def _check_files(parameters: Mapping[str, str], mode: str) -> None:
    """Reads what the driver will read with each connection, when nobody is told any longer what was wrong with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    known = "sslrootcert" in parameters or environ.get("PGSSLROOTCERT") or _of_the_user("root.crt")
    if mode.startswith("verify") and not known:
        raise BadAddress(
            f"sslmode={mode} needs sslrootcert, a file of certificates to trust, or system for all usual ones"
        )
    attempts: list[tuple[str, Callable[[], None]]] = [
        (name, partial(context.load_verify_locations, parameters[name]))
        for name in ("sslrootcert", "sslcrl")
        if parameters.get(name, _SYSTEM) != _SYSTEM and mode not in ("allow", "prefer")
    ]
    if "sslcert" in parameters:
        attempts.append(("sslcert with sslkey", partial(_present, context, parameters)))
    for name, attempt in attempts:
        try:
            attempt()
        except ssl.SSLError:
            raise BadAddress(f"{name}: the file is not what it should be") from None
        except OSError as error:
            raise BadAddress(f"{name}: {error.strerror}") from None


def _of_the_user(name: str) -> Path | None:
    """A file of a user's own, which is used if there is one and nothing else is said."""
    with suppress(RuntimeError):  # there is no home
        file = Path.home() / ".postgresql" / name
        return file if file.exists() else None
    return None


def _present(context: ssl.SSLContext, parameters: Mapping[str, str]) -> None:
    """Has the client show its certificate."""
    key = parameters.get("sslkey") or environ.get("PGSSLKEY") or _of_the_user("postgresql.key")
    context.load_cert_chain(parameters["sslcert"], key, lambda: parameters.get("sslpassword", ""))


def _trusting_the_system(parameters: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["postgresql"])
    if "sslcert" in parameters:
        _present(context, parameters)
    if "sslcrl" in parameters:
        context.load_verify_locations(parameters["sslcrl"])
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    for end in ("minimum_version", "maximum_version"):
        if version := parameters.get(f"ssl_{end[:3]}_protocol_version"):
            setattr(context, end, ssl.TLSVersion[version.replace(".", "_")])
    return context
