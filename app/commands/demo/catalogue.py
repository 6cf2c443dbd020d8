"""The invented world of the demo data, as catalogue.json tells it: who there is, what can be booked, and what for.

Nothing here knows the date.
"""

import json
from pathlib import Path
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

from app.registry.roles import STANDARD_ROLES
from app.values import JsonObject

NAMESPACE = UUID("6f1d7e52-58a7-4c1e-9a53-0d2b8f3c7a10")
STAMPS = {"created": "2023-03-01T08:00:00Z", "modified": "2023-03-01T08:00:00Z"}
PRICE = "5.0000000000"
Row: TypeAlias = dict[str, object]


class Person(NamedTuple):
    """A user; the username says the role where the role matters."""

    username: str
    first_name: str
    last_name: str
    is_staff: bool = False
    is_support: bool = False
    is_active: bool = True


class Organisation(NamedTuple):
    """A provider or a consumer of offerings; `reviewer` decides about requests on its behalf."""

    slug: str
    name: str
    abbreviation: str
    native_name: str
    reviewer: str


class Project(NamedTuple):
    """A project of an organisation; `ends_in` counts days from the day of the data set."""

    slug: str
    name: str
    description: str
    organisation: str
    ends_in: int | None = None


class Grant(NamedTuple):
    """A role of a person in one organisation, project or offering, named by its slug."""

    username: str
    role: str
    scope_type: str
    scope: str
    is_active: bool = True


class Component(NamedTuple):
    """What an offering charges for: by usage, as a fixed or one-time price, or by limit."""

    type: str
    name: str
    billing_type: str
    measured_unit: str
    limit_period: str | None = None
    limit_amount: int | None = None
    max_value: int | None = None
    min_value: int | None = None


class Plan(NamedTuple):
    """A price per unit of an offering."""

    name: str
    unit: str
    unit_price: str
    description: str = ""
    archived: bool = False


class Offering(NamedTuple):
    """Something to book: from hour `opens` (UTC), `a_day` sessions on a busy day, each one of `hours` long.

    A request is a name, a description and a project. With a reason for a pause the offering is paused.
    """

    slug: str
    name: str
    description: str
    organisation: str
    category: str
    components: tuple[Component, ...]
    plans: tuple[Plan, ...]
    opens: int
    hours: list[int]
    a_day: list[int]
    requests: list[tuple[str, str, str]]
    parent: str | None = None
    shared: bool = True
    billable: bool = True
    paused_reason: str = ""
    host: str = ""
    supports_lexis: bool = False
    place: list[float] | None = None
    terms: str = ""


_WORLD = json.loads((Path(__file__).parent / "catalogue.json").read_text())
PEOPLE = tuple(Person(**person) for person in _WORLD["people"])
ORGANISATIONS = tuple(Organisation(**organisation) for organisation in _WORLD["organisations"])
PROJECTS = tuple(Project(**project) for project in _WORLD["projects"])
BOOKERS: dict[str, list[str]] = _WORLD["bookers"]
"""Who asks for bookings in a project, in turn."""
GRANTS = tuple(Grant(**grant) for grant in _WORLD["grants"])
ROLE_PERMISSIONS = {str(role): [str(each) for each in known.permissions] for role, known in STANDARD_ROLES.items()}
CATEGORIES: dict[str, Row] = _WORLD["categories"]
OFFERING_USERS: list[tuple[str, str, str | None]] = _WORLD["offering_users"]
"""Offering, user, and the login name of the user at the offering."""
_COMPONENTS = {name: Component(**component) for name, component in _WORLD["components"].items()}


def _offering(made: JsonObject) -> Offering:
    components = tuple(_COMPONENTS[name] for name in made["components"])
    plans = tuple(Plan(**plan) for plan in made["plans"])
    return Offering(**made | {"components": components, "plans": plans})


OFFERINGS = tuple(_offering(offering) for offering in _WORLD["offerings"])


def identifier(kind: str, key: str) -> str:
    """The stable uuid of a named thing of the demo."""
    return str(uuid5(NAMESPACE, f"{kind}/{key}"))


def people() -> Row:
    """The tables of people, organisations and roles."""
    grants = [grant._asdict() | {"scope": identifier(grant.scope_type, grant.scope)} for grant in GRANTS]
    return {
        "users": {identifier("user", person.username): _user(person) for person in PEOPLE},
        "customers": {identifier("customer", o.slug): _customer(o) for o in ORGANISATIONS},
        "role_permissions": {role: list(permissions) for role, permissions in ROLE_PERMISSIONS.items()},
        "user_roles": [
            grant | {"user": identifier("user", grant["username"]), "expiration_time": None} for grant in grants
        ],
        "offering_users": [
            {"offering": identifier("offering", offering), "user": identifier("user", user), "username": username}
            for offering, user, username in OFFERING_USERS
        ],
    }


def prices() -> Row:
    """The tables of what offerings charge for, and how much."""
    components: Row = {}
    plans: Row = {}
    plan_components: list[Row] = []
    for offering in OFFERINGS:
        belongs = {"offering": identifier("offering", offering.slug)}
        own = {identifier("component", f"{offering.slug}/{c.type}"): c for c in offering.components}
        components |= {uuid: c._asdict() | belongs for uuid, c in own.items()}
        for plan in offering.plans:
            key = identifier("plan", f"{offering.slug}/{plan.name}")
            plans[key] = plan._asdict() | belongs | STAMPS | {"unit_price": f"{plan.unit_price}.0000000000"}
            plan_components += [
                {"plan": key, "component": uuid, "amount": int(c.billing_type == "fixed"), "price": PRICE}
                for uuid, c in own.items()
            ]
    return {"offering_components": components, "plans": plans, "plan_components": plan_components}


def categories() -> Row:
    """The table of categories."""
    return {identifier("category", slug): row | STAMPS for slug, row in CATEGORIES.items()}


def _user(person: Person) -> Row:
    return person._asdict() | {"email": f"{person.username}@example.com", "civil_number": None}


def _customer(organisation: Organisation) -> Row:
    row = organisation._asdict() | {"blocked": False, "archived": False} | STAMPS
    del row["reviewer"]
    return row
