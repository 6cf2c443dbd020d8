"""Who may see what, and do what, by plain sets over all rows of a database: what the service is held against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]
TABLES = ("user", "role_grant", "role_permission", "customer", "project", "offering", "resource", "order", "history")
BOOKABLE = "Marketplace.Booking"
LEADING = {"CUSTOMER.OWNER", "CUSTOMER.MANAGER"}
REVIEWERS = ("created_by_uuid", "consumer_reviewed_by_uuid", "provider_reviewed_by_uuid")


class World:
    """All rows of the tables that decide, and whose eyes it is looked at with."""

    callers: Sequence[str] = ()

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self.tables = tables
        self.offerings, self.projects = self._by_uuid("offering"), self._by_uuid("project")
        self.resources, self.orders = self._by_uuid("resource"), self._by_uuid("order")

    def _by_uuid(self, table: str) -> dict[UUID, Row]:
        return {row["uuid"]: row for row in self.tables[table]}

    @classmethod
    async def read(cls, rows: AsyncConnection) -> "World":
        """The world as it is."""
        found: dict[str, list[Row]] = {}
        for table in TABLES:
            result = await rows.execute(text(f'SELECT * FROM "{table}"'))
            found[table] = [dict(row) for row in result.mappings()]
        return cls(found)

    def view(self, username: str) -> "View":
        """What it is to a user."""
        return View(self, next(row for row in self.tables["user"] if row["username"] == username))

    def orders_of(self, booking: UUID) -> list[Row]:
        """The orders that asked for a booking."""
        return [row for row in self.orders.values() if row["resource_uuid"] == booking and row["type"] == "Create"]


@dataclass(frozen=True)
class View:
    """The world as a user may see it."""

    world: World
    user: Row

    @cached_property
    def roles(self) -> set[tuple[str, UUID]]:
        """The roles in force, each with what it is held on."""
        now = datetime.now(UTC)
        return {
            (row["role"], row["customer_uuid"] or row["project_uuid"] or row["offering_uuid"])
            for row in self.world.tables["role_grant"]
            if row["user_uuid"] == self.user["uuid"] and row["is_active"]
            if row["expiration_time"] is None or row["expiration_time"] > now
        }

    @cached_property
    def scopes(self) -> set[UUID]:
        """What any role is held on."""
        return {scope for _, scope in self.roles}

    @property
    def staff(self) -> bool:
        """Whether it is one of the staff."""
        return bool(self.user["is_staff"])

    @property
    def _looks_up_all(self) -> bool:
        return bool(self.user["is_staff"] or self.user["is_support"])

    def permitted(self, permission: str, *scopes: UUID | None) -> bool:
        """Whether a role on one of the scopes carries the permission; staff are permitted everything."""
        carrying = {row["role"] for row in self.world.tables["role_permission"] if row["permission"] == permission}
        return self.staff or any(role in carrying and scope in scopes for role, scope in self.roles)

    def provides(self, offering: Row) -> bool:
        """Whether it is on the provider's side."""
        led = any(role in LEADING and scope == offering["customer_uuid"] for role, scope in self.roles)
        return led or ("OFFERING.MANAGER", offering["uuid"]) in self.roles

    def is_member(self, project: UUID) -> bool:
        """Whether it has a role in a project or its organisation."""
        return not self.scopes.isdisjoint({project, self.world.projects[project]["customer_uuid"]})

    # What is seen

    @cached_property
    def bookings(self) -> set[UUID]:
        """Decision 18."""
        return {uuid for uuid, row in self.world.resources.items() if self._sees(row)}

    def _sees(self, booking: Row) -> bool:
        offering = self.world.offerings[booking["offering_uuid"]]
        asked = any(order["created_by_uuid"] == self.user["uuid"] for order in self.world.orders_of(booking["uuid"]))
        return offering["type"] == BOOKABLE and (self.staff or self.provides(offering) or asked)

    @cached_property
    def known(self) -> set[UUID]:
        """Decision 44: bookings that one may know of in order to end them."""
        bookings = self._bookable(self.world.resources.values())
        return self.bookings | {row["uuid"] for row in bookings if self.is_member(row["project_uuid"])}

    def _bookable(self, rows: Iterable[Row]) -> list[Row]:
        return [row for row in rows if self.world.offerings[row["offering_uuid"]]["type"] == BOOKABLE]

    @cached_property
    def orders(self) -> set[UUID]:
        """Orders of visible bookings, and those of one's own projects."""
        orders = self.world.orders.values()
        if self.staff:
            return {row["uuid"] for row in self._bookable(orders)}
        own = {row["uuid"] for row in self._bookable(orders) if self.is_member(row["project_uuid"])}
        return own | {row["uuid"] for row in orders if row["resource_uuid"] in self.bookings}

    @cached_property
    def provided(self) -> set[UUID]:
        """Offerings on whose provider's side one is."""
        rows = self.world.offerings.values()
        return {row["uuid"] for row in rows if row["type"] == BOOKABLE and (self.staff or self.provides(row))}

    @cached_property
    def calendars(self) -> set[UUID]:
        """Offerings that one may book or provides."""
        return self.provided | {row["uuid"] for row in self.world.offerings.values() if self._may_book(row)}

    def _may_book(self, row: Row) -> bool:
        offered = row["type"] == BOOKABLE and row["state"] in ("Active", "Paused")
        projects = {uuid for uuid, each in self.world.projects.items() if each["customer_uuid"] == row["customer_uuid"]}
        own = self.scopes & {row["uuid"], row["customer_uuid"], *projects}
        return offered and bool(self.staff or row["shared"] or own)

    @property
    def _naming(self) -> list[Row]:
        bookings = [self.world.resources[uuid] for uuid in self.bookings]
        return bookings + [self.world.orders[uuid] for uuid in self.orders]

    @cached_property
    def offerings(self) -> set[UUID]:
        """Those, and what visible bookings and orders name."""
        named = {row["offering_uuid"] for row in self._naming}
        bookable = {row["uuid"] for row in self.world.offerings.values() if row["type"] == BOOKABLE}
        return self.calendars | (named & bookable)

    @cached_property
    def projects(self) -> set[UUID]:
        """One's own, and what visible bookings and orders name."""
        own = {uuid for uuid in self.world.projects if self._looks_up_all or self.is_member(uuid)}
        return own | {row["project_uuid"] for row in self._naming}

    @cached_property
    def customers(self) -> set[UUID]:
        """One's own, and what visible projects and offerings name."""
        every = {row["uuid"] for row in self.world.tables["customer"]}
        named = {self.world.projects[uuid]["customer_uuid"] for uuid in self.projects}
        named |= {self.world.offerings[uuid]["customer_uuid"] for uuid in self.offerings}
        return every if self._looks_up_all else every & (self.scopes | named)

    @cached_property
    def users(self) -> set[UUID]:
        """Oneself, and whom visible bookings, their history, orders and projects name."""
        every = {row["uuid"] for row in self.world.tables["user"]}
        named = {self.world.orders[uuid][name] for uuid in self.orders for name in REVIEWERS}
        named |= {self.world.resources[uuid]["end_date_requested_by_uuid"] for uuid in self.bookings}
        named |= {row["user_uuid"] for row in self.world.tables["history"] if row["resource_uuid"] in self.bookings}
        named |= {self.world.projects[uuid]["end_date_requested_by_uuid"] for uuid in self.projects}
        return every if self._looks_up_all else every & (named | {self.user["uuid"]})

    # What may be done

    def asked_for(self, booking: UUID) -> bool:
        """Decision 42: whether it is the creator."""
        orders = self.world.orders_of(booking)
        executing = [order for order in orders if order["state"] == "executing"]
        deciding = executing if len(executing) == 1 else orders
        return any(order["created_by_uuid"] == self.user["uuid"] for order in deciding)

    def may(self, action: str, booking: UUID) -> bool:
        """Decisions 19, 20, 30 and 44."""
        row = self.world.resources[booking]
        offering = self.world.offerings[row["offering_uuid"]]
        consumer = row["project_uuid"], self.world.projects[row["project_uuid"]]["customer_uuid"]
        provider = offering["uuid"], offering["customer_uuid"]
        match action:
            case "accept":
                return self.permitted("RESOURCE.ACCEPT_BOOKING_REQUEST", *provider)
            case "reject":
                permitted = self.permitted("RESOURCE.REJECT_BOOKING_REQUEST", *provider, *consumer)
                return permitted or self.asked_for(booking)
            case "terminate":
                return self.permitted("RESOURCE.TERMINATE", offering["customer_uuid"], *consumer)
            case "approve_by_consumer":
                return self.permitted("ORDER.APPROVE", *consumer)
            case "reject_by_consumer":
                return self.permitted("ORDER.REJECT", *consumer)
            case "cancel":
                return self.permitted("ORDER.REJECT", *consumer) or self.asked_for(booking)
        raise ValueError(action)
