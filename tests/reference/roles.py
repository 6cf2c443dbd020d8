"""Roles and permissions as tables: on what each role is held, and what each permission allows."""

from collections.abc import Mapping

from app.models.enums import Permission, Role
from app.registry.roles import STANDARD_ROLES, scope_type_of

_WORDS: Mapping[str, str] = {"customer": "organisation", "project": "project", "offering": "offering"}
_ALLOWS: Mapping[Permission, str] = {
    Permission.ACCEPT_BOOKING: "accept bookings of the offering, or of all of the provider's",
    Permission.REJECT_BOOKING: "reject bookings, for the provider or the consumer",
    Permission.TERMINATE_RESOURCE: "end accepted bookings",
    Permission.APPROVE_ORDER: "approve requests for the consumer",
    Permission.APPROVE_PRIVATE_ORDER: "book private offerings that cost nothing, without being approved",
    Permission.REJECT_ORDER: "reject or cancel requests for the consumer",
    Permission.CREATE_OFFERING: "make offerings of the organisation",
    Permission.UPDATE_OFFERING: "describe, activate and take back an offering",
    Permission.UPDATE_OFFERING_ATTRIBUTES: "change opening hours and rules of booking",
    Permission.PAUSE_OFFERING: "pause an offering",
    Permission.UNPAUSE_OFFERING: "let a paused offering be booked again",
    Permission.ARCHIVE_OFFERING: "archive an offering",
    Permission.CREATE_PROJECT: "make projects of the organisation",
    Permission.CREATE_CUSTOMER_PERMISSION: "give roles on the organisation",
    Permission.UPDATE_CUSTOMER_PERMISSION: "say until when a role on the organisation is held",
    Permission.DELETE_CUSTOMER_PERMISSION: "take roles on the organisation",
    Permission.CREATE_PROJECT_PERMISSION: "give roles on the project",
    Permission.UPDATE_PROJECT_PERMISSION: "say until when a role on the project is held",
    Permission.DELETE_PROJECT_PERMISSION: "take roles on the project",
    Permission.CREATE_OFFERING_PERMISSION: "give roles on the offering",
    Permission.UPDATE_OFFERING_PERMISSION: "say until when a role on the offering is held",
    Permission.DELETE_OFFERING_PERMISSION: "take roles on the offering",
}


def made() -> str:
    """Both tables."""
    return f"{_roles()}{_permissions()}"


def _roles() -> str:
    rows = [
        f"| `{role}` | {_WORDS[str(scope_type_of(role))]} | {known.description} | {_carried(known.permissions)} |\n"
        for role, known in STANDARD_ROLES.items()
    ]
    return "\n| Role | is held on | What it is for | Permissions |\n|---|---|---|---|\n" + "".join(rows)


def _carried(permissions: tuple[Permission, ...]) -> str:
    return "all" if set(permissions) == set(Permission) else str(len(permissions))


def _permissions() -> str:
    names = [_short(role) for role, known in STANDARD_ROLES.items() if known.permissions]
    head = f"\n| Permission | allows to | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}\n"
    return head + "".join(_row(permission) for permission in Permission)


def _short(role: Role) -> str:
    return role.replace(".", " ").lower().replace("customer", "organisation")


def _row(permission: Permission) -> str:
    marks = ["x" if permission in known.permissions else "" for known in STANDARD_ROLES.values() if known.permissions]
    return f"| `{permission}` | {_ALLOWS[permission]} | {' | '.join(marks)} |\n"
