"""In what order it is decided whether something is created or changed."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.administration import repository, rules
from app.administration.repository import OwnOffering, Party
from app.administration.rules import OfferingTransition
from app.administration.schemas import (
    CATEGORY_VIEW,
    OFFERING_CREATE,
    BaseProviderPlanRequest,
    CustomerRequest,
    DetailState,
    MarketplaceCategoryRequest,
    OfferingComponentRequest,
    OfferingCreateRequest,
    OfferingOverviewUpdateRequest,
    ProjectRequest,
)
from app.api.parameters import uuid_at
from app.auth import Caller
from app.database.locks import Lock, wait_for
from app.directory.schemas import CUSTOMER_VIEW, PROJECT_VIEW
from app.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from app.models import Category, Customer, Offering, Project
from app.models.enums import OfferingState, Permission
from app.query.fieldset import Context, Item
from app.registry.repository import Prices, enter, enter_named, enter_parts
from app.registry.rules import NO_WINDOWS, is_ever_open

CLOSED = "Blocked or archived organization is not available."
OFFERING = "Offering"
_UNKNOWN = ["Invalid hyperlink - Object does not exist."]


def _require_staff(caller: Caller) -> None:
    if not caller.is_staff:
        raise Forbidden


async def create_customer(connection: AsyncConnection, context: Context, asked: CustomerRequest) -> Item:
    """Registers an organisation; raises Forbidden."""
    _require_staff(context.caller)
    values = asked.model_dump(include={"native_name", "abbreviation", "blocked", "archived"})
    uuid = await enter_named(connection, Customer, asked.name, asked.slug, **values)
    return (await CUSTOMER_VIEW.read(connection, context, [uuid]))[uuid]


async def create_category(connection: AsyncConnection, context: Context, asked: MarketplaceCategoryRequest) -> Item:
    """Adds a kind of offerings; raises Forbidden."""
    _require_staff(context.caller)
    uuid = await enter(connection, Category, title=asked.title, description=asked.description)
    return (await CATEGORY_VIEW.read(connection, context, [uuid]))[uuid]


async def create_project(connection: AsyncConnection, context: Context, asked: ProjectRequest) -> Item:
    """Adds a project of an organisation; raises Invalid, Forbidden or RuleBroken."""
    rules.check_project(asked)
    customer = await _party(connection, context.caller, asked.customer, {})
    _check_party(context.caller, Permission.CREATE_PROJECT, customer)
    values = asked.model_dump(include={"description", "start_date", "end_date"})
    values["end_date_requested_by_uuid"] = context.caller.uuid if asked.end_date else None
    uuid = await enter_named(connection, Project, asked.name, asked.slug, customer_uuid=customer.uuid, **values)
    return (await PROJECT_VIEW.read(connection, context, [uuid]))[uuid]


async def create_offering(connection: AsyncConnection, context: Context, asked: OfferingCreateRequest) -> Item:
    """Adds an offering of a provider, as a draft; raises Invalid, Forbidden or RuleBroken."""
    rules.check_offering(asked)
    category = uuid_at(asked.category, "marketplace-categories")
    known = category is not None and await repository.has_category(connection, category)
    provider = await _party(connection, context.caller, asked.customer, {} if known else {"category": _UNKNOWN})
    _check_party(context.caller, Permission.CREATE_OFFERING, provider)
    kept = {"type", "description", "attributes", "plugin_options", "shared", "billable", "latitude", "longitude"}
    values = asked.model_dump(include={*kept, "backend_id"})
    belongs = {"customer_uuid": provider.uuid, "category_uuid": category, "state": OfferingState.DRAFT}
    uuid = await enter_named(connection, Offering, asked.name, asked.slug, **values, **belongs)
    plans = [(_plan(plan), _prices(plan)) for plan in asked.plans]
    await enter_parts(connection, uuid, [_component(each) for each in asked.components], plans)
    return (await OFFERING_CREATE.read(connection, context, [uuid]))[uuid]


def _component(asked: OfferingComponentRequest) -> dict[str, object]:
    kept = {"type", "name", "billing_type", "measured_unit", "limit_amount", "max_value", "min_value"}
    return {**asked.model_dump(include=kept), "limit_period": asked.limit_period or None}


def _plan(asked: BaseProviderPlanRequest) -> dict[str, object]:
    return asked.model_dump(include={"name", "description", "unit", "unit_price", "archived"})


def _prices(asked: BaseProviderPlanRequest) -> Prices:
    named = {*asked.prices, *asked.quotas}
    return {key: (asked.quotas.get(key, 0), asked.prices.get(key, Decimal(0))) for key in named}


async def _party(connection: AsyncConnection, caller: Caller, customer: str, wrong: dict[str, list[str]]) -> Party:
    """The organisation that a body names; raises Invalid with what is wrong beside it."""
    uuid = uuid_at(customer, "customers")
    found = await repository.party(connection, caller, uuid) if uuid else None
    if found is None:
        raise Invalid({"customer": _UNKNOWN, **wrong})
    if wrong:
        raise Invalid(wrong)
    return found


def _check_party(caller: Caller, permission: Permission, party: Party) -> None:
    if not (caller.is_staff or caller.may(permission, party.uuid)):
        raise Forbidden
    if party.is_closed:
        raise RuleBroken(CLOSED)


async def _changeable(connection: AsyncConnection, caller: Caller, uuid: UUID, permission: Permission) -> OwnOffering:
    found = await repository.own_offering(connection, caller, uuid)
    if found is None:
        raise NotFound.of(OFFERING)
    if not (caller.is_staff or caller.may(permission, found.uuid, found.provider)):
        raise Forbidden
    return found


async def change_state(
    connection: AsyncConnection, caller: Caller, uuid: UUID, transition: OfferingTransition, paused_reason: str = ""
) -> DetailState:
    """Puts an offering into another state; raises NotFound, Forbidden, Conflict or RuleBroken, in this order.

    Requests that are being stored come before, or are decided by the new state.
    """
    found = await _changeable(connection, caller, uuid, transition.permission)
    impossible = Conflict(f"Valid states for operation: {', '.join(transition.sources)}.")
    if found.state not in transition.sources:
        raise impossible
    if found.is_closed:
        raise RuleBroken(CLOSED)
    await wait_for(connection, Lock.PERIODS, uuid)
    values = {"state": transition.target, "paused_reason": paused_reason}
    if not await repository.change(connection, uuid, transition.sources, **values):
        raise impossible
    lacks = transition.target == OfferingState.ACTIVE and not is_ever_open(found.attributes)
    return DetailState(
        detail=f"{transition.detail} {NO_WINDOWS}" if lacks else transition.detail, state=transition.target
    )


async def update_overview(
    connection: AsyncConnection, caller: Caller, uuid: UUID, asked: OfferingOverviewUpdateRequest
) -> None:
    """Changes what an offering is called, and what it is; raises NotFound, Forbidden or RuleBroken."""
    found = await _changeable(connection, caller, uuid, Permission.UPDATE_OFFERING)
    if found.is_closed:
        raise RuleBroken(CLOSED)
    given: dict[str, object] = {name: value for name, value in asked if value is not None and name in _OVERVIEW}
    if not given["slug"]:
        del given["slug"]
    await repository.change(connection, uuid, OfferingState, **given)


_OVERVIEW = ("name", "description", "slug", "backend_id")
