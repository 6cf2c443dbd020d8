"""What is asked: one line for each row of the table, with what differs from caller to caller left open."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.commands.demo.many.market import CREATOR
from app.commands.demo.many.words import COMMON_WORD, RARE_WORD
from tests.benchmark.client import Request, one

LIST = "/api/booking-resources/"
EXAMPLE_FIELDS = ("uuid", "offering_uuid", "project_uuid", "customer_uuid", "provider_uuid", "category_uuid", "slots")


@dataclass(frozen=True)
class Facts:
    """What a caller can ask about: one of the visible bookings, what it belongs to, and how many there are."""

    headers: dict[str, str]
    count: int
    booking: dict[str, str]
    week: tuple[str, str]
    tag: str

    @property
    def middle(self) -> int:
        """The page in the middle."""
        return max(1, self.count // 20)


@dataclass(frozen=True)
class Row:
    """A request of any caller."""

    name: str
    path: Callable[[Facts], str]
    method: str = "GET"
    headers: Callable[[Facts], dict[str, str]] = field(default=lambda _: {})

    def request(self, facts: Facts) -> Request:
        """The request of one caller."""
        return Request(self.method, self.path(facts), facts.headers | self.headers(facts))


def _list(query: str, name: str = "") -> Row:
    """A list; names in braces stand for what the caller's booking has there."""
    return Row(name or query, lambda facts: f"{LIST}?{query.format(**facts.booking)}")


def _plain(query: str) -> Row:
    return Row(query, lambda _: f"{LIST}?{query}")


ROWS = (
    Row("list", lambda _: LIST),
    _plain("state=Creating"),
    *(_list(f"{name}={{{name}}}", name) for name in ("offering_uuid", "project_uuid", "customer_uuid")),
    *(_list(f"{name}={{{name}}}", name) for name in ("provider_uuid", "category_uuid")),
    _plain("runtime_state=running"),
    _plain("usage_based=true"),
    _plain("component_count=2"),
    Row("slots in a week", lambda f: f"{LIST}?slot_start_after={f.week[0]}&slot_start_before={f.week[1]}"),
    *(_plain(f"o={order}") for order in ("-created", "schedules", "-schedules")),
    Row("query, rare", lambda _: f"{LIST}?query={RARE_WORD}"),
    Row("query, common", lambda _: f"{LIST}?query={COMMON_WORD}"),
    Row("query, 2 characters", lambda _: f"{LIST}?query={COMMON_WORD[:2]}"),
    Row("name, common", lambda _: f"{LIST}?name={COMMON_WORD}"),
    Row("name, 2 characters", lambda _: f"{LIST}?name={COMMON_WORD[:2]}"),
    Row("visible_to_username", lambda _: f"{LIST}?visible_to_username={CREATOR}"),
    Row("3 fields", lambda _: f"{LIST}?field=uuid&field=state&field=slots"),
    _plain("page_size=100"),
    Row("page in the middle", lambda facts: f"{LIST}?page={facts.middle}"),
    _plain("page=last"),
    Row("HEAD", lambda _: LIST, "HEAD"),
    Row("retrieve", lambda facts: f"{LIST}{facts.booking['uuid']}/"),
    Row("retrieve, known", lambda f: f"{LIST}{f.booking['uuid']}/", headers=lambda f: {"If-None-Match": f.tag}),
    Row("orders", lambda _: "/api/marketplace-orders/"),
    Row("free periods", lambda facts: f"/api/booking-offerings/{facts.booking['offering_uuid']}/free/"),
    Row("calendar", lambda facts: f"/api/marketplace-bookings/{facts.booking['offering_uuid']}/"),
    Row("health", lambda _: "/health/live"),
)


async def facts_of(port: int, token: str) -> Facts:
    """What the caller with that token can ask about; the booking is that in the middle of the list."""
    headers = {"Authorization": f"Token {token}"}
    count = int((await one(port, Request("HEAD", LIST, headers))).headers["x-result-count"])
    fields = "&".join(f"field={name}" for name in EXAMPLE_FIELDS)
    page = Request("GET", f"{LIST}?page={max(1, count // 2)}&page_size=1&{fields}", headers)
    [booking] = await listed(port, page)
    slots = booking.pop("slots")
    assert isinstance(slots, list)
    start = datetime.fromisoformat(slots[0]["start"])
    retrieved = await one(port, Request("GET", f"{LIST}{booking['uuid']}/", headers))
    week = tuple(f"{start + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-3, 4))
    known = {name: str(value) for name, value in booking.items()}
    return Facts(headers, count, known, (week[0], week[1]), retrieved.headers.get("etag", ""))


async def listed(port: int, request: Request) -> list[dict[str, object]]:
    """The objects of a list."""
    answer = await one(port, request)
    found = answer.json()
    assert answer.status == 200, found
    assert isinstance(found, list)
    return found
