"""In what order a request is decided: who asks for what, is it possible, is it free, does the consumer agree."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import PostgresError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import booking_scopes
from app.api.parameters import uuid_at
from app.auth import Caller
from app.database.locks import Lock, attempt, give_up_attempt
from app.errors import Invalid, sqlstate
from app.lifecycle.permissions import approves_for
from app.lifecycle.service import Actor, InvalidState, accept_by_rule, apply, decide
from app.lifecycle.transitions import APPROVE, START, Transition
from app.models.enums import OrderState, Permission, RequestType
from app.orders import repository, rules
from app.orders.repository import ORDERS, PlacedOrder
from app.orders.rules import RequestedOffering, RequestingProject
from app.orders.schemas import ORDER_CREATE, OrderCreateRequest
from app.query.fieldset import Context, Item
from app.slots.conflicts import PeriodTaken, check_free
from app.slots.periods import RequestedPeriod
from app.slots.repository import holders
from app.slots.rules import rules_of
from app.telemetry import events
from app.values import PLAIN_UUID, slug_of

EXCLUSION_VIOLATION, DEADLOCK = "23P01", "40P01"
_UNKNOWN = ["Invalid hyperlink - Object does not exist."]


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request that breaks no rule by itself: whom it concerns, its periods, and what is stored of it."""

    offering: RequestedOffering
    project: RequestingProject
    periods: list[RequestedPeriod]
    values: Mapping[str, object]


async def create(connection: AsyncConnection, context: Context, asked: OrderCreateRequest, zone: ZoneInfo) -> Item:
    """Places a request: the booking, its slots and its order, at once; raises Invalid, RuleBroken or PeriodTaken.

    `zone` is that of weekly hours that do not say theirs.
    """
    request, uuid, booking = await _store(connection, context.caller, asked, zone)
    offering, caller = request.offering.uuid, context.caller.uuid
    events.note(connection, events.CREATE, booking=booking, offering=offering, caller=caller)
    if request.values["state"] == OrderState.EXECUTING:
        await _accept_by_rule(connection, context.caller, request, uuid)
    return (await ORDER_CREATE.read(connection, context, [uuid]))[uuid]


async def _checked(connection: AsyncConnection, caller: Caller, asked: OrderCreateRequest, zone: ZoneInfo) -> _Request:
    """The request by what is read of its offering and project now; raises Invalid or RuleBroken."""
    now = datetime.now(UTC)
    offering, project, plan, cost = await _parties(connection, caller, asked)
    rules.check_form(offering, asked.limits, bool(asked.accepting_terms_of_service))
    rules.check_parties(offering, project, now.date())
    name, end_date = rules.check_name(asked.attributes), rules.check_end_date(asked.attributes)
    periods = rules.check_periods(asked.attributes, offering, now, zone)
    values = {
        "offering_uuid": offering.uuid,
        "project_uuid": project.uuid,
        "plan_uuid": plan,
        "cost": cost,
        "attributes": asked.attributes,
        "created": now,
        "modified": now,
        "name": name,
        "stem": slug_of(name, 8).strip("-") or "booking",
        "end_date": end_date,
        "end_date_requested_by_uuid": caller.uuid if end_date else None,
        "turnaround": periods[0].turnaround or None,
    }
    order = _order(caller, asked, offering, project, now)
    return _Request(offering=offering, project=project, periods=periods, values=values | order)


async def _parties(
    connection: AsyncConnection, caller: Caller, asked: OrderCreateRequest
) -> tuple[RequestedOffering, RequestingProject, UUID | None, Decimal | None]:
    """The offering, project and plan that a request names, and what that plan costs; raises Invalid, all at once."""
    wrong: dict[str, list[str]] = {}
    offering = uuid_at(asked.offering, "marketplace-public-offerings", "marketplace-provider-offerings")
    plan = uuid_at(asked.plan or "", f"marketplace-public-offerings/{PLAIN_UUID}/plans", "marketplace-plans")
    found = await repository.parties(connection, caller, offering, uuid_at(asked.project, "projects"), plan)
    if asked.plan and found.offering and found.plan is None:
        wrong["plan"] = ["This plan is not available for selected offering."]
    if asked.type != RequestType.CREATE:
        wrong["type"] = [f"A new booking is asked for with type {RequestType.CREATE}."]
    if found.offering is None or found.project is None or wrong:
        named = {"offering": found.offering, "project": found.project}
        raise Invalid(wrong | {member: _UNKNOWN for member, row in named.items() if row is None})
    return found.offering, found.project, found.plan, found.cost


def _order(
    caller: Caller, asked: OrderCreateRequest, offering: RequestedOffering, project: RequestingProject, now: datetime
) -> dict[str, object]:
    reviewed = _is_approved_at_once(caller, offering, project)
    state = OrderState.PENDING_CONSUMER
    if reviewed:
        state = _after_review(project.start_date, asked.start_date, now.date())
    return {
        "type": RequestType.CREATE,
        "state": state,
        "created_by_uuid": caller.uuid,
        "consumer_reviewed_by_uuid": caller.uuid if reviewed else None,
        "consumer_reviewed_at": now if reviewed else None,
        "callback_url": asked.callback_url,
        "request_comment": asked.request_comment,
        "start_date": asked.start_date,
    }


def _is_approved_at_once(caller: Caller, offering: RequestedOffering, project: RequestingProject) -> bool:
    """Whether the consumer need not be asked. Rule: contract, 8.4."""
    own = offering.provider == project.consumer
    if own and offering.shared and offering.plugin_options.get("auto_approve_in_service_provider_projects") is True:
        return True
    private = not offering.shared and not offering.billable
    if private and caller.may(Permission.APPROVE_PRIVATE_ORDER, project.uuid, project.consumer):
        return True
    return approves_for(caller, project.uuid, project.consumer)


def _after_review(project_starts: date | None, order_starts: date | None, today: date) -> OrderState:
    """What an approved order waits for: its project, then its own day, then the provider. Rule: contract, 8.4."""
    if project_starts is not None and project_starts > today:
        return OrderState.PENDING_PROJECT
    if order_starts is not None and order_starts > today:
        return OrderState.PENDING_START_DATE
    return OrderState.EXECUTING


async def _store(
    connection: AsyncConnection, caller: Caller, asked: OrderCreateRequest, zone: ZoneInfo
) -> tuple[_Request, UUID, UUID]:
    """Stores the request unless a period is taken; with it, the uuids of its order and booking.

    PostgreSQL has the last word; a deadlock is tried once more. If the offering was changed before the lock was had,
    all is checked again by what it is then.
    """
    request = await _checked(connection, caller, asked, zone)
    for last in (False, True):
        try:
            still = repository.unchanged(request.offering)
            if not await attempt(connection, Lock.PERIODS, request.offering.uuid, still):
                request = await _checked(connection, caller, asked, zone)
            await _check_limits(connection, caller, request)
            await _check_free(connection, caller, request)
            periods = [item.period for item in request.periods]
            return request, *await repository.store(connection, periods, **request.values)
        except PostgresError as error:
            state = sqlstate(error)
            if state not in (EXCLUSION_VIOLATION, DEADLOCK):
                raise
            await give_up_attempt(connection)
            if state == EXCLUSION_VIOLATION:
                await _check_free(connection, caller, request)
                raise PeriodTaken(request.periods[0], []) from None
            if last:
                raise
    raise AssertionError("not reached")


async def _check_limits(connection: AsyncConnection, caller: Caller, request: _Request) -> None:
    """Counts under the lock that rivals wait for, so that none of them can pass a limit."""
    found = rules_of(request.offering.rules)
    if found.limits:
        counted = await repository.open_periods(connection, request.offering.uuid, request.project.uuid, caller.uuid)
        rules.check_limits(found, len(request.periods), *counted)


async def _accept_by_rule(connection: AsyncConnection, caller: Caller, request: _Request, order: UUID) -> None:
    """Accepts a request at once whose creator has a role for which the offering's rules say so."""
    roles = rules_of(request.offering.rules).auto_accept
    if caller.holding(*roles).isdisjoint((request.project.uuid, request.project.consumer)):
        return
    placed = await repository.placed(connection, caller, order)
    if placed is not None:
        await accept_by_rule(connection, placed.booking, order)


async def _check_free(connection: AsyncConnection, caller: Caller, request: _Request) -> None:
    periods = [item.held for item in request.periods]
    found = await holders(connection, request.offering.uuid, periods, visible_to=booking_scopes(caller))
    check_free(request.periods, found)


async def review(connection: AsyncConnection, caller: Caller, uuid: UUID, transition: Transition) -> None:
    """Decides on a request for the consumer; raises NotFound, Forbidden, RuleBroken or InvalidState.

    An order of another type is not decided on here (decision 31).
    """
    order = await repository.placed(connection, caller, uuid)
    if order is None:
        raise ORDERS.not_found()
    becomes = _after_waiting(order) if transition is APPROVE else None
    await decide(connection, caller, order.booking, order, transition, becomes)


def _after_waiting(order: PlacedOrder) -> OrderState:
    return _after_review(order.project_starts, order.starts, order.today)


async def start_due(connection: AsyncConnection, most: int) -> int:
    """Hands so many orders over to the provider whose day, or whose project's, has come; returns how many it found."""
    found = await repository.due(connection, most)
    for order in found:
        with suppress(InvalidState):  # decided on just now
            async with connection.begin_nested():
                becomes = _after_waiting(order)
                await apply(connection, START, order.booking, START.sources[0], Actor(), order.uuid, becomes)
    return len(found)
