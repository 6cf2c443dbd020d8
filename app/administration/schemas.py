"""What is said of something new, and what is answered: members and fields of the published API that mean something."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from app import models
from app.api.kept import KeptBody, Name, Slug
from app.api.wire import Comment, StorableJson, Url
from app.columns import Expression
from app.links import CATEGORY, PROVIDER_OFFERING
from app.models.enums import BOOKING_OFFERING_TYPE, BillingType, BillingUnit, LimitPeriod, OfferingState
from app.offerings.schemas import PublicOfferingDetails, media_link
from app.query.fieldset import Context, Fieldset, View, column, computed, constant, link
from app.registry.rules import NO_WINDOWS, is_ever_open
from app.relations import OFFERING_RELATIONS, ParentOffering
from app.values import JsonObject

MOST_PARTS = 100
_AMOUNT = Annotated[
    Decimal,
    Field(ge=0, max_digits=22, decimal_places=10, allow_inf_nan=False),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,10})?$"},
                {"type": "number", "minimum": 0, "maximum": 999999999999},
            ]
        }
    ),
]
_COUNT = Annotated[int, Field(ge=0, le=2**31 - 1)]
_ONE = Annotated[Literal[1], WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 1})]
_KEY = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_-]+$")]


class CustomerRequest(KeptBody):
    """A new organisation."""

    name: Name = Field(description="Its name.")
    slug: Slug = Field(default="", description="Its short name; made of the name if it is left out.")
    native_name: Comment = Field(default="", description="Its name in its own language.")
    abbreviation: Comment = Field(default="", description="Its abbreviation.")
    blocked: bool = Field(default=False, description="Whether it may not book.")
    archived: bool = Field(default=False, description="Whether it is no longer active.")


class MarketplaceCategoryRequest(KeptBody):
    """A new kind of offering."""

    title: Name = Field(description="Its title.")
    description: Comment = Field(default="", description="What belongs to it.")


class ProjectRequest(KeptBody):
    """A new project."""

    name: Name = Field(description="Its name.")
    customer: Comment = Field(description="Its organisation: URL or path.")
    slug: Slug = Field(default="", description="Its short name; made of the name if it is left out.")
    description: Comment = Field(default="", description="What it is about.")
    start_date: date | None = Field(default=None, description="First day; nothing is booked before.")
    end_date: date | None = Field(default=None, description="Last day, inclusive.")


class OfferingComponentRequest(KeptBody):
    """What an offering is charged by."""

    billing_type: BillingType = Field(description="How it is charged.")
    type: _KEY = Field(description="Its key, the same in plans, limits and usage.")
    name: Name = Field(description="Its name.")
    measured_unit: Comment = Field(default="", description="What an amount of it is counted in.")
    limit_period: LimitPeriod | Literal[""] | None = Field(default=None, description="The period that a limit covers.")
    limit_amount: _COUNT | None = Field(default=None, description="The most that may be used in that period.")
    max_value: _COUNT | None = Field(default=None, description="The most that may be ordered.")
    min_value: _COUNT | None = Field(default=None, description="The least that may be ordered.")
    unit_factor: _ONE = Field(default=1, description="Always 1: amounts are counted as they are.")


class BaseProviderPlanRequest(KeptBody):
    """A price list of a new offering."""

    name: Name = Field(description="Its name.")
    description: Comment = Field(default="", description="What it is for.")
    unit_price: _AMOUNT = Field(default=Decimal(0), description="Price of one `unit`.")
    unit: BillingUnit = Field(default=BillingUnit.DAY, description="What the price is for.")
    archived: bool = Field(default=False, description="Whether it cannot be chosen.")
    billing_mode: Literal["inherit"] = Field(default="inherit", description="Always `inherit`.")
    prices: dict[_KEY, _AMOUNT] = Field(
        default={}, max_length=MOST_PARTS, description="Price by key of the component. (An extension.)"
    )
    quotas: dict[_KEY, _COUNT] = Field(
        default={}, max_length=MOST_PARTS, description="Included amount by key of the component. (An extension.)"
    )


class OfferingCreateRequest(KeptBody):
    """A new offering."""

    name: Name = Field(description="Its name.")
    category: Comment = Field(description="Its kind: URL or path.")
    customer: Comment = Field(description="The organisation that offers: URL or path.")
    type: Literal["Marketplace.Booking"] = Field(description=f"Always `{BOOKING_OFFERING_TYPE}`.")
    slug: Slug = Field(default="", description="Its short name; made of the name if it is left out.")
    description: Comment = Field(default="", description="What it is.")
    attributes: StorableJson = Field(default={}, description="`schedules`: the windows in which it may be booked.")
    plugin_options: StorableJson = Field(default={}, description="Rules for booking it.")
    components: list[OfferingComponentRequest] = Field(
        default=[], max_length=MOST_PARTS, description="What it is charged by."
    )
    plans: list[BaseProviderPlanRequest] = Field(
        default=[], max_length=MOST_PARTS, description="Price lists to choose from."
    )
    shared: bool = Field(default=True, description="Accessible to all customers.")
    billable: bool = Field(default=True, description="Purchase and usage is invoiced.")
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = Field(default=None, description="Degrees north.")
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = Field(default=None, description="Degrees east.")
    backend_id: Comment = Field(default="", description="Its ID in another system.")


class OfferingOverviewUpdateRequest(KeptBody):
    """What an offering is called, and what it is."""

    name: Name = Field(description="Its name.")
    description: Comment | None = Field(default=None, description="What it is; as it was if left out.")
    slug: Slug = Field(default="", description="Its short name; as it was if left out.")
    backend_id: Comment | None = Field(default=None, description="Its ID in another system; as it was if left out.")


class OfferingPauseRequest(KeptBody):
    """Why an offering may not be booked for now."""

    paused_reason: Comment = Field(default="", description="Shown to those who would book.")


class DetailState(BaseModel):
    """What has become of an offering."""

    detail: str = Field(description="What was done; and that nobody can book it, if it has no opening windows.")
    state: OfferingState = Field(description="Its state from now on.")


class MarketplaceCategoryCreate(Fieldset):
    """A new kind of offerings, as it is answered."""

    url: Url = link(CATEGORY, models.Category.uuid, description="The kind itself.")
    uuid: UUID = column(models.Category.uuid, "UUID of the kind.")
    title: str = column(models.Category.title, "Its title.")
    description: str = column(models.Category.description, "What belongs to it.")
    icon: Url | None = media_link(models.Category.icon_uuid, "Its icon.")


CATEGORY_VIEW = View(MarketplaceCategoryCreate, models.Category, {})


def _warnings(_: Context, attributes: JsonObject) -> list[str]:
    return [] if is_ever_open(attributes) else [NO_WINDOWS]


def _none(what: str) -> Any:
    return constant(None, f"Always null: {what}")


def _empty(what: str) -> Any:
    return constant([], f"Always empty: {what}")


_options: Expression = models.Offering.options


class OfferingCreate(PublicOfferingDetails):
    """A new offering, as whoever made it gets it: with all members that published clients cannot do without."""

    url: Url = link(PROVIDER_OFFERING, models.Offering.uuid, description="The offering itself.")
    category: Url = link(CATEGORY, models.Offering.category_uuid, description="Its kind.")
    options: JsonObject = column(_options, "What may be asked for beside periods.")
    backend_id: str = column(models.Offering.backend_id, "Its ID in another system.")
    parent_description: str | None = column(ParentOffering.description, "What the offering is that it is a part of.")
    warnings: list[str] = computed(
        _warnings,
        models.Offering.attributes,
        description="What is still missing before it can be booked. (An extension.)",
    )
    endpoints: list[str] = _empty("an offering has no addresses.")
    software_catalogs: list[str] = _empty("there are no catalogues of software.")
    partitions: list[str] = _empty("there are no partitions.")
    roles: list[str] = _empty("roles are those of `/api/roles/`.")
    screenshots: list[str] = _empty("there are no screenshots.")
    files: list[str] = _empty("there are no files.")
    quotas: list[str] = _empty("there are no quotas.")
    organization_groups: list[str] = _empty("organisations have no groups.")
    project: Url | None = _none("an offering belongs to an organisation.")
    project_uuid: UUID | None = _none("an offering belongs to an organisation.")
    project_name: str | None = _none("an offering belongs to an organisation.")
    scope: str | None = _none("an offering has no object in another system.")
    scope_uuid: UUID | None = _none("an offering has no object in another system.")
    scope_name: str | None = _none("an offering has no object in another system.")
    scope_state: str | None = _none("an offering has no object in another system.")
    scope_error_message: str | None = _none("an offering has no object in another system.")
    total_customers: int | None = _none("what is new has no customers.")
    total_cost: int | None = _none("what is new has no cost.")
    total_cost_estimated: int | None = _none("what is new has no cost.")
    order_count: int = constant(0, "Always 0: what is new has no orders.")
    citation_count: int = constant(0, "Always 0: nobody counts citations.")
    has_compliance_requirements: bool = constant(False, "Always false: there are no such requirements.")


OFFERING_CREATE = View(OfferingCreate, models.Offering, OFFERING_RELATIONS)
