"""Clients that send half of something, or do not read what they are answered, and what others get meanwhile."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.benchmark.client import Request, one
from tests.dataset import token_of

HALF_BODY = "POST /api/booking-resources/{uuid}/reject/ HTTP/1.1\r\nHost: here\r\nAuthorization: Token {token}\r\n"
HALF_BODY += 'Content-Length: 100\r\n\r\n{{"provider_'
HALF_HEAD = "POST /api/booking-resources/{uuid}/reject/ HTTP/1.1\r\nHost: here\r\nAuthorization: Tok"
LARGE = "GET /api/booking-resources/?page_size=300 HTTP/1.1\r\nHost: here\r\nAuthorization: Token {token}\r\n\r\n"
SETTLES = 1.0
"""Seconds in which what they sent is worked on; what they hold is looked at after that."""
KINDS = {
    "half-sent bodies": (HALF_BODY, "support"),
    "half-sent heads": (HALF_HEAD, "support"),
    "slow readers": (LARGE * 2, "powner"),
}
"""What each kind sends, and as whom: a user without any role, and one who sees pages of 200 KB."""


@asynccontextmanager
async def holding(port: int, kind: str, count: int) -> AsyncIterator[None]:
    """So many connections on each of which that was sent, and from which nothing is read."""
    template, who = KINDS[kind]
    sent = template.format(uuid="00000000-0000-4000-8000-000000000000", token=token_of(who)).encode()
    loop, sockets = asyncio.get_running_loop(), []
    try:
        for _ in range(count):
            opened = socket.socket()
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            opened.setblocking(False)
            sockets.append(opened)
            await loop.sock_connect(opened, ("127.0.0.1", port))
            with contextlib.suppress(BlockingIOError):
                opened.send(sent)
        await asyncio.sleep(SETTLES)
        yield
    finally:
        for opened in sockets:
            opened.close()


async def others(port: int, request: Request, seconds: float) -> list[float]:
    """How long it takes another caller to be answered well, asking ten times a second, each on a new connection."""
    taken: list[float] = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        answer = await one(port, request)
        assert answer.status == 200, (answer, taken)
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(0.1)
    return taken


def memory(pid: int) -> int:
    """Bytes of memory that a process and its children have."""
    own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(memory(int(child)) for child in children)
