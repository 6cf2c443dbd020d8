"""In what order a request is decided: who asks for what, is it possible, is it free, does the consumer agree."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.bookings.repository import record
from app.errors import Forbidden, Invalid, InvalidState, NotFound, PeriodTaken
from app.kit.fieldset import Context
from app.kit.parameters import uuid_at
from app.models.enums import OrderState, Permission, RequestType, ResourceState
from app.requests import repository, rules
from app.requests.conflicts import check_free
from app.requests.permissions import may_approve, may_reject
from app.requests.rules import Asked, Ordered, Purpose
from app.requests.schemas import ORDER_CREATE, OrderCreateRequest

EXCLUSION_VIOLATION, DEADLOCK = "23P01", "40P01"
_UNKNOWN = ["Invalid hyperlink - Object does not exist."]


async def create(connection: AsyncConnection, context: Context, asked: OrderCreateRequest) -> dict[str, Any]:
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
        "slug": await repository.next_slug(connection, _slugified(name)[:8].strip("-") or "booking"),
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
) -> tuple[Ordered, Purpose, UUID | None]:
    """The offering, project and plan that a request names; raises Invalid, all at once."""
    wrong: dict[str, list[str]] = {}
    offering = project = None
    if uuid := uuid_at(asked.offering, "marketplace-public-offerings", "marketplace-provider-offerings"):
        offering = await repository.offering(connection, caller, uuid)
    if uuid := uuid_at(asked.project, "projects"):
        project = await repository.project(connection, caller, uuid)
    plan = None
    if asked.plan and offering:
        plan = uuid_at(asked.plan, "marketplace-public-offerings/[0-9a-fA-F-]{32,36}/plans", "marketplace-plans")
        if plan is None or not await repository.plan_of(connection, offering.uuid, plan):
            wrong["plan"] = ["This plan is not available for selected offering."]
    if asked.type != RequestType.CREATE:
        wrong["type"] = [f"A new booking is asked for with type {RequestType.CREATE}."]
    if offering is None or project is None or wrong:
        found = {"offering": offering, "project": project}
        raise Invalid(wrong | {member: _UNKNOWN for member, row in found.items() if row is None})
    return offering, project, plan


def _order(
    caller: Caller, asked: OrderCreateRequest, offering: Ordered, project: Purpose, now: datetime
) -> dict[str, Any]:
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


def _is_approved_at_once(caller: Caller, offering: Ordered, project: Purpose) -> bool:
    """Whether the consumer need not be asked. Rule: reference, 7.3."""
    own = offering.provider == project.consumer
    if own and offering.shared and offering.plugin_options.get("auto_approve_in_service_provider_projects") is True:
        return True
    private = not offering.shared and not offering.billable
    if private and caller.may(Permission.APPROVE_PRIVATE_ORDER, project.uuid, project.consumer):
        return True
    return may_approve(caller, project.uuid, project.consumer)


def _after_review(project_starts: date | None, order_starts: date | None, today: date) -> OrderState:
    """What an approved order waits for: its project, then its own day, then the provider. Rule: reference, 7.3."""
    if project_starts is not None and project_starts > today:
        return OrderState.PENDING_PROJECT
    if order_starts is not None and order_starts > today:
        return OrderState.PENDING_START_DATE
    return OrderState.EXECUTING


async def _store(
    connection: AsyncConnection,
    caller: Caller,
    offering: Ordered,
    asked: Sequence[Asked],
    resource: dict[str, Any],
    order: dict[str, Any],
) -> UUID:
    """Stores the request unless a period is taken. PostgreSQL has the last word; a deadlock is tried once more."""
    periods = [item.period for item in asked]
    for last in (False, True):
        try:
            async with connection.begin_nested():
                await repository.lock(connection, offering.uuid)
                await _check_free(connection, caller, offering, asked)
                return await repository.store(connection, resource, order, periods)
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state == EXCLUSION_VIOLATION:
                await _check_free(connection, caller, offering, asked)
                raise PeriodTaken(f"{asked[0]} is not available.", []) from None
            if state != DEADLOCK or last:
                raise
    raise AssertionError("not reached")


async def _check_free(connection: AsyncConnection, caller: Caller, offering: Ordered, asked: Sequence[Asked]) -> None:
    periods = [item.period for item in asked]
    check_free(asked, await repository.taken(connection, caller, offering.uuid, periods))


def _slugified(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


async def approve(connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
    """Agrees to a request for the consumer; raises NotFound, Forbidden or InvalidState."""
    row = await _reviewed(connection, caller, uuid, may_approve)
    now = datetime.now(UTC)
    state = _after_review(row.project_starts, row.order_starts, now.date())
    await _decide(connection, caller, uuid, row, state, now)


async def reject(connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
    """Turns a request down for the consumer, which frees its periods; raises as `approve`."""
    row = await _reviewed(connection, caller, uuid, may_reject)
    now = datetime.now(UTC)
    await _decide(connection, caller, uuid, row, OrderState.REJECTED, now)
    await repository.free(connection, row.resource_uuid, now)
    await record(
        connection,
        resource_uuid=row.resource_uuid,
        order_uuid=uuid,
        user_uuid=caller.uuid,
        created=now,
        from_state=ResourceState.CREATING,
        to_state=ResourceState.TERMINATED,
    )


async def _reviewed(connection: AsyncConnection, caller: Caller, uuid: UUID, allowed: Any) -> Any:
    row = await repository.pending(connection, caller, uuid)
    if row is None:
        raise NotFound("No Order matches the given query.")
    if not allowed(caller, row.uuid, row.customer_uuid):
        raise Forbidden
    return row


async def _decide(
    connection: AsyncConnection, caller: Caller, uuid: UUID, row: Row[Any], state: OrderState, now: datetime
) -> None:
    if not await repository.decide(connection, uuid, state, caller, now):
        raise InvalidState([OrderState.PENDING_CONSUMER])
    await repository.touch(connection, row.resource_uuid, now)
