"""Organisations, projects and users: who sees which, and by what they are looked up."""

from app.access import visible_customers, visible_projects, visible_users
from app.api.parameters import Flag, Text, Uuid
from app.directory.schemas import CUSTOMER_VIEW, PROJECT_VIEW, USER_VIEW
from app.models import Customer, Project, User
from app.query.collection import Collection, any_scope
from app.query.filtering import FilterSet, equals, part_of, where
from app.relations import full_name

_full_name = full_name(User)


class CustomerFilters(FilterSet):
    """What organisations are looked up by."""

    abbreviation: Text = where(part_of(Customer.abbreviation), "Part of the abbreviation, in any case.")
    archived: Flag = where(equals(Customer.archived), "Whether it is no longer active.")
    name: Text = where(part_of(Customer.name), "Part of the name, in any case.")
    name_exact: Text = where(equals(Customer.name), "The name, to the letter.")
    native_name: Text = where(part_of(Customer.native_name), "Part of the name in its own language, in any case.")
    query: Text = where(
        part_of(Customer.name, Customer.native_name, Customer.abbreviation, Customer.slug),
        "Part of name, native name, abbreviation or short name, in any case.",
    )
    slug: Text = where(equals(Customer.slug), "Short name, to the letter.", extension=True)


class ProjectFilters(FilterSet):
    """What projects are looked up by."""

    customer: Uuid = where(equals(Project.customer_uuid), "Organisation.")
    customer_name: Text = where(part_of(Customer.name), "Part of the organisation's name, in any case.")
    customer_uuid: Uuid = where(equals(Project.customer_uuid), "Organisation.", extension=True)
    is_removed: Flag = where(equals(Project.is_removed), "Whether it has been removed.")
    name: Text = where(part_of(Project.name), "Part of the name, in any case.")
    name_exact: Text = where(equals(Project.name), "The name, to the letter.")
    query: Text = where(part_of(Project.name, Project.slug), "Part of name or short name, in any case.")
    slug: Text = where(equals(Project.slug), "Short name, to the letter.")


class UserFilters(FilterSet):
    """What users are looked up by."""

    full_name: Text = where(part_of(_full_name), "Part of first and last name, in any case.")
    query: Text = where(part_of(_full_name, User.username), "Part of name or username, in any case.")
    username: Text = where(equals(User.username), "Name to log in with, to the letter.")


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
