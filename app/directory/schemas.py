"""Organisations, projects and users: one line for each field of those that clients of the published API read."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from app import models
from app.api.wire import Url
from app.directory.loaders import load_grants
from app.links import CUSTOMER, PROJECT, USER
from app.query.fieldset import ABSENT, Context, Fieldset, View, column, computed, link, related
from app.relations import full_name

OFFERS = (
    select(models.Offering.uuid)
    .where(models.Offering.customer_uuid == models.Customer.uuid)
    .correlate(models.Customer)
    .exists()
)


class Customer(Fieldset):
    """An organisation."""

    url: Url = link(CUSTOMER, models.Customer.uuid, description="The organisation itself.")
    uuid: UUID = column(models.Customer.uuid, "UUID of the organisation.")
    created: datetime = column(models.Customer.created, "When it was registered.")
    blocked: bool = column(models.Customer.blocked, "Whether it may not book.")
    archived: bool = column(models.Customer.archived, "Whether it is no longer active.")
    name: str = column(models.Customer.name, "Its name.")
    slug: str = column(models.Customer.slug, "Its short name.")
    native_name: str = column(models.Customer.native_name, "Its name in its own language.")
    abbreviation: str = column(models.Customer.abbreviation, "Its abbreviation.")
    is_service_provider: bool = column(OFFERS, "Whether it offers anything.")


class Project(Fieldset):
    """A project."""

    url: Url = link(PROJECT, models.Project.uuid, description="The project itself.")
    uuid: UUID = column(models.Project.uuid, "UUID of the project.")
    name: str = column(models.Project.name, "Its name.")
    slug: str = column(models.Project.slug, "Its short name.")
    customer: Url = link(CUSTOMER, models.Project.customer_uuid, description="Its organisation.")
    customer_uuid: UUID = column(models.Project.customer_uuid, "UUID of its organisation.")
    customer_name: str = column(models.Customer.name, "Name of its organisation.")
    customer_slug: str = column(models.Customer.slug, "Short name of its organisation.")
    customer_native_name: str = column(models.Customer.native_name, "Name of its organisation in its own language.")
    customer_abbreviation: str = column(models.Customer.abbreviation, "Abbreviation of its organisation.")
    description: str = column(models.Project.description, "What it is about.")
    created: datetime = column(models.Project.created, "When it was registered.")
    start_date: date | None = column(models.Project.start_date, "First day; nothing is booked before.")
    end_date: date | None = column(models.Project.end_date, "Last day, inclusive.")
    end_date_requested_by: Url | None = link(
        USER, models.Project.end_date_requested_by_uuid, description="Who asked for it to end then."
    )
    is_removed: bool = column(models.Project.is_removed, "Whether it has been removed.")


def _to_staff(context: Context, uuid: UUID, value: object) -> object:
    return value if context.caller.is_staff or context.caller.uuid == uuid else ABSENT


def _to_staff_and_support(context: Context, uuid: UUID, value: object) -> object:
    return value if context.caller.is_support else _to_staff(context, uuid, value)


class User(Fieldset):
    """A user. What is nobody else's business is there for staff and the user only."""

    url: Url = link(USER, models.User.uuid, description="The user itself.")
    uuid: UUID = column(models.User.uuid, "UUID of the user.")
    username: str = column(models.User.username, "Name to log in with.")
    full_name: str = column(full_name(models.User), "First and last name.")
    email: str = computed(
        _to_staff, models.User.uuid, models.User.email, description="Address; absent for all but staff and the user."
    )
    is_staff: bool = computed(
        _to_staff_and_support,
        models.User.uuid,
        models.User.is_staff,
        description="Sees and may do everything; absent for all but staff, support and the user.",
    )
    is_active: bool = computed(
        _to_staff_and_support,
        models.User.uuid,
        models.User.is_active,
        description="Whether the user may call; absent for all but staff, support and the user.",
    )
    is_support: bool = computed(
        _to_staff_and_support,
        models.User.uuid,
        models.User.is_support,
        description="Sees where things failed; absent for all but staff, support and the user.",
    )
    first_name: str = column(models.User.first_name, "First name.")
    last_name: str = column(models.User.last_name, "Last name.")


class MePermission(BaseModel):
    """A role on an organisation, a project or an offering."""

    role_name: str = Field(description="Name of the role, such as `PROJECT.MANAGER`.")
    scope_type: str = Field(description="What it is on: `customer`, `project` or `offering`.")
    scope_uuid: UUID = Field(description="UUID of what it is on.")
    scope_name: str = Field(description="Name of what it is on.")
    customer_uuid: UUID | None = Field(description="UUID of the organisation that it is on, or to which that belongs.")
    customer_name: str | None = Field(description="Name of that organisation.")
    project_uuid: UUID | None = Field(description="UUID of the project, if it is on one.")
    resource_uuid: UUID | None = Field(description="Always null: there are no roles on bookings.")
    expiration_time: datetime | None = Field(description="When it ends; null if it does not.")


class UserMe(User):
    """The caller."""

    permissions: list[MePermission] = related(
        load_grants, models.User.uuid, [], "The caller's roles that are in force."
    )


CUSTOMER_VIEW = View(Customer, models.Customer, {})
PROJECT_VIEW = View(Project, models.Project, {models.Customer: models.Customer.uuid == models.Project.customer_uuid})
USER_VIEW = View(User, models.User, {})
USER_ME_VIEW = View(UserMe, models.User, {})
