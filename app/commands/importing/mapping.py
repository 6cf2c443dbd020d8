"""Objects of the API as rows in the shape that load takes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import NamedTuple
from uuid import UUID, uuid5

from app.commands.importing.reader import Object, SourceError
from app.commands.transfer.values import uuid_of
from app.models.enums import BillingType, BillingUnit, OfferingState, ResourceState
from app.slots.periods import moment
from app.values import uuid_or_none

GUESSED = "1970-01-01T00:00:00Z"
"""`modified` of rows that are made from what a booking says; what the source shows itself replaces them."""
SHOWN = "1970-01-02T00:00:00Z"
"""`modified` of what the source shows without any date."""

NAMESPACE = UUID("5d0a4b52-7a0e-5c0e-9c4e-3d1f6a1f8a11")
"""Of uuids for what has none at the source, so that it gets the same one each time."""

TABLES = ("customers", "users", "projects", "categories", "offerings", "offering_components", "plans", "resources")
_PEOPLE = ("created_by", "consumer_reviewed_by", "provider_reviewed_by", "end_date_requested_by")

_BOOKING = (
    *("name", "slug", "state", "created", "modified", "backend_id", "effective_id", "downscaled", "paused"),
    *("restrict_member_access", "error_message", "error_traceback", "end_date", "report", "options"),
    *("attributes", "limits", "current_usages", "backend_metadata", "slots", "endpoints"),
)
_ORDER = (
    *("created", "modified", "type", "state", "attributes", "limits", "cost", "output", "error_message", "backend_id"),
    *("error_traceback", "consumer_reviewed_at", "provider_reviewed_at", "callback_url", "request_comment"),
    *("start_date", "termination_comment"),
)
_OFFERING = (
    *("created", "name", "slug", "description", "type", "state", "shared", "billable", "plugin_options", "options"),
    *("terms_of_service", "paused_reason", "latitude", "longitude", "backend_id"),
)
_COMPONENT = ("name", "billing_type", "measured_unit", "limit_period", "limit_amount", "max_value", "min_value")
_PLAN = ("created", "name", "description", "unit", "unit_price", "archived")
_PROJECT = ("created", "name", "slug", "description", "start_date", "end_date", "is_removed")
_CUSTOMER = ("created", "name", "slug", "abbreviation", "native_name", "blocked", "archived")
_USER = ("username", "first_name", "last_name", "email", "civil_number", "is_staff", "is_support", "is_active")


def derived(kind: str, name: str) -> str:
    """The uuid of something that the source knows by another name only."""
    return str(uuid5(NAMESPACE, f"{kind}/{name}"))


def uuid_in(item: Object, name: str) -> str | None:
    """The uuid in a member, if there is any; raises SourceError."""
    value = item.get(name)
    try:
        return None if value is None or value == "" else str(uuid_of(value))
    except ValueError as error:
        raise SourceError(f"the source shows {name} {value!r} of {item.get('uuid')!r}, which {error}") from error


def required_uuid(item: Object, name: str) -> str:
    """The uuid in a member that must be there; raises SourceError."""
    value = uuid_in(item, name)
    if value is None:
        raise SourceError(f"the source shows no {name} of {item.get('name', item.get('uuid'))!r}")
    return value


def linked(item: Object, name: str) -> str | None:
    """The uuid at the end of a link, if there is one."""
    link = item.get(name)
    found = uuid_or_none(link.rstrip("/").rpartition("/")[2], plain=True) if isinstance(link, str) else None
    return None if found is None else str(found)


def _kept(item: Object, names: Iterable[str]) -> Object:
    return {name: item[name] for name in names if item.get(name) is not None}


def _objects(value: object) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _typed(value: object) -> list[Object]:
    return [item for item in _objects(value) if isinstance(item.get("type"), str)]


def _stamp(item: Object) -> object:
    """When what the source shows was last changed, as far as it tells."""
    return item.get("modified") or item.get("created") or item.get("date_joined") or SHOWN


def _full_name(name: object) -> Object:
    first, _, last = name.partition(" ") if isinstance(name, str) else ("", "", "")
    return {"first_name": first, "last_name": last}


class References(NamedTuple):
    """What a booking or an order is about."""

    offering: str
    project: str
    plan: str | None


class Dataset:
    """Rows by table, of what has been read so far."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Object]] = {name: {} for name in (*TABLES, "orders", "history")}
        self.plan_components: dict[tuple[str, str], Object] = {}
        self.usernames: dict[str, str] = {}
        """Users by name: their own uuid or, until it is known, a derived one."""
        self.parents: dict[str | None, object] = {}
        """Names of what bookings are parts of."""

    def add_booking(self, item: Object) -> str:
        """A booking, its orders, and what it says of everything it refers to; returns its uuid."""
        uuid = required_uuid(item, "uuid")
        of = self._references(item)
        row = _kept(item, _BOOKING) | of._asdict()
        creator = self.person(linked(item, "created_by"), item.get("created_by_username"), item, "created_by_full_name")
        names = ("consumer_reviewed_by_username", "consumer_reviewed_by_full_name")
        self.person(linked(item, "consumer_reviewed_by"), item.get(names[0]), item, names[1])
        row["end_date_requested_by"] = self.person(linked(item, "end_date_requested_by"))
        row["parent"] = parent = uuid_in(item, "parent_uuid")
        self.parents[parent] = item.get("parent_name")
        if item.get("last_sync") not in (None, item.get("created")):
            row["last_sync"] = item["last_sync"]
        for name in ("order_in_progress", "creation_order"):
            order = item.get(name)
            if isinstance(order, dict):
                self.add_order(order, uuid, creator if name == "creation_order" else None, item)
                row["cost"] = order.get("old_cost_estimate")
        if item.get("is_usage_based") is True:
            self._charged_by_usage(of.offering)
        self.tables["resources"][uuid] = row
        return uuid

    def add_order(self, item: Object, booking: str, creator: str | None = None, of: Object | None = None) -> None:
        """An order of a booking; orders name people by username, or by full name only."""
        references = self._references(item)
        row = _kept(item, _ORDER) | references._asdict()
        row["plan"] = uuid_in(item, "new_plan_uuid") or references.plan
        row["old_plan"] = self._plan(item, "old_plan_uuid", item.get("old_plan_name"), references.offering)
        row["activated"] = item.get("completed_at")
        for side in ("consumer", "provider"):
            who = f"{side}_reviewed_by"
            row[who] = self.person(None, item.get(f"{who}_username") or item.get(who), item, f"{who}_full_name")
        if creator is None and of and item.get("created_by_full_name") == of.get("created_by_full_name"):
            creator = linked(of, "created_by") if not item.get("created_by_username") else None
        creator = creator or self.person(None, item.get("created_by_username"), item, "created_by_full_name")
        uuid = required_uuid(item, "uuid")
        row["created_by"] = creator or self.person(derived("creator", uuid))
        self.tables["orders"][uuid] = row | {"resource": booking}

    def person(
        self, uuid: str | None, username: object = None, item: Object | None = None, full_name: str = ""
    ) -> str | None:
        """The uuid of a user known by uuid, username or full name, whichever is there; None if nothing is."""
        name = (item or {}).get(full_name)
        if isinstance(username, str) and username:
            if uuid is None:
                uuid = self.usernames.setdefault(username, derived("user", username))
            else:
                self.usernames[username] = uuid
        elif uuid is None and isinstance(name, str) and name:
            uuid = derived("name", name)
        if uuid is not None:
            known = self.tables["users"].get(uuid)
            if known is None or (username and str(known["username"]).startswith("unknown-")):
                named = {"username": username or f"unknown-{UUID(uuid).hex}", **_full_name(name)}
                self.tables["users"][uuid] = {**named, "modified": GUESSED}
        return uuid

    def _references(self, item: Object) -> References:
        """Offering, plan and project of a booking or an order, with what it says of them."""
        offering, project = required_uuid(item, "offering_uuid"), required_uuid(item, "project_uuid")
        values = {
            **{name: item.get(f"offering_{name}") for name in _OFFERING},
            "category": self._category(item),
            "parent": self._parent_offering(item),
            "customer": self._customer(item, "provider"),
        }
        self._guess("offerings", offering, {"name": ""}, values)
        values = {name: item.get(f"project_{name}") for name in _PROJECT}
        values["end_date_requested_by"] = self.person(linked(item, "project_end_date_requested_by"))
        self._guess("projects", project, {"name": "", "customer": self._customer(item, "customer")}, values)
        plan = self._plan(item, "plan_uuid", item.get("plan_name"), offering)
        return References(offering, project, plan)

    def _guess(self, table: str, uuid: str, basis: Mapping[str, object], values: Object) -> None:
        """A row made from what is said of it elsewhere, unless the source has shown it."""
        row = self.tables[table].setdefault(uuid, {**basis, "modified": GUESSED})
        if row["modified"] == GUESSED:
            row |= _kept(values, values)

    def _customer(self, item: Object, role: str) -> str | None:
        uuid = uuid_in(item, f"{role}_uuid")
        if uuid is not None:
            values = {name: item.get(f"{role}_{name}") for name in ("name", "slug")}
            self._guess("customers", uuid, {"name": ""}, values)
        return uuid

    def _category(self, item: Object) -> str:
        uuid = uuid_in(item, "category_uuid") or derived("category", str(item.get("category_title") or ""))
        self._guess("categories", uuid, {"title": ""}, {"title": item.get("category_title")})
        return uuid

    def _parent_offering(self, item: Object) -> str | None:
        uuid = uuid_in(item, "parent_offering_uuid")
        if uuid is not None:
            values = {name: item.get(f"parent_offering_{name}") for name in ("name", "slug")}
            self._guess("offerings", uuid, {"name": "", "category": self._category(item)}, values)
        return uuid

    def _plan(self, item: Object, member: str, name: object, offering: str) -> str | None:
        uuid = uuid_in(item, member)
        if uuid is not None:
            basis = {"name": "", "unit": BillingUnit.MONTH, "offering": offering}
            values = {"name": name}
            if member == "plan_uuid":
                values |= {"description": item.get("plan_description"), "unit": item.get("plan_unit")}
            self._guess("plans", uuid, basis, values)
        return uuid

    def _charged_by_usage(self, offering: str) -> None:
        row: Object = {
            "offering": offering,
            "type": "imported-usage",
            "name": "Usage",
            "billing_type": BillingType.USAGE,
        }
        self.tables["offering_components"].setdefault(derived("usage", offering), row)

    def add_parent(self, uuid: str, child: Object) -> None:
        """A parent that the source does not show: something that is no booking, and known by its name only."""
        offering, name = derived("parent", uuid), str(self.parents.get(uuid) or "")
        kind = {"name": name, "type": "Unknown", "state": OfferingState.ARCHIVED, "shared": False}
        category = self.tables["offerings"][str(child["offering"])]["category"]
        self.tables["offerings"][offering] = {**kind, "category": category, "modified": GUESSED}
        row = {"name": name[:150], "offering": offering, "project": child["project"], "attributes": {}}
        self.tables["resources"][uuid] = {**row, "state": ResourceState.TERMINATED, "modified": GUESSED}

    def show_offering(self, uuid: str, item: Object) -> None:
        """What the source shows of an offering, with its components and price lists."""
        row = self.tables["offerings"][uuid]
        row |= _kept(item, _OFFERING) | {"modified": _stamp(item), "attributes": _attributes(item)}
        for name, member in (("customer", "customer"), ("parent", "parent_offering")):
            shown = uuid_in(item, f"{name}_uuid")
            if shown is not None and name == "customer":
                row[name] = self._customer(item, member)
            elif shown is not None:
                named = {"parent_offering_uuid": shown, "parent_offering_name": item.get("parent_name")}
                row[name] = self._parent_offering({**item, **named})
        if uuid_in(item, "category_uuid"):
            row["category"] = self._category(item)
        if "components" in item:
            self.tables["offering_components"].pop(derived("usage", uuid), None)
        for component in _typed(item.get("components")):
            key = uuid_in(component, "uuid") or derived("component", f"{uuid}/{component['type']}")
            named = {"offering": uuid, "type": component["type"]}
            self.tables["offering_components"][key] = _kept(component, _COMPONENT) | named
        for plan in _objects(item.get("plans")):
            self.show_plan(uuid, plan)

    def show_plan(self, offering: str, item: Object) -> None:
        """What the source shows of a price list."""
        plan = required_uuid(item, "uuid")
        row = _kept(item, _PLAN) | {"offering": offering, "modified": _stamp(item)}
        self.tables["plans"][plan] = {**self.tables["plans"].get(plan, {"unit": BillingUnit.MONTH}), **row}
        components = self.tables["offering_components"]
        keys = {row["type"]: key for key, row in components.items() if row["offering"] == offering}
        for kind, amount, price in _prices(item):
            if kind in keys:
                priced = {"plan": plan, "component": keys[kind], "amount": amount, "price": price}
                self.plan_components[plan, keys[kind]] = priced

    def show_project(self, uuid: str, item: Object) -> None:
        """What the source shows of a project."""
        row = self.tables["projects"][uuid]
        row |= _kept(item, _PROJECT) | {"modified": _stamp(item)}
        row["end_date_requested_by"] = self.person(linked(item, "end_date_requested_by"))

    def show_customer(self, uuid: str, item: Object) -> None:
        """What the source shows of an organisation."""
        self.tables["customers"][uuid] |= _kept(item, _CUSTOMER) | {"modified": _stamp(item)}

    def show_user(self, uuid: str, item: Object) -> None:
        """What the source shows of a user."""
        self.tables["users"][uuid] |= _kept(item, _USER) | {"modified": _stamp(item)}
        if isinstance(name := item.get("username"), str):
            self.usernames[name] = uuid

    def same_people(self, others: Mapping[str, str]) -> None:
        """Replaces users by others: uuid by uuid."""
        for uuid in others:
            self.tables["users"].pop(uuid, None)
        for table in ("projects", "resources", "orders"):
            for row in self.tables[table].values():
                row.update({name: others[str(row[name])] for name in _PEOPLE if row.get(name) in others})

    def rows(self) -> Object:
        """The data set for `load_dataset`."""
        return {**self.tables, "plan_components": [*self.plan_components.values()]}


def _attributes(item: Object) -> Object:
    """The attributes of an offering. Windows that are open now are shown to begin now; since when is not said, and is
    taken to be the offering's creation, so that two imports agree."""
    attributes = item.get("attributes")
    if not isinstance(attributes, dict) or not isinstance(attributes.get("schedules"), list):
        return attributes if isinstance(attributes, dict) else {}
    created = item.get("created")
    return attributes | {
        "schedules": [
            {**window, "start": created} if created and isinstance(window, dict) and _is_open(window) else window
            for window in attributes["schedules"]
        ]
    }


def _is_open(window: Object) -> bool:
    start = moment(window.get("start"))
    return start is not None and start <= datetime.now(UTC) + timedelta(minutes=1)


def _prices(item: Object) -> Iterable[tuple[object, object, object]]:
    """Kind, included amount and price of each component of a plan."""
    components = _typed(item.get("components"))
    if components:
        for component in components:
            yield component["type"], component.get("amount") or 0, component.get("price") or 0
    elif isinstance(prices := item.get("prices"), dict):
        quotas = item.get("quotas")
        for kind, price in prices.items():
            quota = quotas.get(kind) if isinstance(quotas, dict) else None
            yield kind, int(quota) if isinstance(quota, (int, float)) and isfinite(quota) else 0, price or 0
