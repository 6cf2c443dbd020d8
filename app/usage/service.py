"""How much an offering was used: what is looked at, in which groups, and the figures of each. Rule: contract, 9.11."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.errors import Invalid, NotFound
from app.slots.clocks import cells, local_zone, midnight
from app.slots.opening import Opening
from app.slots.periods import Period
from app.usage import repository
from app.usage.repository import PARTIES, Grid, Sums
from app.usage.schemas import Asked, Figures, Group, GroupBy, Usage

USUAL_SPAN = timedelta(days=30)
LONGEST_SPAN = timedelta(days=366)
OFFERING = "Offering"
"""What error messages call an offering."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_KEYS: dict[str, tuple[timedelta, Callable[[datetime], str]]] = {
    GroupBy.DAY: (_DAY, lambda local: local.date().isoformat()),
    GroupBy.WEEK: (_DAY, lambda local: (local.date() - local.weekday() * _DAY).isoformat()),
    GroupBy.MONTH: (_DAY, lambda local: local.date().isoformat()[:7]),
    GroupBy.WEEKDAY_HOUR: (_HOUR, lambda local: f"{local.isoweekday() % 7}T{local.hour:02}"),
}
"""Of groups of time: by which steps of the local clock they go, and their keys."""


async def usage(connection: AsyncConnection, caller: Caller, uuid: UUID, asked: Asked, usual: ZoneInfo) -> Usage:
    """The figures of an offering; raises NotFound for all but its provider's side, or Invalid.

    `usual` is the time zone of what does not say its own.
    """
    offering = await repository.offering(connection, caller, uuid)
    if offering is None:
        raise NotFound.of(OFFERING)
    zone = local_zone(offering.attributes, usual)
    span = _span(asked, zone, datetime.now(UTC))
    by = GroupBy(asked.group_by or GroupBy.DAY)
    is_open = Opening(offering.attributes, usual).within(span)
    keys, grid = ([], None) if by in PARTIES else _grid(by, zone, span)
    total, *groups = await repository.usage(connection, uuid, span, is_open, grid or str(by))
    told = _of_parties(total, groups) if grid is None else _of_time(by, keys, groups)
    return Usage(
        offering_uuid=uuid,
        start=span.start,
        end=span.end,
        time_zone=zone.key,
        group_by=by,
        total=Figures(**_figures(total)),
        groups=told,
    )


def _span(asked: Asked, zone: ZoneInfo, now: datetime) -> Period:
    """What to look at; raises Invalid."""
    start, end = (_moment(each, zone) for each in (asked.start, asked.end))
    if end is None:
        end = now if start is None else start + USUAL_SPAN
    if start is None:
        start = end - USUAL_SPAN
    if start >= end:
        raise Invalid({"end": ["Must be after start."]})
    if _shown(end, zone) - _shown(start, zone) > LONGEST_SPAN:
        raise Invalid({"end": [f"Must be at most {LONGEST_SPAN.days} days after start."]})
    return Period(start, end)


def _moment(given: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    return given if given is None or isinstance(given, datetime) else midnight(given, zone)


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the local clock shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _grid(by: str, zone: ZoneInfo, span: Period) -> tuple[Sequence[str], Grid]:
    """The keys of all groups, in their order, and the cells, which tell their groups by the place in that."""
    step, key = _KEYS[by]
    bounds, of_cells = cells(zone, span, step, key)
    keys = sorted(set(of_cells))
    places = {each: place for place, each in enumerate(keys)}
    return keys, Grid(bounds=bounds, groups=[places[each] for each in of_cells])


def _of_time(by: str, keys: Sequence[str], found: Sequence[Sums]) -> list[Group]:
    """All groups, those in which there is nothing too."""
    sums = {each.key: each for each in found}
    return [_group(key, by, _figures(sums.get(place))) for place, key in enumerate(keys)]


def _group(key: str, by: str, figures: dict[str, Any]) -> Group:
    weekday, hour = map(int, key.split("T")) if by == GroupBy.WEEKDAY_HOUR else (None, None)
    return Group(key=key, name=None, weekday=weekday, hour=hour, **figures)


def _of_parties(total: Sums, found: Sequence[Sums]) -> list[Group]:
    """Each with the open and blocked time of all, of which theirs is a share."""
    return [
        Group(
            key=None if each.key is None else str(each.key),
            name=each.name,
            weekday=None,
            hour=None,
            **_figures(each, of=total),
        )
        for each in found
    ]


def _figures(sums: Sums | None, of: Sums | None = None) -> dict[str, Any]:
    whole, none = of or sums, timedelta()
    is_open, blocked = (whole.open, whole.blocked) if whole else (none, none)
    booked = sums.booked if sums else none
    return {
        "open_hours": round(is_open / _HOUR, 4),
        "booked_hours": round(booked / _HOUR, 4),
        "blocked_hours": round(blocked / _HOUR, 4),
        "utilisation": round(booked / is_open, 4) if is_open else None,
        "bookings": sums.bookings if sums else 0,
        "rejections": sums.rejections if sums else 0,
        "expired": sums.expired if sums else 0,
        "median_decision_seconds": sums.decision if sums else None,
    }
