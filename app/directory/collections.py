"""Organisations, projects and users: who sees which, and by what they are looked up."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import PrivateAttr
from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, types

from app.access import visible_customers, visible_projects, visible_users
from app.api.parameters import Flag, Moment, Text, TextList, Uuid, UuidList
from app.auth import Caller
from app.database import Database
from app.directory.schemas import CUSTOMER_VIEW, OFFERS, PROJECT_VIEW, USER_ME_VIEW, USER_VIEW
from app.models import Customer, Project, User
from app.models.enums import Role
from app.query.collection import Collection
from app.query.filtering import FilterSet, Values, equals, one_of, part_of, since, until, where
from app.query.lists import any_scope
from app.relations import full_name

_full_name = full_name(User)


def _is_owned(flag: bool) -> ColumnElement[bool]:
    owned = Customer.uuid == any_(bindparam("owned", type_=ARRAY(types.Uuid()), required=False))
    return owned == flag


class CustomerFilters(FilterSet):
    """What organisations are looked up by."""

    refused = frozenset(
        {"accounting_is_running", "agreement_number", "backend_id", "contact_details", "has_resources"}
        | {"current_user_has_project_create_permission", "current_user_has_role", "is_call_managing_organization"}
        | {"organization_group_name", "organization_group_uuid", "registration_code", "service_provider_uuid"}
        | {"user_uuid"}
    )
    _owned: Sequence[UUID] = PrivateAttr(default=())

    abbreviation: Text = where(part_of(Customer.abbreviation), "Part of the abbreviation, in any case.")
    archived: Flag = where(equals(Customer.archived), "Whether it is no longer active.")
    is_service_provider: Flag = where(equals(OFFERS), "Whether it offers anything.", extension=True)
    name: Text = where(part_of(Customer.name), "Part of the name, in any case.")
    name_exact: Text = where(equals(Customer.name), "The name, to the letter.")
    native_name: Text = where(part_of(Customer.native_name), "Part of the name in its own language, in any case.")
    owned_by_current_user: Flag = where(_is_owned, "Whether the caller is an owner of it.")
    query: Text = where(
        part_of(Customer.name, Customer.native_name, Customer.abbreviation, Customer.slug),
        "Part of name, native name, abbreviation or short name, in any case.",
    )
    slug: Text = where(equals(Customer.slug), "Short name, to the letter.", extension=True)

    async def resolve(self, database: Database, caller: Caller) -> None:
        """Remembers what the caller owns."""
        self._owned = sorted(caller.holding(Role.CUSTOMER_OWNER))

    def values(self) -> Values:
        """What a statement of this shape takes, with what the caller owns."""
        return {**super().values(), "owned": self._owned}


class ProjectFilters(FilterSet):
    """What projects are looked up by."""

    refused = frozenset(
        {"accounting_is_running", "affiliation_name", "affiliation_uuid", "backend_id", "can_admin", "can_manage"}
        | {"conceal_finished_projects", "current_user_has_role", "has_affiliation", "include_terminated"}
        | {"science_domain_uuid", "science_sub_domain_uuid", "user_uuid", "user_uuid_with_active_role"}
    )

    created: Moment = where(since(Project.created), "Created after")
    created_before: Moment = where(until(Project.created), "Created before or then.", extension=True)

    customer: UuidList = where(one_of(Project.customer_uuid), "Multiple values may be separated by commas.")
    customer_abbreviation: Text = where(
        part_of(Customer.abbreviation), "Part of the organisation's abbreviation, in any case."
    )
    customer_name: Text = where(part_of(Customer.name), "Part of the organisation's name, in any case.")
    customer_native_name: Text = where(
        part_of(Customer.native_name), "Part of the organisation's name in its own language, in any case."
    )
    customer_uuid: Uuid = where(equals(Project.customer_uuid), "Organisation.", extension=True)
    description: Text = where(part_of(Project.description), "Part of the description, in any case.")
    is_removed: Flag = where(equals(Project.is_removed), "Whether it has been removed.")
    modified: Moment = where(since(Project.modified), "Modified after")
    modified_before: Moment = where(until(Project.modified), "Modified before or then.", extension=True)
    name: Text = where(part_of(Project.name), "Part of the name, in any case.")
    name_exact: Text = where(equals(Project.name), "The name, to the letter.")
    query: Text = where(part_of(Project.name, Project.slug), "Part of name or short name, in any case.")
    slug: Text = where(equals(Project.slug), "Short name, to the letter.")


class UserFilters(FilterSet):
    """What users are looked up by. Nobody is found by what only few may see of users."""

    refused = frozenset(
        {"agreement_date", "civil_number", "customer_uuid", "date_joined", "description", "email", "is_active"}
        | {"is_staff", "is_support", "job_title", "native_name", "organization", "organization_roles"}
        | {"phone_number", "project_roles", "project_uuid", "registration_method", "user_keyword"}
    )

    full_name: Text = where(part_of(_full_name), "Part of first and last name, in any case.")
    modified: Moment = where(since(User.modified), "Modified after")
    query: Text = where(part_of(_full_name, User.username), "Part of name or username, in any case.")
    username: Text = where(equals(User.username), "Name to log in with, to the letter.")
    username_list: TextList = where(one_of(User.username), "Names, separated by commas, to the letter.", extension=True)


CUSTOMERS = Collection(
    "Customer",
    CUSTOMER_VIEW,
    any_scope(visible_customers),
    {"name": Customer.name.collate("C"), "created": Customer.created},
    "name",
)
PROJECTS = Collection(
    "Project",
    PROJECT_VIEW,
    any_scope(visible_projects),
    {"name": Project.name.collate("C"), "created": Project.created},
    "name",
)
USERS = Collection(
    "User",
    USER_VIEW,
    any_scope(visible_users),
    {"username": User.username.collate("C"), "full_name": _full_name.collate("C")},
    "username",
)
ME = Collection(
    "User",
    USER_ME_VIEW,
    any_scope(lambda caller: User.uuid == caller.uuid),
    {"username": User.username.collate("C")},
    "username",
)
