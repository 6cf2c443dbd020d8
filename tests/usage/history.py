"""Random histories of an offering, and their figures counted a quarter of an hour at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import BusySlot, History, Offering, Order, Resource, Slot
from tests.dataset import DATASET, USERS, uuid_of

QUARTER = timedelta(minutes=15)
LIVE = ("OK", "Updating", "Creating")
PROVIDER, CATEGORY = uuid_of("offerings", name="Microscope"), next(iter(DATASET["categories"]))
PROJECTS = {UUID(uuid): UUID(row["customer"]) for uuid, row in DATASET["projects"].items()}
CREATORS = [UUID(USERS[name]["uuid"]) for name in ("creator", "cowner", "padmin")]
FATES = ("OK", "OK", "Updating", "Creating", "ended", "ended", "rejected", "withdrawn", "expired", "by rule", "Erred")
ZONES = ("UTC", "Europe/Tallinn", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "America/Santiago")
Part = tuple[datetime, datetime]


@dataclass
class Request:
    """A request, with what became of it."""

    fate: str
    slots: list[Part]
    project: UUID
    creator: UUID
    created: datetime
    decided: datetime
    ended: datetime | None
    uuid: UUID = field(default_factory=uuid4)

    @property
    def is_accepted(self) -> bool:
        return self.fate in ("OK", "Updating", "ended", "by rule")

    @property
    def first(self) -> datetime:
        return min(start for start, _ in self.slots)

    @property
    def state(self) -> str:
        return {"by rule": "OK"}.get(self.fate, self.fate if self.fate in (*LIVE, "Erred") else "Terminated")

    def covers(self, moment: datetime) -> bool:
        return any(start <= moment < min(end, self.ended or end) for start, end in self.slots)


@dataclass
class Past:
    """An offering: when it is open, what was asked of it, and when it was blocked."""

    zone: ZoneInfo
    windows: list[dict[str, Any]]
    requests: list[Request]
    blocked: list[Part]
    uuid: UUID = field(default_factory=uuid4)

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        at, day = f"{local:%H:%M}", local.isoweekday() % 7
        for window in self.windows:
            if datetime.fromisoformat(window["start"]) <= moment < datetime.fromisoformat(window["end"]):
                hours = window["extendedProps"]["config"].get("businessHours")
                if not hours or (day in hours["daysOfWeek"] and hours["startTime"] <= at < hours["endTime"]):
                    return True
        return False


def _parts(random: Random, start: datetime, quarters: int, most: int, longest: int) -> list[Part]:
    found = []
    for _ in range(random.randint(1, most)):
        begin = start + random.randrange(quarters) * QUARTER
        found.append((begin, begin + random.randint(1, longest) * QUARTER))
    return found


def invent(random: Random, around: datetime, days: int = 8) -> Past:
    """An offering that was used for some days; live bookings do not overlap."""
    zone, quarters = ZoneInfo(random.choice(ZONES)), days * 96
    taken: set[datetime] = set()
    requests = []
    for _ in range(random.randint(0, 25)):
        slots = _parts(random, around, quarters, 3, 60)
        fate = random.choice(FATES)
        created = around - timedelta(days=20) + timedelta(seconds=random.randrange(10**6))
        decided = created + timedelta(seconds=random.randrange(1, 10**6))
        ended = random.choice(slots)[0] + random.randrange(-8, 40) * QUARTER if fate == "ended" else None
        request = Request(fate, slots, random.choice(list(PROJECTS)), random.choice(CREATORS), created, decided, ended)
        own = {start + number * QUARTER for start, end in slots for number in range((end - start) // QUARTER)}
        if request.state in LIVE:
            if own & taken:
                continue
            taken |= own
        requests.append(request)
    windows = [_window(random, zone, part) for part in _parts(random, around, quarters, 4, quarters)]
    return Past(zone, windows, requests, _parts(random, around, quarters, 5, 50))


def _window(random: Random, zone: ZoneInfo, part: Part) -> dict[str, Any]:
    opens = random.randrange(0, 20)
    hours = {
        "daysOfWeek": random.sample(range(7), random.randint(1, 7)),
        "startTime": f"{opens:02}:30",
        "endTime": f"{opens + random.randint(1, 4):02}:15",
    }
    config = {"timeZone": zone.key, "businessHours": hours if random.random() < 0.8 else None}
    return {"start": part[0].isoformat(), "end": part[1].isoformat(), "extendedProps": {"config": config}}


async def store(rows: AsyncConnection, past: Past) -> None:
    """Writes all of it as the service would have left it."""
    provider = (await rows.execute(text(f"SELECT customer_uuid FROM offering WHERE uuid = '{PROVIDER}'"))).scalar_one()
    offering = {"uuid": past.uuid, "name": "Used", "slug": "used", "type": "Marketplace.Booking", "state": "Active"}
    own = {"customer_uuid": provider, "category_uuid": UUID(CATEGORY), "attributes": {"schedules": past.windows}}
    await rows.execute(insert(Offering).values(offering | own))
    for request in past.requests:
        await _store_request(rows, past.uuid, request)
    for start, end in past.blocked:
        await rows.execute(insert(BusySlot).values(offering_uuid=past.uuid, start=start, end=end))


async def _store_request(rows: AsyncConnection, offering: UUID, request: Request) -> None:
    of = {"offering_uuid": offering, "project_uuid": request.project, "created": request.created}
    resource = {"uuid": request.uuid, "name": "Used", "slug": f"used-{request.uuid}", "state": request.state}
    await rows.execute(insert(Resource).values(of | resource))
    live = request.state in LIVE
    for start, end in request.slots:
        slot = {"resource_uuid": request.uuid, "offering_uuid": offering, "live": live, "backend_id": "x"}
        await rows.execute(insert(Slot).values(start=start, end=end, **slot))
    by = {"resource_uuid": request.uuid, "created_by_uuid": request.creator}
    await rows.execute(insert(Order).values(of | by | {"type": "Create"} | _order(request)))
    if request.ended:
        ended = {"type": "Terminate", "state": "done", "created": request.ended, "completed_at": request.ended}
        await rows.execute(insert(Order).values(of | by | ended))
    if request.fate in ("rejected", "withdrawn", "expired"):
        user = None if request.fate == "expired" else request.creator
        change = {"from_state": "Creating", "to_state": "Terminated", "comment": "expired", "user_uuid": user}
        await rows.execute(insert(History).values(resource_uuid=request.uuid, created=request.decided, **change))


def _order(request: Request) -> dict[str, Any]:
    reviewed = {"provider_reviewed_at": request.decided, "provider_reviewed_by_uuid": CREATORS[0]}
    if request.fate in ("Creating", "Erred"):
        return {"state": "executing" if request.fate == "Creating" else "erred"}
    if request.fate in ("withdrawn", "expired"):
        return {"state": "canceled", "consumer_reviewed_at": request.decided}
    if request.fate == "by rule":
        return {"state": "done", "provider_reviewed_at": request.decided}
    return {"state": "canceled" if request.fate == "rejected" else "done", **reviewed}


KEYS: Mapping[str, Callable[[datetime], str]] = {
    "day": lambda local: f"{local:%Y-%m-%d}",
    "week": lambda local: f"{local - timedelta(days=local.weekday()):%Y-%m-%d}",
    "month": lambda local: f"{local:%Y-%m}",
    "weekday_hour": lambda local: f"{local.isoweekday() % 7}T{local:%H}",
}
PARTIES: Mapping[str, Callable[[Request], UUID]] = {
    "project": lambda request: request.project,
    "customer": lambda request: PROJECTS[request.project],
    "user": lambda request: request.creator,
}


def quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    """Each quarter of an hour of a span."""
    moment = start
    while moment < end:
        yield moment
        moment += QUARTER


def counted(past: Past, start: datetime, end: datetime, by: str) -> dict[str, dict[str, Any]]:
    """The figures of each group, and of all under an empty key."""
    hours: dict[str, list[float]] = {}
    asked: dict[str, list[Request]] = {"": []}
    for moment in quarters(start, end):
        is_open, is_blocked = past.is_open(moment), any(begin <= moment < close for begin, close in past.blocked)
        users = [each for each in past.requests if each.is_accepted and each.covers(moment)]
        key = KEYS[by](moment.astimezone(past.zone)) if by in KEYS else None
        for each in {"", *([key] if key else [])}:
            sums = hours.setdefault(each, [0, 0, 0])
            sums[0] += is_open / 4
            sums[1] += len(users) / 4
            sums[2] += is_blocked / 4
        for request in users if by in PARTIES else ():
            hours.setdefault(str(PARTIES[by](request)), [0, 0, 0])[1] += 1 / 4
    for request in past.requests:
        if start <= request.first < end:
            own = KEYS[by](request.first.astimezone(past.zone)) if by in KEYS else str(PARTIES[by](request))
            asked[""].append(request)
            asked.setdefault(own, []).append(request)
    groups = {*hours, *asked}
    zero = [0.0, 0.0, 0.0]
    whole = hours.get("", zero)
    return {
        key: _figures(
            [whole[0], hours.get(key, zero)[1], whole[2]] if by in PARTIES else hours.get(key, zero), asked.get(key, [])
        )
        for key in groups
    }


def _figures(hours: list[float], asked: list[Request]) -> dict[str, Any]:
    took = [
        (each.decided - each.created).total_seconds()
        for each in asked
        if each.fate in ("OK", "Updating", "ended", "rejected")
    ]
    return {
        "open_hours": hours[0],
        "booked_hours": hours[1],
        "blocked_hours": hours[2],
        "utilisation": round(hours[1] / hours[0], 4) if hours[0] else None,
        "bookings": sum(each.is_accepted for each in asked),
        "rejections": sum(each.fate == "rejected" for each in asked),
        "expired": sum(each.fate == "expired" for each in asked),
        "median_decision_seconds": median(took) if took else None,
    }


CHANGES = [datetime(2026, *day, tzinfo=UTC) for day in ((3, 26), (10, 22), (4, 2), (10, 1), (3, 5), (9, 3), (10, 29))]
"""Some days before clocks were changed in one of the zones."""
