"""In what order a request is decided: who asks for what, is it possible, is it free, does the consumer agree."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import visible_bookings
from app.api.parameters import uuid_at
from app.auth import Caller
from app.errors import Invalid, sqlstate
from app.lifecycle.permissions import approves_for
from app.lifecycle.service import Actor, apply, decide
from app.lifecycle.transitions import APPROVE, START, Transition
from app.locks import Lock, wait_for
from app.models.enums import OrderState, Permission, RequestType, ResourceState
from app.orders import repository, rules
from app.orders.repository import ORDERS, PlacedOrder
from app.orders.rules import RequestedOffering, RequestingProject
from app.orders.schemas import ORDER_CREATE, OrderCreateRequest
from app.query.fieldset import Context, Item
from app.slots.conflicts import PeriodTaken, check_free
from app.slots.periods import RequestedPeriod
from app.slots.repository import holders
from app.values import PLAIN_UUID, slug_of

EXCLUSION_VIOLATION, DEADLOCK = "23P01", "40P01"
_UNKNOWN = ["Invalid hyperlink - Object does not exist."]


async def create(connection: AsyncConnection, context: Context, asked: OrderCreateRequest) -> Item:
    """Places a request: the booking, its slots and its order, at once; raises Invalid, RuleBroken or PeriodTaken."""
    caller, now = context.caller, datetime.now(UTC)
    offering, project, plan = await _parties(connection, caller, asked)
    rules.check_form(offering, asked.limits, bool(asked.accepting_terms_of_service))
    rules.check_parties(offering, project, now.date())
    name, end_date = rules.check_name(asked.attributes), rules.check_end_date(asked.attributes)
    periods = rules.check_periods(asked.attributes, offering, now)
    resource = {
        "offering_uuid": offering.uuid,
        "project_uuid": project.uuid,
        "plan_uuid": plan,
        "name": name,
        "slug": await repository.next_slug(connection, slug_of(name, 8).strip("-") or "booking"),
        "state": ResourceState.CREATING,
        "attributes": asked.attributes,
        "cost": await repository.cost(connection, plan),
        "end_date": end_date,
        "end_date_requested_by_uuid": caller.uuid if end_date else None,
        "created": now,
        "modified": now,
    }
    order = _order(caller, asked, offering, project, now) | {"plan_uuid": plan, "cost": resource["cost"]}
    uuid = await _store(connection, caller, offering, periods, resource, order)
    return (await ORDER_CREATE.read(connection, context, [uuid]))[uuid]


async def _parties(
    connection: AsyncConnection, caller: Caller, asked: OrderCreateRequest
) -> tuple[RequestedOffering, RequestingProject, UUID | None]:
    """The offering, project and plan that a request names; raises Invalid, all at once."""
    wrong: dict[str, list[str]] = {}
    offering = project = None
    if uuid := uuid_at(asked.offering, "marketplace-public-offerings", "marketplace-provider-offerings"):
        offering = await repository.offering(connection, caller, uuid)
    if uuid := uuid_at(asked.project, "projects"):
        project = await repository.project(connection, caller, uuid)
    plan = None
    if asked.plan and offering:
        plan = uuid_at(asked.plan, f"marketplace-public-offerings/{PLAIN_UUID}/plans", "marketplace-plans")
        if plan is None or not await repository.plan_of(connection, offering.uuid, plan):
            wrong["plan"] = ["This plan is not available for selected offering."]
    if asked.type != RequestType.CREATE:
        wrong["type"] = [f"A new booking is asked for with type {RequestType.CREATE}."]
    if offering is None or project is None or wrong:
        found = {"offering": offering, "project": project}
        raise Invalid(wrong | {member: _UNKNOWN for member, row in found.items() if row is None})
    return offering, project, plan


def _order(
    caller: Caller, asked: OrderCreateRequest, offering: RequestedOffering, project: RequestingProject, now: datetime
) -> dict[str, object]:
    reviewed = _is_approved_at_once(caller, offering, project)
    state = OrderState.PENDING_CONSUMER
    if reviewed:
        state = _after_review(project.start_date, asked.start_date, now.date())
    return {
        "offering_uuid": offering.uuid,
        "project_uuid": project.uuid,
        "type": RequestType.CREATE,
        "state": state,
        "attributes": asked.attributes,
        "created_by_uuid": caller.uuid,
        "consumer_reviewed_by_uuid": caller.uuid if reviewed else None,
        "consumer_reviewed_at": now if reviewed else None,
        "callback_url": asked.callback_url,
        "request_comment": asked.request_comment,
        "start_date": asked.start_date,
        "created": now,
        "modified": now,
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
    connection: AsyncConnection,
    caller: Caller,
    offering: RequestedOffering,
    asked: Sequence[RequestedPeriod],
    resource: Mapping[str, object],
    order: Mapping[str, object],
) -> UUID:
    """Stores the request unless a period is taken. PostgreSQL has the last word; a deadlock is tried once more."""
    periods = [item.period for item in asked]
    for last in (False, True):
        try:
            async with connection.begin_nested():
                await wait_for(connection, Lock.PERIODS, offering.uuid)
                await _check_free(connection, caller, offering, asked)
                return await repository.store(connection, resource, order, periods)
        except DBAPIError as error:
            state = sqlstate(error)
            if state == EXCLUSION_VIOLATION:
                await _check_free(connection, caller, offering, asked)
                raise PeriodTaken(asked[0], []) from None
            if state != DEADLOCK or last:
                raise
    raise AssertionError("not reached")


async def _check_free(
    connection: AsyncConnection, caller: Caller, offering: RequestedOffering, asked: Sequence[RequestedPeriod]
) -> None:
    periods = [item.period for item in asked]
    check_free(asked, await holders(connection, offering.uuid, periods, visible=visible_bookings(caller)))


async def review(connection: AsyncConnection, caller: Caller, uuid: UUID, transition: Transition) -> None:
    """Decides on a request for the consumer; raises NotFound, Forbidden, RuleBroken or InvalidState.

    An order of another type is not decided on here (decision 31).
    """
    order = await repository.placed(connection, caller, uuid)
    if order is None:
        raise ORDERS.not_found()
    becomes = _after_waiting(order, datetime.now(UTC).date()) if transition is APPROVE else None
    await decide(connection, caller, order.booking, order, transition, becomes)


def _after_waiting(order: PlacedOrder, today: date) -> OrderState:
    return _after_review(order.project_starts, order.starts, today)


async def start_due(connection: AsyncConnection) -> None:
    """Hands orders over to the provider whose day and whose project's day have come."""
    today = datetime.now(UTC).date()
    for order in await repository.due(connection, today):
        becomes = _after_waiting(order, today)
        await apply(connection, START, order.booking, START.sources[0], Actor(), order.uuid, becomes)
