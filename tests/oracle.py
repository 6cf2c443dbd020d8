"""Who sees what, and who may do what: plain statements that the service is held against.

They speak of anybody and any booking: `Standing` takes made-up facts as well as those of the recorded data set.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from tests.dataset import BOOKINGS, DATASET, USERS, Resource

OWNER, MANAGER, SUPPORT = "CUSTOMER.OWNER", "CUSTOMER.MANAGER", "CUSTOMER.SUPPORT"
OFFERING_MANAGER = "OFFERING.MANAGER"
ACTIONS = ("accept", "reject")
PERMISSIONS = {
    "accept": "RESOURCE.ACCEPT_BOOKING_REQUEST",
    "reject": "RESOURCE.REJECT_BOOKING_REQUEST",
    "terminate": "RESOURCE.TERMINATE",
}
IN_PROGRESS = frozenset({"pending-consumer", "pending-provider", "executing"})
"""States of an order that a booking shows as its order in progress."""
UNDECIDED = IN_PROGRESS | {"pending-project", "pending-start-date"}
"""States of an order that nobody has decided about."""


@dataclass(frozen=True)
class Person:
    """Somebody, and the valid roles of theirs, each with what it is held on."""

    uuid: str = ""
    is_staff: bool = False
    is_support: bool = False
    roles: frozenset[tuple[str, str]] = frozenset()

    @property
    def scopes(self) -> set[str]:
        """What the person has any role on."""
        return {scope for _, scope in self.roles}

    def holds(self, roles: Container[str], *scopes: str | None) -> bool:
        """Whether the person has one of the roles on one of the scopes."""
        return any(role in roles and scope in scopes for role, scope in self.roles)

    def is_permitted(self, permission: str, *scopes: str | None) -> bool:
        """Whether a role of theirs on one of the scopes carries the permission; staff are permitted everything."""
        return self.is_staff or self.holds(carrying(permission), *scopes)


def carrying(permission: str) -> set[str]:
    """The roles that carry a permission in the recorded data set."""
    return {role for role, permissions in DATASET["role_permissions"].items() if permission in permissions}


@dataclass(frozen=True)
class Scopes:
    """What is around a booking that roles are held on."""

    offering: str
    provider: str | None
    project: str | None = None
    consumer: str | None = None


@dataclass(frozen=True)
class Standing:
    """How somebody stands to a booking."""

    person: Person
    scopes: Scopes
    asked: bool = False
    """Whether it was this person who asked for the booking."""

    @property
    def provides(self) -> bool:
        """Whether the person is on the provider's side."""
        led = self.person.holds({OWNER, MANAGER}, self.scopes.provider)
        return led or self.person.holds({OFFERING_MANAGER}, self.scopes.offering)

    @property
    def manages(self) -> bool:
        """Staff are on every provider's side."""
        return self.person.is_staff or self.provides

    @property
    def sees(self) -> bool:
        """Decision 18."""
        return self.manages or self.asked

    @property
    def sees_tracebacks(self) -> bool:
        """Decision 4."""
        return self.manages or self.person.is_support

    def may(self, action: str) -> bool:
        """Decisions 19 and 20."""
        offering, provider = self.scopes.offering, self.scopes.provider
        project, consumer = self.scopes.project, self.scopes.consumer
        match action:
            case "accept":
                return self.person.is_permitted(PERMISSIONS[action], offering, provider)
            case "reject":
                sides = (offering, provider, project, consumer)
                return self.asked or self.person.is_permitted(PERMISSIONS[action], *sides)
            case "terminate":
                return self.person.is_permitted(PERMISSIONS[action], provider, project, consumer)
        raise ValueError(action)

    def actions(self, state: str, orders: Sequence[str]) -> list[str]:
        """Decision 9: what would succeed now, with the booking and the orders that asked for it in these states."""
        requested = state == "Creating"
        return [action for action in ACTIONS if requested and has_order(action, orders) and self.may(action)]


def has_order(action: str, orders: Sequence[str]) -> bool:
    """Decision 30: accepting needs the executing order, rejecting any that has not ended; of several executing none."""
    fitting = {"executing"} if action == "accept" else UNDECIDED
    return orders.count("executing") <= 1 and not fitting.isdisjoint(orders)


def _recorded(uuid: str, is_staff: bool, is_support: bool) -> Person:
    grants = [grant for grant in DATASET["user_roles"] if grant["user"] == uuid and grant["is_active"]]
    return Person(uuid, is_staff, is_support, frozenset((grant["role"], grant["scope"]) for grant in grants))


PEOPLE = {name: _recorded(user["uuid"], user["is_staff"], user["is_support"]) for name, user in USERS.items()}
"""The users of the recorded data set, by username."""


def scopes_of(resource: Resource) -> Scopes:
    """What is around a recorded booking."""
    return Scopes(
        offering=resource.row["offering"],
        provider=resource.offering["customer"],
        project=resource.row["project"],
        consumer=resource.project["customer"],
    )


def standing(username: str, resource: Resource) -> Standing:
    """How a recorded user stands to a recorded booking."""
    person = PEOPLE[username]
    asked = any(order["created_by"] == person.uuid for order in resource.creations)
    return Standing(person, scopes_of(resource), asked)


def is_member(person: Person, scopes: Scopes) -> bool:
    """Whether the person has a role in the project of a booking or in its organisation; staff and support count too."""
    return person.is_staff or person.is_support or not person.scopes.isdisjoint({scopes.project, scopes.consumer})


def looks_up(username: str, other: str) -> bool:
    """Whether a recorded user may look another one up: whom visible bookings, orders and projects name."""
    person = PEOPLE[username]
    if person.is_staff or person.is_support or username == other:
        return True
    known = [each for each in BOOKINGS if standing(username, each).sees or is_member(person, scopes_of(each))]
    seen = [each.row for each in known if standing(username, each).sees]
    projects = [
        row for uuid, row in DATASET["projects"].items() if not person.scopes.isdisjoint({uuid, row["customer"]})
    ]
    asked = [row.get("end_date_requested_by") for row in (*seen, *projects, *(each.project for each in known))]
    members = ("created_by", "consumer_reviewed_by", "provider_reviewed_by")
    ordered = [order[member] for each in known for order in each.orders for member in members]
    return PEOPLE[other].uuid in {*asked, *ordered} if other in PEOPLE else False
