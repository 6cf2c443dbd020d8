"""Price lists: one line for each field of those that clients of the published API read."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.wire import Cost, Url
from app.links import PLAN
from app.models import Plan
from app.models.enums import BillingUnit
from app.offerings.loaders import load_current_plans, load_prices
from app.query.collection import Collection
from app.query.fieldset import Context, Fieldset, Item, Loader, View, column, link, related
from app.query.lists import any_scope


class NestedPlanComponent(BaseModel):
    """What one component costs in a plan."""

    type: str = Field(description="Key of the component.")
    name: str = Field(description="Name of the component.")
    measured_unit: str = Field(description="What an amount of it is counted in.")
    amount: int = Field(description="Amount that is included.")
    price: Cost = Field(description="Price of one.")


def _by_type(member: str) -> Loader:
    """A loader of one member of each component, by the component's key."""

    async def load(connection: AsyncConnection, context: Context, uuids: Iterable[UUID]) -> Mapping[UUID, object]:
        found = await load_prices(connection, context, uuids)
        return {plan: {item["type"]: item[member] for item in items} for plan, items in found.items()}

    return load


class BasePublicPlan(Fieldset):
    """A price list of an offering."""

    url: Url = link(PLAN, Plan.offering_uuid, Plan.uuid, description="The plan itself.")
    uuid: UUID = column(Plan.uuid, "UUID of the plan.")
    name: str = column(Plan.name, "Name of the plan.")
    description: str = column(Plan.description, "What the plan is for.")
    archived: bool = column(Plan.archived, "Whether it can no longer be chosen.")
    unit_price: Cost = column(Plan.unit_price, "Price of one `unit`.")
    unit: BillingUnit = column(Plan.unit, "What the price is for.")
    components: list[NestedPlanComponent] = related(load_prices, Plan.uuid, [], "What its components cost.")
    prices: dict[str, float] = related(_by_type("price"), Plan.uuid, {}, "Price by key of the component.")
    quotas: dict[str, float] = related(_by_type("amount"), Plan.uuid, {}, "Amount by key of the component.")


PLAN_VIEW = View(BasePublicPlan, Plan, {})


def plans_of(offering: UUID, *, archived: bool) -> Collection:
    """Plans of an offering, `archived` ones too or not; whether the caller may see the offering is not asked here."""
    own = Plan.offering_uuid == offering
    shown = own if archived else own & Plan.archived.is_(False)
    return Collection("Plan", PLAN_VIEW, any_scope(lambda _: shown), {"name": Plan.name.collate("C")}, "name")


async def load_plans(connection: AsyncConnection, context: Context, uuids: Iterable[UUID]) -> Mapping[UUID, list[Item]]:
    """Plans by offering, whole, without archived ones."""
    by_offering = await load_current_plans(connection, context, uuids)
    plans = [plan["uuid"] for own in by_offering.values() for plan in own]
    found = await PLAN_VIEW.read(connection, context, plans) if plans else {}
    return {offering: [found[plan["uuid"]] for plan in own] for offering, own in by_offering.items()}
