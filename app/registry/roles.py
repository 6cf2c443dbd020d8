"""Which roles there are, and which permissions each carries where nobody has said otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.models.enums import Permission, Role


class ScopeType(StrEnum):
    """On what a role is held."""

    CUSTOMER = "customer"
    PROJECT = "project"
    OFFERING = "offering"


@dataclass(frozen=True)
class KnownRole:
    """What a role is for, and which permissions it carries."""

    description: str
    permissions: tuple[Permission, ...] = ()


_DECIDE = (Permission.ACCEPT_BOOKING, Permission.REJECT_BOOKING)
_RUN = (
    Permission.UPDATE_OFFERING,
    Permission.UPDATE_OFFERING_ATTRIBUTES,
    Permission.PAUSE_OFFERING,
    Permission.UNPAUSE_OFFERING,
)
_BOOK = (Permission.TERMINATE_RESOURCE, Permission.APPROVE_PRIVATE_ORDER)
_STAFF_PROJECT = (
    Permission.CREATE_PROJECT_PERMISSION,
    Permission.UPDATE_PROJECT_PERMISSION,
    Permission.DELETE_PROJECT_PERMISSION,
)
STANDARD_ROLES: Mapping[Role, KnownRole] = {
    Role.CUSTOMER_OWNER: KnownRole("Decides everything for an organisation.", tuple(Permission)),
    Role.CUSTOMER_MANAGER: KnownRole(
        "Runs the offerings of an organisation.", (*_DECIDE, *_RUN, Permission.ARCHIVE_OFFERING)
    ),
    Role.CUSTOMER_SUPPORT: KnownRole("Looks after an organisation."),
    Role.PROJECT_ADMIN: KnownRole("Runs the bookings of a project.", _BOOK),
    Role.PROJECT_MANAGER: KnownRole("Runs a project, and says who belongs to it.", (*_BOOK, *_STAFF_PROJECT)),
    Role.PROJECT_MEMBER: KnownRole("Books for a project."),
    Role.OFFERING_MANAGER: KnownRole("Runs an offering, and decides on requests for it.", (*_DECIDE, *_RUN)),
}
"""The table of roles. `migrate` stores what they carry where no role carries anything."""


def scope_type_of(role: str) -> ScopeType | None:
    """On what a role is held: its name begins so; None for a role of something else."""
    beginning = role.partition(".")[0].lower()
    return ScopeType(beginning) if beginning in tuple(ScopeType) else None
