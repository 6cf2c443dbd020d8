"""How much an offering was used, added up by PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Interval,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import provided_offerings
from app.auth import Caller
from app.columns import Expression, Statement, columns_of, read_one
from app.models import BusySlot, Customer, History, Offering, Order, Project, Resource, Slot, User
from app.models.enums import OrderState, RequestType, ResourceState
from app.query.joins import with_joins
from app.relations import BOOKING_RELATIONS, CreationOrder, full_name
from app.slots.periods import Period
from app.values import JsonObject

MOST_GROUPS = 5_000
"""How many projects, organisations or users are told of at most."""
_MOMENT = DateTime(timezone=True)
_PARTIES: Mapping[str, Expression] = {
    "project": Resource.project_uuid,
    "customer": Project.customer_uuid,
    "user": CreationOrder.created_by_uuid,
}
PARTIES = frozenset(_PARTIES)
"""What figures may be told apart by that is no time."""
_NO_KEY = cast(null(), Uuid())


@dataclass(frozen=True, kw_only=True)
class UsedOffering:
    """An offering, with what says when it is open."""

    uuid: Annotated[UUID, Offering.uuid]
    attributes: Annotated[JsonObject, Offering.attributes]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A span in cells: where each begins, with the end of the last one, and the group that each is of."""

    bounds: Sequence[datetime]
    groups: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What is added up of a group, of which `key` is the number or the UUID, or of all (`is_total`)."""

    key: int | UUID | None
    name: str | None
    is_total: bool
    open: timedelta
    booked: timedelta
    blocked: timedelta
    bookings: int
    rejections: int
    expired: int
    decision: float | None


async def offering(connection: AsyncConnection, caller: Caller, uuid: UUID) -> UsedOffering | None:
    """The offering, if the caller is on its provider's side."""
    statement = select(*columns_of(UsedOffering).values())
    return await read_one(connection, UsedOffering, statement.where(Offering.uuid == uuid, provided_offerings(caller)))


async def usage(
    connection: AsyncConnection, offering: UUID, span: Period, is_open: Sequence[Period], by: Grid | str
) -> list[Sums]:
    """The sums of all groups in which there is something, the most booked ones first, and before them of all.

    `by` gives the cells of time, or names one of `PARTIES`.
    """
    party = None if isinstance(by, Grid) else by
    requests = _requests(offering, span, party)
    parts = union_all(_open(is_open), _booked(requests, span), _blocked(offering, span)).cte("parts")
    told = union_all(_lengths(parts, by), _counted(requests, span, by)).cte("told")
    rows = (await connection.execute(_added_up(told, party))).mappings()
    return [Sums(**row) for row in rows]


def _ended() -> ColumnElement[datetime]:
    """When a booking that is or will be no more was terminated."""
    own = Order.resource_uuid == Resource.uuid, Order.type == RequestType.TERMINATE, Order.state == OrderState.DONE
    told = select(func.max(Order.completed_at)).where(*own).scalar_subquery()
    over = Resource.state.in_((ResourceState.TERMINATED, ResourceState.TERMINATING))
    return case((over, func.coalesce(told, Resource.modified)))


def _became() -> dict[str, Expression]:
    """What became of a request, in the state that it is in now."""
    undone = and_(Resource.state == ResourceState.TERMINATED, CreationOrder.state == OrderState.CANCELED)
    by_itself = exists().where(
        History.resource_uuid == Resource.uuid,
        History.user_uuid.is_(None),
        History.from_state == ResourceState.CREATING,
        History.to_state == ResourceState.TERMINATED,
    )
    took = func.extract("epoch", CreationOrder.provider_reviewed_at - CreationOrder.created)
    return {
        "accepted": or_(
            Resource.state.in_((ResourceState.OK, ResourceState.UPDATING, ResourceState.TERMINATING)),
            and_(Resource.state == ResourceState.TERMINATED, CreationOrder.state == OrderState.DONE),
        ),
        "rejected": and_(undone, CreationOrder.provider_reviewed_at.is_not(None)),
        "expired": and_(undone, by_itself),
        "decision": case((CreationOrder.provider_reviewed_by_uuid.is_not(None), cast(took, Double))),
    }


def _requests(offering: UUID, span: Period, party: str | None) -> CTE:
    """Requests whose first period is within the span, and those before that reach into it, with what became of them."""
    reaches = exists().where(Slot.resource_uuid == Resource.uuid, Slot.end > span.start)
    key = _PARTIES[party] if party else _NO_KEY
    told = {"key": key, "ended": _ended(), **_became()}
    columns = [Resource.uuid, Resource.first_start, *(each.label(name) for name, each in told.items())]
    statement = with_joins(select(*columns), Resource, BOOKING_RELATIONS, columns).where(
        Resource.offering_uuid == offering,
        Resource.is_booking,
        Resource.first_start < span.end,
        or_(Resource.first_start >= span.start, reaches),
    )
    return statement.cte("requests")


def _ranges(periods: Sequence[Period]) -> list[Range[datetime]]:
    return [Range(each.start, each.end) for each in periods]


def _open(is_open: Sequence[Period]) -> Statement:
    period = func.unnest(literal(_ranges(is_open), ARRAY(TSTZRANGE))).column_valued("period")
    return select(literal("open").label("kind"), _NO_KEY.label("key"), period.label("period"))


def _booked(requests: CTE, span: Period) -> Statement:
    """The time of accepted bookings within the span, that of each in as few periods as possible."""
    end = func.least(Slot.end, requests.c.ended)
    within = func.tstzrange(func.greatest(Slot.start, span.start), func.least(end, span.end), type_=TSTZRANGE())
    joined = (
        select(requests.c.uuid, requests.c.key, func.range_agg(within, type_=TSTZMULTIRANGE()).label("periods"))
        .join(Slot, Slot.resource_uuid == requests.c.uuid)
        .where(requests.c.accepted, Slot.start < span.end, end > span.start, Slot.start < end)
        .group_by(requests.c.uuid, requests.c.key)
        .subquery("joined")
    )
    return select(literal("booked"), joined.c.key, func.unnest(joined.c.periods))


def _blocked(offering: UUID, span: Period) -> Statement:
    asked = literal(Range(span.start, span.end), TSTZRANGE())
    own = func.tstzrange(BusySlot.start, BusySlot.end, type_=TSTZRANGE())
    touched = own.op("&&", is_comparison=True)(asked)
    periods = func.range_agg(own * asked, type_=TSTZMULTIRANGE())
    return select(literal("blocked"), _NO_KEY, func.unnest(periods)).where(BusySlot.offering_uuid == offering, touched)


def _lengths(parts: CTE, by: Grid | str) -> Statement:
    """How long each part is, within each cell that it touches."""
    start, end = func.lower(parts.c.period, type_=_MOMENT), func.upper(parts.c.period, type_=_MOMENT)
    if isinstance(by, str):
        return select(parts.c.key.label("key"), parts.c.kind, (end - start).label("length"), *_NOTHING.values())
    bounds = literal(list(by.bounds), ARRAY(_MOMENT))
    grid = select(bounds.label("bounds"), literal(list(by.groups), ARRAY(Integer)).label("groups")).cte("grid")
    first, last = (func.width_bucket(moment, grid.c.bounds) for moment in (start, end))
    series = func.generate_series(first, func.least(last, len(by.groups)))
    touched = series.table_valued(column("cell", Integer), name="touched").render_derived()
    cell = touched.c.cell
    length = func.least(end, grid.c.bounds[cell + 1]) - func.greatest(start, grid.c.bounds[cell])
    columns = grid.c.groups[cell].label("key"), parts.c.kind, length.label("length"), *_NOTHING.values()
    return select(*columns).select_from(parts).join(grid, true()).join(touched, true())


_NOTHING: Mapping[str, Expression] = {
    **{name: literal(False).label(name) for name in ("accepted", "rejected", "expired")},
    "decision": cast(null(), Double).label("decision"),
}


def _counted(requests: CTE, span: Period, by: Grid | str) -> Statement:
    """What became of the requests whose first period is within the span."""
    key: Expression = requests.c.key
    if isinstance(by, Grid):
        cell = func.width_bucket(requests.c.first_start, literal(list(by.bounds), ARRAY(_MOMENT)))
        groups = select(literal(list(by.groups), ARRAY(Integer)).label("groups")).subquery("grouped")
        key = select(groups.c.groups[cell]).scalar_subquery()
    told = (requests.c[name] for name in _NOTHING)
    return select(key, literal("request"), cast(null(), Interval), *told).where(requests.c.first_start >= span.start)


def _added_up(told: CTE, party: str | None) -> Statement:
    none = literal(timedelta(), Interval())
    sums = {
        name: func.coalesce(func.sum(told.c.length).filter(told.c.kind == name), none)
        for name in ("open", "booked", "blocked")
    }
    counts = {
        "bookings": func.count().filter(told.c.accepted),
        "rejections": func.count().filter(told.c.rejected),
        "expired": func.count().filter(told.c.expired),
        "decision": func.percentile_cont(0.5).within_group(told.c.decision),
    }
    columns: dict[str, Expression] = {"key": told.c.key, "is_total": func.grouping(told.c.key) == 1, **sums, **counts}
    statement: Statement = select(*(each.label(name) for name, each in columns.items()))
    added = statement.group_by(func.grouping_sets(tuple_(told.c.key), tuple_())).subquery("added")
    of_somebody = or_(added.c.is_total, added.c.key.is_not(None), added.c.booked > none, added.c.bookings > 0)
    order = added.c.is_total.desc(), added.c.booked.desc(), added.c.key
    return select(added, _name(added.c.key, party)).where(of_somebody).order_by(*order).limit(MOST_GROUPS + 1)


def _name(key: Expression, party: str | None) -> Expression:
    names: Mapping[str, Statement] = {
        "project": select(Project.name).where(Project.uuid == key),
        "customer": select(Customer.name).where(Customer.uuid == key),
        "user": select(full_name(User)).where(User.uuid == key),
    }
    return (names[party].scalar_subquery() if party else cast(null(), Text)).label("name")
