"""A lively, invented data set for a first look at the service: who asks for which room, instrument or node, and when.

Uuids are derived from names, so that the examples in the documentation work on every demo; dates are relative to now.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import NamedTuple

from app.commands.demo import catalogue
from app.commands.demo.catalogue import Offering, Project, Row, identifier
from app.slots.periods import Period
from app.values import text_of


class Fate(NamedTuple):
    """How far a booking has come: its state, the state of its Create order, and type and state of a later order."""

    state: str
    order_state: str
    later_order: tuple[str, str] | None = None


WAITING = Fate("Creating", "executing")
UNAPPROVED = Fate("Creating", "pending-consumer")
ACCEPTED = Fate("OK", "done")
CHANGING = Fate("Updating", "done", ("Update", "executing"))
LEAVING = Fate("Terminating", "done", ("Terminate", "executing"))
GIVEN_UP = Fate("Terminated", "done", ("Terminate", "done"))
REJECTED = Fate("Terminated", "canceled")
FAILED = Fate("Erred", "erred")

# Taken in turn, so that every state has its share.
PAST = (ACCEPTED, ACCEPTED, GIVEN_UP, ACCEPTED, ACCEPTED, REJECTED, ACCEPTED, ACCEPTED, ACCEPTED, FAILED)
UPCOMING = (
    *(WAITING, ACCEPTED, WAITING, UNAPPROVED, ACCEPTED, WAITING, CHANGING, WAITING, ACCEPTED),
    *(WAITING, FAILED, ACCEPTED, WAITING, LEAVING, WAITING, ACCEPTED, GIVEN_UP, WAITING, ACCEPTED),
)
REASONS = ("The slot went to another group, sorry.", "The operator is on leave.", "Maintenance on that day.")
REVIEWERS = {organisation.slug: organisation.reviewer for organisation in catalogue.ORGANISATIONS}
CONSUMERS = {project.slug: project.organisation for project in catalogue.PROJECTS}


class Booking(NamedTuple):
    """One booking of the demo, from which its row and its orders are written."""

    number: int
    key: str
    name: str
    description: str
    offering: Offering
    project: str
    creator: str
    fate: Fate
    periods: list[Period]
    created: datetime
    parent: str | None = None

    @property
    def decided(self) -> datetime:
        """When the provider decided; less than a day after the request."""
        return self.created + timedelta(hours=2 + self.number % 20)

    @property
    def hours(self) -> int:
        """The booked time of all periods."""
        return sum(int((period.end - period.start).total_seconds()) // 3600 for period in self.periods)

    @property
    def cost(self) -> str | None:
        """Price per hour times hours, or the price of one unit; nothing without a plan."""
        if not self.offering.plans:
            return None
        plan = self.offering.plans[0]
        return f"{Decimal(plan.unit_price) * (self.hours if plan.unit == 'hour' else 1):.10f}"


EXAMPLE_OFFERING = "confocal-microscope"
EXAMPLE_PROJECT = "bee-connectome"


# Topic, description and fate of the last requests for the example offering: always in the weeks to come.
PINNED = (
    ("bee brains", "Whole brains, cleared, 20× air.", ACCEPTED),
    ("mushroom bodies", "Same brains, 63× oil.", WAITING),
    ("varroa mites", "Autofluorescence only.", WAITING),
)
EXAMPLE_KEYS = [f"{EXAMPLE_OFFERING}-{topic.replace(' ', '-')}" for topic, _, _ in PINNED]
EXAMPLE_BOOKING, EXAMPLE_TO_ACCEPT, EXAMPLE_TO_REJECT = (identifier("booking", key) for key in EXAMPLE_KEYS)


def demo_dataset(now: datetime) -> Row:
    """The whole demo as of `now` (with a time zone), one entry per table; the same for the same `now`."""
    now = now.astimezone(UTC).replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0)
    bookings = list(_bookings(now, midnight))
    orders = [order for booking in bookings for order in _orders(booking)]
    return {
        "_about": "Invented data for a first look. Times are UTC.",
        **catalogue.people(),
        "projects": {identifier("project", project.slug): _project(project, now) for project in catalogue.PROJECTS},
        "categories": catalogue.categories(),
        "offerings": {identifier("offering", o.slug): _offering(o, midnight) for o in catalogue.OFFERINGS},
        **catalogue.prices(),
        "resources": {identifier("booking", booking.key): _resource(booking, now) for booking in bookings},
        "orders": {uuid: {"_id": number} | order for number, (uuid, order) in enumerate(orders, start=1)},
        "media_files": {},
    }


def _sessions(offering: Offering, midnight: datetime) -> Iterator[list[Period]]:
    """Sessions one after another, never two at a time: each starts when all earlier ones have ended, or later."""
    chance = Random(offering.slug)
    days = range(-35, -4) if offering.paused_reason else range(-35, 43)
    free_from = midnight + timedelta(days=days.start)
    for day in sorted({*chance.sample(days, 9), min(0, days.stop - 1)}):
        start = max(free_from, midnight + timedelta(days=day, hours=offering.opens))
        for _ in range(chance.choice(offering.a_day)):
            length = timedelta(hours=chance.choice(offering.hours))
            session = [Period(start, start + length)]
            if chance.random() < 0.1:
                after_break = start + length + timedelta(minutes=30)
                session.append(Period(after_break, after_break + length))
            yield session
            start = free_from = session[-1].end


def _bookings(now: datetime, midnight: datetime) -> Iterator[Booking]:
    numbers = count(1)
    for offering in catalogue.OFFERINGS:
        sessions = list(_sessions(offering, midnight))
        for index, periods in enumerate(sessions):
            booking = _booking(next(numbers), offering, index, periods, now)
            if offering.slug == EXAMPLE_OFFERING and index >= len(sessions) - len(PINNED):
                booking = _pinned(booking, len(sessions) - 1 - index)
            yield booking
            if index % 8 == 1 and booking.fate is ACCEPTED:
                rival = _booking(next(numbers), offering, index, periods, now)
                yield rival._replace(key=f"{rival.key}-rival", fate=REJECTED, parent=None)


def _pinned(booking: Booking, place: int) -> Booking:
    topic, description, fate = PINNED[place]
    named = booking._replace(key=EXAMPLE_KEYS[place], name=f"Confocal session: {topic}", description=description)
    return named._replace(fate=fate, project=EXAMPLE_PROJECT, creator="creator")


def _booking(number: int, offering: Offering, index: int, periods: list[Period], now: datetime) -> Booking:
    start, end = periods[0].start, periods[-1].end
    created = min(start, now) - timedelta(days=1 + number * 7 % 19, minutes=number * 37 % 600)
    name, description, project = offering.requests[number % len(offering.requests)]
    creators = catalogue.BOOKERS[project]
    fate = PAST[number % len(PAST)] if end <= now else UPCOMING[number % len(UPCOMING)]
    if start <= now < end:
        fate = ACCEPTED
    key, parent = f"{offering.slug}-{index}", f"{offering.slug}-0" if index % 7 == 6 else None
    creator = creators[number % len(creators)]
    return Booking(number, key, name, description, offering, project, creator, fate, periods, created, parent)


def _resource(booking: Booking, now: datetime) -> Row:
    offering, end = booking.offering, booking.periods[-1].end
    accepted, held = booking.fate.order_state == "done", booking.fate is ACCEPTED and end <= now
    last_day = (end + timedelta(days=14)).date().isoformat() if booking.fate is ACCEPTED and not held else None
    summary = {"header": "Summary", "body": f"{booking.hours} h used.\nNothing broken."}
    used = [component for component in offering.components if held and component.billing_type == "usage"]
    return {
        "_id": booking.number,
        **{"name": booking.name, "slug": booking.key, "description": booking.description},
        "state": booking.fate.state,
        "attributes": _attributes(booking),
        "current_usages": {component.type: booking.hours for component in used},
        "cost": booking.cost,
        **{"backend_id": f"event:{booking.key}" if accepted else "", "effective_id": ""},
        "backend_metadata": _backend_metadata(booking, now) if accepted and booking.fate is not GIVEN_UP else {},
        "report": [summary] if held and booking.number % 3 else None,
        "options": {"catering": booking.number % 2 == 0} if offering.category == "rooms" else None,
        **{"end_date": last_day, "end_date_requested_by": last_day and identifier("user", booking.creator)},
        "downscaled": bool(offering.host) and booking.number % 5 == 0,
        **{"restrict_member_access": not offering.shared, "paused": booking.fate is CHANGING},
        **_failure(booking.fate is FAILED),
        **_belongings(booking),
        "parent": booking.parent and identifier("booking", booking.parent),
        "created": text_of(booking.created),
        "modified": text_of(booking.decided + timedelta(hours=1)),
        "slots": _slots(booking),
        "endpoints": _endpoints(booking) if accepted and offering.host else [],
    }


def _slots(booking: Booking) -> list[Row]:
    named = [(f"booking_{booking.key}_{number}", period) for number, period in enumerate(booking.periods, start=1)]
    return [{"start": text_of(each.start), "end": text_of(each.end), "backend_id": name} for name, each in named]


def _failure(failed: bool) -> Row:
    message, traceback = "The calendar did not answer.", "TimeoutError: no answer within 30 s"
    return {"error_message": message if failed else "", "error_traceback": traceback if failed else ""}


def _attributes(booking: Booking) -> Row:
    schedules = [_schedule(f"period-{n}", period) for n, period in enumerate(booking.periods, start=1)]
    described: Row = {"description": booking.description} if booking.description else {}
    return described | {"name": booking.name, "schedules": schedules}


def _belongings(booking: Booking) -> Row:
    offering, plan = booking.offering, booking.offering.plans[:1]
    return {
        "offering": identifier("offering", offering.slug),
        "plan": identifier("plan", f"{offering.slug}/{plan[0].name}") if plan else None,
        "project": identifier("project", booking.project),
        "limits": {c.type: 10 + booking.number for c in offering.components if c.billing_type == "limit"},
    }


def _backend_metadata(booking: Booking, now: datetime) -> Row:
    if booking.offering.category == "rooms":
        return {}
    started, ended = booking.periods[0].start <= now, booking.periods[-1].end <= now
    metadata: Row = {"runtime_state": "finished" if ended else "running" if started else "reserved"}
    host, n = booking.offering.host, booking.number % 250
    network = {"external_ips": [f"192.0.2.{n}"], "internal_ips": [f"10.7.0.{n}"], "hypervisor_hostname": host}
    return metadata | network if host else metadata


def _endpoints(booking: Booking) -> list[Row]:
    host = booking.offering.host
    urls = {"SSH": f"ssh://{host}", "Notebook": f"https://{host}/notebooks/{booking.number}"}
    return [{"uuid": identifier("endpoint", f"{booking.key}/{n}"), "name": n, "url": url} for n, url in urls.items()]


def _orders(booking: Booking) -> Iterator[tuple[str, Row]]:
    yield _order(booking, "Create", booking.fate.order_state, booking.created)
    if booking.fate.later_order:
        kind, state = booking.fate.later_order
        yield _order(booking, kind, state, booking.decided + timedelta(minutes=30))


def _order(booking: Booking, kind: str, state: str, created: datetime) -> tuple[str, Row]:
    approved, decided, activated = state != "pending-consumer", state in ("done", "canceled"), state == "done"
    approval = created + timedelta(minutes=15)
    decision = booking.decided if kind == "Create" else created + timedelta(minutes=30)
    belongings, reason = _belongings(booking), REASONS[booking.number % len(REASONS)] if state == "canceled" else None
    row = {
        "resource": identifier("booking", booking.key),
        **belongings,
        "old_plan": belongings["plan"] if kind == "Update" else None,
        **{"type": kind, "state": state},
        "attributes": _attributes(booking) if kind == "Create" else {},
        "cost": booking.cost,
        "output": "Entered in the calendar." if kind == "Create" and activated else "",
        **_failure(state == "erred"),
        "activated": text_of(decision) if activated else None,
        "created_by": identifier("user", booking.creator),
        **_review("consumer", CONSUMERS[booking.project], approval, approved),
        **_review("provider", booking.offering.organisation, decision, decided),
        "callback_url": None,
        "termination_comment": "No longer needed." if kind == "Terminate" else reason,
        "backend_id": "",
        "created": text_of(created),
        "modified": text_of(decision if decided else approval if approved else created),
    }
    return identifier("order", f"{booking.key}/{kind}"), row


def _review(side: str, organisation: str, at: datetime, reviewed: bool) -> Row:
    reviewer = identifier("user", REVIEWERS[organisation]) if reviewed else None
    return {f"{side}_reviewed_by": reviewer, f"{side}_reviewed_at": text_of(at) if reviewed else None}


def _project(project: Project, now: datetime) -> Row:
    ends = None if project.ends_in is None else (now + timedelta(days=project.ends_in)).date().isoformat()
    row: Row = {"name": project.name, "slug": project.slug, "description": project.description}
    row |= {"customer": identifier("customer", project.organisation), "is_removed": False} | catalogue.STAMPS
    requester = ends and identifier("user", REVIEWERS[project.organisation])
    return row | {"start_date": None, "end_date": ends, "end_date_requested_by": requester}


def _offering(offering: Offering, midnight: datetime) -> Row:
    latitude, longitude = offering.place or (None, None)
    window = _schedule("open", Period(midnight - timedelta(days=400), datetime(2100, 1, 1, tzinfo=UTC)))
    lexis = {"heappe_url": f"https://{offering.host}/heappe"} if offering.supports_lexis else {}
    row: Row = {"name": offering.name, "slug": offering.slug, "description": offering.description}
    row |= {"type": "Marketplace.Booking", "shared": offering.shared, "billable": offering.billable}
    row |= {"state": "Paused" if offering.paused_reason else "Active", "paused_reason": offering.paused_reason}
    row |= {"plugin_options": lexis, "attributes": {"schedules": [window]}, "options": {}, "backend_id": ""}
    row |= {"terms_of_service": offering.terms, "thumbnail": "", "image": ""}
    row |= {"latitude": latitude, "longitude": longitude, "category": identifier("category", offering.category)}
    row |= {"customer": identifier("customer", offering.organisation)} | catalogue.STAMPS
    return row | {"parent": offering.parent and identifier("offering", offering.parent)}


def _schedule(name: str, period: Period) -> Row:
    start, end = (f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" for moment in (period.start, period.end))
    return {"id": name, "start": start, "end": end}
