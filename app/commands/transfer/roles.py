"""Rows about roles: what they carry, who holds them on what, and when they were given and taken."""

from collections.abc import Iterator
from typing import Literal, Self

from app.commands.transfer.row import IdentifiedRow, Record, Row
from app.commands.transfer.values import Flag, Moment, Text150, Text255, UuidText
from app.models import enums


class RolePermissionsRow(Row):
    """The permissions of one role, under the name of the role."""

    table = "role_permission"

    role: Text150
    permissions: list[Text255]

    @classmethod
    def read(cls, key: str | int, value: object) -> Self:
        return cls.model_validate({"role": key, "permissions": value})

    def records(self) -> Iterator[tuple[str, Record]]:
        for permission in dict.fromkeys(self.permissions):
            yield self.table, {"role": self.role, "permission": permission}


class HeldRow(Row):
    """Which role of whom on what."""

    user_uuid: UuidText
    role: Text150
    scope_type: Literal["customer", "project", "offering"]
    scope: UuidText
    expiration_time: Moment | None = None

    def records(self) -> Iterator[tuple[str, Record]]:
        yield self.table, {**self.__dict__, f"{self.scope_type}_uuid": self.scope}


class RoleGrantRow(HeldRow):
    table = "role_grant"

    is_active: Flag = True


class RoleEventRow(HeldRow, IdentifiedRow):
    table = "role_event"

    action: enums.RoleAction
    created: Moment | None = None
    created_by_uuid: UuidText | None = None
