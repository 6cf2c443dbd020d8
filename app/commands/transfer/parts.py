"""Which rows of a file go to which table, in the order in which they can be stored."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from app import models
from app.commands.transfer import roles, rows
from app.commands.transfer.reader import Kind
from app.commands.transfer.row import Row
from app.models.base import is_set


@dataclass(frozen=True, eq=False)
class Part:
    """One kind of row.

    `identity` says which stored row is the same one; `unique` lists further columns whose values no two rows share.
    Rows without a `row` model come within those of the table `name`, which `key` refers to in messages.
    """

    name: str
    model: type[models.Base]
    row: type[Row] | None = None
    kind: Kind = "object"
    identity: tuple[str, ...] = ("uuid",)
    unique: tuple[tuple[str, ...], ...] = ()
    key: tuple[str, ...] = ()
    add_only: bool = False
    media: tuple[str, ...] = ()
    label: str = ""

    @cached_property
    def stored(self) -> Table:
        """The table of the service."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @cached_property
    def staging(self) -> Table:
        """A temporary table for rows of a file: columns to be stored, names of media files; of slots the position too,
        and the id of the same slot where it is stored already."""
        columns: list[Column[object]] = [
            Column(column.name, column.type)
            for column in self.stored.columns
            if is_set(column) and column.identity is None
        ]
        columns += [Column(name, Text) for name in self.media]
        if self.model is models.Slot:
            columns += [Column("position", Integer), Column("kept", BigInteger)]
        name = f"staging_{self.stored.name}"
        return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")

    @property
    def dated(self) -> bool:
        """Whether rows say when they last changed."""
        return "modified" in self.stored.columns


MEDIA_FILES = Part("media_files", models.MediaFile, rows.MediaFileRow, unique=(("name",),))
BUSY_SLOTS = Part("busy_slots", models.BusySlot, rows.BusySlotRow)
RESOURCES = Part("resources", models.Resource, rows.ResourceRow)
ENDPOINTS = Part("resources", models.ResourceEndpoint, key=("resource_uuid",), label="endpoint")
SLOTS = Part("resources", models.Slot, identity=("resource_uuid", "position"), key=("resource_uuid",), label="slot")
PERMISSIONS = Part(
    "role_permissions", models.RolePermission, roles.RolePermissionsRow, add_only=True, identity=("role", "permission")
)
SCOPES = ("customer_uuid", "project_uuid", "offering_uuid")

PARTS = (
    Part("customers", models.Customer, rows.CustomerRow),
    Part("users", models.User, rows.UserRow, unique=(("username",),)),
    Part(
        "users",
        models.Token,
        identity=("user_uuid", "digest"),
        unique=(("digest",), ("uuid",)),
        key=("user_uuid",),
        add_only=True,
        label="token",
    ),
    MEDIA_FILES,
    Part("projects", models.Project, rows.ProjectRow),
    Part("categories", models.Category, rows.CategoryRow, media=("icon",)),
    Part("offerings", models.Offering, rows.OfferingRow, media=("thumbnail", "image")),
    Part(
        "offering_components", models.OfferingComponent, rows.OfferingComponentRow, unique=(("offering_uuid", "type"),)
    ),
    Part("plans", models.Plan, rows.PlanRow),
    Part("plan_components", models.PlanComponent, rows.PlanComponentRow, "array", ("plan_uuid", "component_uuid")),
    PERMISSIONS,
    Part("user_roles", models.RoleGrant, roles.RoleGrantRow, "array", ("user_uuid", "role", *SCOPES), add_only=True),
    Part("role_events", models.RoleEvent, roles.RoleEventRow, add_only=True),
    Part("offering_users", models.OfferingUser, rows.OfferingUserRow, "array", ("offering_uuid", "user_uuid")),
    Part("offering_changes", models.OfferingChange, rows.OfferingChangeRow, add_only=True),
    BUSY_SLOTS,
    RESOURCES,
    Part("orders", models.Order, rows.OrderRow),
    Part("history", models.History, rows.HistoryRow, add_only=True),
)
"""Without those that come and go with a booking: `ENDPOINTS`, `SLOTS`."""
