"""What is looked at before the service starts, so that it says in one line why it does not."""

import errno
import os
import socket
from collections.abc import Sequence
from typing import Any

import typer

from app.commands.reaching import NotNow, described, reached
from app.config import Settings
from app.mistakes import Mistake

_WRONG = {
    errno.EADDRINUSE: "Port {port} of {host} is taken: end what listens there, or name another by {option}.",
    errno.EACCES: "Port {port} of {host} is for the system alone: name one from 1024 on by {option}.",
    errno.EADDRNOTAVAIL: "This machine has no address {host}: name one that it has by --host, such as 127.0.0.1.",
}


class PortRefused(Mistake):
    """Nobody can listen there."""


def ensure_ports(host: str, port: int, settings: Settings) -> None:
    """Raises PortRefused unless the service can listen where it is told to."""
    ensure_port(host, port, "--port")
    if settings.health_port:
        ensure_port("0.0.0.0", settings.health_port, "BOOKING_HEALTH_PORT", shared=True)
    if settings.metrics_port:
        ensure_port(settings.metrics_host, settings.metrics_port, "BOOKING_METRICS_PORT", shared=True)


def ensure_port(host: str, port: int, option: str, *, shared: bool = False) -> None:
    """Raises PortRefused, which names the option, unless a process can listen on the port, alone or with others."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise PortRefused(f"There is no host {host!r}: name an address of this machine by --host.") from None
    refused = [number for *kind, _, address in found if (number := _refused(kind, address, shared=shared))]
    if serious := [number for number in refused if number != errno.EADDRNOTAVAIL or len(refused) == len(found)]:
        wrong = _WRONG.get(serious[0], f"Port {{port}} of {{host}} cannot be listened on: {os.strerror(serious[0])}.")
        raise PortRefused(wrong.format(port=port, host=host, option=option))


def _refused(kind: Sequence[int], address: Any, *, shared: bool) -> int:
    """The number of the error with which the system refuses to listen on an address; 0 if it does not."""
    try:
        with socket.socket(*kind) as opened:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if opened.family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(address)
    except OSError as error:
        return errno.EADDRNOTAVAIL if error.errno == errno.EAFNOSUPPORT else error.errno or errno.EINVAL
    return 0


async def ensure_database(settings: Settings) -> None:
    """Says which database is used. Raises what keeps it from being used for good; warns of what may pass."""
    typer.echo(f"booking: database: {described(settings)}", err=True)
    try:
        async with reached(settings, serving=True):
            pass
    except NotNow as error:
        typer.echo(f"booking: warning: {error} Until then requests are answered 503.", err=True)
