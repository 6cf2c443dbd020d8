"""Organisations, projects and users: who sees which, and by what they are looked up."""

from typing import Any

from sqlalchemy import or_

from app.directory.permissions import customer_visible_to, project_visible_to, user_visible_to
from app.directory.schemas import CUSTOMER_VIEW, PROJECT_VIEW, USER_VIEW
from app.errors import NotFound
from app.kit.collection import Collection
from app.kit.filtering import FilterSet, contains, where
from app.kit.parameters import Flag, Text, Uuid
from app.models import Customer, Project, User
from app.orders.schemas import full_name


def _equals(column: Any) -> Any:
    return lambda value: column == value


def _contains(*columns: Any) -> Any:
    return lambda value: or_(*(contains(column, value) for column in columns))


_full_name = full_name(User)


class CustomerFilters(FilterSet):
    """What organisations are looked up by."""

    abbreviation: Text = where(_contains(Customer.abbreviation), "Part of the abbreviation, in any case.")
    archived: Flag = where(_equals(Customer.archived), "Whether it is no longer active.")
    name: Text = where(_contains(Customer.name), "Part of the name, in any case.")
    name_exact: Text = where(_equals(Customer.name), "The name, to the letter.")
    native_name: Text = where(_contains(Customer.native_name), "Part of the name in its own language, in any case.")
    query: Text = where(
        _contains(Customer.name, Customer.native_name, Customer.abbreviation, Customer.slug),
        "Part of name, native name, abbreviation or short name, in any case.",
    )
    slug: Text = where(_equals(Customer.slug), "Short name, to the letter.", extension=True)


class ProjectFilters(FilterSet):
    """What projects are looked up by."""

    customer: Uuid = where(_equals(Project.customer_uuid), "Organisation.")
    customer_name: Text = where(_contains(Customer.name), "Part of the organisation's name, in any case.")
    customer_uuid: Uuid = where(_equals(Project.customer_uuid), "Organisation.", extension=True)
    is_removed: Flag = where(_equals(Project.is_removed), "Whether it has been removed.")
    name: Text = where(_contains(Project.name), "Part of the name, in any case.")
    name_exact: Text = where(_equals(Project.name), "The name, to the letter.")
    query: Text = where(_contains(Project.name, Project.slug), "Part of name or short name, in any case.")
    slug: Text = where(_equals(Project.slug), "Short name, to the letter.")


class UserFilters(FilterSet):
    """What users are looked up by."""

    full_name: Text = where(_contains(_full_name), "Part of first and last name, in any case.")
    query: Text = where(_contains(_full_name, User.username), "Part of name or username, in any case.")
    username: Text = where(_equals(User.username), "Name to log in with, to the letter.")


def _no_customer() -> NotFound:
    return NotFound("No Customer matches the given query.")


def _no_project() -> NotFound:
    return NotFound("No Project matches the given query.")


def _no_user() -> NotFound:
    return NotFound("No User matches the given query.")


CUSTOMERS = Collection(
    CUSTOMER_VIEW,
    customer_visible_to,
    {"name": Customer.name.collate("C"), "created": Customer.created.expression},
    "name",
    _no_customer,
)
PROJECTS = Collection(
    PROJECT_VIEW,
    project_visible_to,
    {"name": Project.name.collate("C"), "created": Project.created.expression},
    "name",
    _no_project,
)
USERS = Collection(
    USER_VIEW,
    user_visible_to,
    {"username": User.username.collate("C"), "full_name": _full_name.collate("C")},
    "username",
    _no_user,
)
