"""How often one may call: failed authentications, always; all requests, where a setting says so."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic

from fastapi import Request
from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.database.prepared import Prepared
from app.database.readers import Reader
from app.errors import TooManyRequests
from app.keys import digest
from app.models import RateLimit

MORE_HEADERS = "more_headers"
"""Where in the scope of a request headers of its answer are left, whoever gives the answer."""
WINDOW = 60
"""Seconds in which failures are counted together."""
REMEMBERED = 10_000
"""Addresses that failed last; more are not remembered, so that they fill no memory."""

_COUNT = Prepared(
    """INSERT INTO rate_limit AS known (key, used, ends)
    SELECT key, 1, to_timestamp((floor(extract(epoch FROM now()) / $2::int) + 1) * $2::int)
    FROM unnest($1::text[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET ends = excluded.ends,
        used = CASE WHEN known.ends = excluded.ends THEN known.used + 1 ELSE 1 END
    RETURNING used, ceil(extract(epoch FROM ends - now()))::int AS seconds""",
    ("keys", "seconds"),
    {},
)
"""Counts a request under each key, in the order of keys, so that no two requests wait for each other."""


class Failures:
    """How often each address has failed to say who it is, in the current minute."""

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = most, clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def note(self, address: str) -> None:
        """Counts one more; raises TooManyRequests if there were too many before."""
        if not self._most:
            return
        now = self._clock()
        since, count = self._seen.pop(address, (now, 0))
        if now - since >= WINDOW:
            since, count = now, 0
        self._seen[address] = since, count + 1
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        if count >= self._most:
            raise TooManyRequests("Too many failed authentications.", max(1, ceil(since + WINDOW - now)))


def address_of(request: Request) -> str:
    """Where a request comes from, as far as it can be told apart: a network of IPv6 belongs to one caller."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(IPv6Address(int(address) >> 64 << 64)) if isinstance(address, IPv6Address) else host


async def count_request(request: Request, reader: Reader, caller: Caller | None, key: str) -> None:
    """Counts a request of an address and, of known callers, a token; raises TooManyRequests beyond the rate."""
    rate = request.app.state.settings.rate()
    if rate is None:
        return
    keys = [f"address {address_of(request)}", *([f"token {digest(key)}"] if caller else [])]
    rows = await _COUNT.fetch(reader, {"keys": keys, "seconds": rate.seconds})
    used, seconds = max(row["used"] for row in rows), max(1, rows[0]["seconds"])
    left = max(0, rate.requests - used)
    told = ((b"limit", rate.requests), (b"remaining", left), (b"reset", seconds))
    request.scope.setdefault(MORE_HEADERS, []).extend((b"ratelimit-" + name, b"%d" % value) for name, value in told)
    if used > rate.requests:
        raise TooManyRequests("Too many requests.", seconds)


async def forget_counts(connection: AsyncConnection) -> None:
    """Removes what was counted in times that are over."""
    await connection.execute(delete(RateLimit).where(RateLimit.ends < func.now()))
