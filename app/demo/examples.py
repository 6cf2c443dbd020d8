"""Examples for parameters and bodies of requests; they work as they stand on the demo data."""

from typing import Any

from app.demo.catalogue import identifier
from app.demo.dataset import (
    EXAMPLE_BOOKING,
    EXAMPLE_OFFERING,
    EXAMPLE_ORDER,
    EXAMPLE_PROJECT,
    EXAMPLE_TO_ACCEPT,
    EXAMPLE_TO_REJECT,
    EXAMPLES,
)
from app.demo.lookups import LOOKUPS

_OFFERING = identifier("offering", EXAMPLE_OFFERING)
_PROJECT = identifier("project", EXAMPLE_PROJECT)

PARAMETERS: dict[str, Any] = {
    **EXAMPLES,
    **LOOKUPS,
    "uuid": EXAMPLE_BOOKING,
    "booking_resources_accept.uuid": EXAMPLE_TO_ACCEPT,
    "booking_resources_reject.uuid": EXAMPLE_TO_REJECT,
    "Prefer": "return=representation",
    "If-Match": "*",
    "Idempotency-Key": "bee-brains-1",
    **{f"marketplace_orders_{name}.uuid": EXAMPLE_ORDER for name in ("retrieve", "approve_by_consumer")},
    "marketplace_orders_reject_by_consumer.uuid": EXAMPLE_ORDER,
    **{f"marketplace_orders_{name}.state": ["done"] for name in ("list", "count")},
    **{f"marketplace_orders_{name}.o": ["-created"] for name in ("list", "count")},
    "resource_uuid": EXAMPLE_BOOKING,
    "type": ["Create"],
    **{f"marketplace_bookings_{name}.offering_uuid": _OFFERING for name in ("list", "count")},
    **{f"booking_offerings_busy_slots_{name}.uuid": _OFFERING for name in ("list", "create", "destroy")},
    "booking_offerings_free_list.uuid": _OFFERING,
    "booking_offerings_free_list.start": "2030-05-01T00:00:00Z",
    "booking_offerings_free_list.end": "2030-06-01T00:00:00Z",
    "busy_slot_uuid": "00000000-0000-4000-8000-000000000000",
    "start": "2024-01-01T00:00:00Z",
    "end": "2100-01-01T00:00:00Z",
    "duration": "PT1H30M",
}
"""By parameter, or by operation and parameter."""

BODIES: dict[str, Any] = {
    "booking_resources_reject": {"provider_rejection_comment": "The operator is on leave."},
    "marketplace_resources_terminate": {"attributes": {"termination_comment": "No longer needed."}},
    "marketplace_orders_create": {
        "offering": f"/api/marketplace-public-offerings/{_OFFERING}/",
        "project": f"/api/projects/{_PROJECT}/",
        "attributes": {
            "name": "Bee brains",
            "description": "Whole brains, cleared.",
            "schedules": [{"start": "2030-05-02T09:00:00Z", "end": "2030-05-02T11:00:00Z"}],
        },
        "accepting_terms_of_service": True,
    },
    "booking_offerings_busy_slots_create": {
        "start": "2030-05-06T08:00:00Z",
        "end": "2030-05-06T12:00:00Z",
        "comment": "Laser service",
    },
}
"""By operation."""
