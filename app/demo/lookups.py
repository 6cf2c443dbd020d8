"""Examples for the parameters of what is looked up beside bookings; they find something in the demo data."""

from typing import Any

from app.demo.catalogue import identifier
from app.demo.dataset import EXAMPLE_OFFERING, EXAMPLE_PROJECT

_OFFERING = {
    "uuid": identifier("offering", EXAMPLE_OFFERING),
    "plan_uuid": identifier("plan", f"{EXAMPLE_OFFERING}/Academic"),
    "billable": True,
    "category_uuid": identifier("category", "instruments"),
    "customer_uuid": identifier("customer", "imaging-core"),
    "field": ["uuid", "name", "state", "plans"],
    "name": "confocal",
    "name_exact": "Confocal microscope",
    "query": "confocal",
    "shared": True,
    "slug": EXAMPLE_OFFERING,
    "state": ["Active"],
}
_PLAN = _OFFERING | {"field": ["uuid", "name", "unit_price", "unit"]}
_CUSTOMER = {
    "uuid": identifier("customer", "imaging-core"),
    "abbreviation": "NUIC",
    "archived": False,
    "field": ["uuid", "name", "slug"],
    "name": "imaging",
    "name_exact": "Northbridge University Imaging Core",
    "native_name": "",
    "query": "imaging",
    "slug": "imaging-core",
}
_PROJECT = {
    "uuid": identifier("project", EXAMPLE_PROJECT),
    "customer": identifier("customer", "pollinators"),
    "customer_name": "Pollinator",
    "customer_uuid": identifier("customer", "pollinators"),
    "field": ["uuid", "name", "slug"],
    "is_removed": False,
    "name": "bee",
    "name_exact": "Bee connectome",
    "query": "bee",
    "slug": EXAMPLE_PROJECT,
}
_USER = {
    "uuid": identifier("user", "creator"),
    "field": ["uuid", "username", "full_name"],
    "full_name": "Nakamura",
    "o": ["username"],
    "query": "creator",
    "username": "creator",
}
_BY_OPERATION: dict[str, dict[str, Any]] = {
    "booking_offerings": _OFFERING,
    "customers": _CUSTOMER,
    "marketplace_public_offerings": _OFFERING,
    "marketplace_public_offerings_plans": _PLAN,
    "projects": _PROJECT,
    "users": _USER,
    "users_me": _USER,
}

LOOKUPS: dict[str, Any] = {
    f"{operation}_{action}.{name}": value
    for operation, values in _BY_OPERATION.items()
    for action in ("list", "count", "retrieve")
    for name, value in values.items()
}
"""Examples by operation and parameter."""
