"""What the OpenAPI document says beyond the routes: in general, and which operation an answer leads to."""

import json
from pathlib import Path

from app.api.openapi import Links, Supplement
from app.bookings.schemas import BookingOrderUUID

DESCRIPTION = """\
See, filter, accept and reject bookings of lab instruments, GPU nodes, meeting rooms and the like.
No two bookings of one offering ever overlap.

To try an operation out, press **Authorize** and paste a token. Errors are JSON: `{"detail": "..."}`,
`{"<parameter>": ["..."]}` for bad parameters, `["..."]` for broken rules.
"""
TAGS = [
    {"name": "booking-resources", "description": "Bookings, as the published contract has them."},
    {"name": "marketplace-orders", "description": "How bookings are asked for, and approved for the consumer."},
    {"name": "marketplace-resources", "description": "How bookings end."},
    {"name": "marketplace-public-offerings", "description": "What can be booked, and at what price."},
    {"name": "marketplace-bookings", "description": "When offerings are taken."},
    {"name": "booking-offerings", "description": "What the caller's organisations offer."},
    {"name": "customers", "description": "Organisations that book or offer."},
    {"name": "projects", "description": "What bookings are for."},
    {"name": "users", "description": "Who books and decides."},
    {"name": "media", "description": "Images of what can be booked."},
    {"name": "extensions", "description": "What this service adds to the published contract."},
    {"name": "health", "description": "For those who operate the service."},
]

_OF_BOOKING = ("booking_resources_retrieve", "booking_resources_history_list")
_FOR_BOOKING = (*_OF_BOOKING, "booking_resources_accept", "booking_resources_reject", "marketplace_resources_terminate")
_OF_ORDER = ("marketplace_orders_retrieve",)
_FOR_ORDER = (*_OF_ORDER, "marketplace_orders_approve_by_consumer", "marketplace_orders_reject_by_consumer")
_OF_OFFERING = (
    "marketplace_public_offerings_retrieve",
    "marketplace_public_offerings_plans_list",
    "booking_offerings_free_list",
)
_BUSY = ("booking_offerings_busy_slots_list", "booking_offerings_busy_slots_create")
_REOPEN = ("booking_offerings_busy_slots_destroy",)
_TAKEN = ("marketplace_bookings_list",)
_SAME, _FIRST = "$request.path.uuid", "$response.body#/0/uuid"

LINKS = (
    Links("booking_resources_list", _FOR_BOOKING, uuid=_FIRST),
    Links("booking_resources_retrieve", _FOR_BOOKING[1:], uuid="$response.body#/uuid"),
    Links("booking_resources_retrieve", _OF_OFFERING, uuid="$response.body#/offering_uuid"),
    Links("booking_resources_retrieve", ("projects_retrieve",), uuid="$response.body#/project_uuid"),
    Links("booking_resources_retrieve", ("customers_retrieve",), uuid="$response.body#/customer_uuid"),
    Links("booking_resources_accept", (*_OF_BOOKING, "marketplace_resources_terminate"), uuid=_SAME),
    Links("booking_resources_reject", _OF_BOOKING, uuid=_SAME),
    Links("marketplace_resources_terminate", _OF_BOOKING, uuid=_SAME),
    Links("marketplace_resources_terminate", _OF_ORDER, uuid="$response.body#/order_uuid"),
    Links("marketplace_orders_create", _FOR_ORDER, uuid="$response.body#/uuid"),
    Links("marketplace_orders_create", _FOR_BOOKING, uuid="$response.body#/marketplace_resource_uuid"),
    Links("marketplace_orders_create", _TAKEN, offering_uuid="$response.body#/offering_uuid"),
    Links("marketplace_orders_list", _FOR_ORDER, uuid=_FIRST),
    Links("marketplace_orders_retrieve", _FOR_ORDER[1:], uuid="$response.body#/uuid"),
    Links("marketplace_orders_retrieve", _FOR_BOOKING, uuid="$response.body#/marketplace_resource_uuid"),
    Links("marketplace_orders_approve_by_consumer", _OF_ORDER, uuid=_SAME),
    Links("marketplace_orders_reject_by_consumer", _OF_ORDER, uuid=_SAME),
    Links("marketplace_public_offerings_list", _OF_OFFERING, uuid=_FIRST),
    Links("marketplace_public_offerings_list", _TAKEN, offering_uuid=_FIRST),
    Links("marketplace_public_offerings_retrieve", _OF_OFFERING[1:], uuid="$response.body#/uuid"),
    Links("marketplace_public_offerings_retrieve", _TAKEN, offering_uuid="$response.body#/uuid"),
    Links(
        "marketplace_public_offerings_plans_list",
        ("marketplace_public_offerings_plans_retrieve",),
        uuid=_SAME,
        plan_uuid=_FIRST,
    ),
    Links("booking_offerings_list", ("booking_offerings_retrieve", *_BUSY), uuid=_FIRST),
    Links("booking_offerings_retrieve", _BUSY, uuid="$response.body#/uuid"),
    Links("booking_offerings_busy_slots_create", ("booking_offerings_free_list", _BUSY[0]), uuid=_SAME),
    Links("booking_offerings_busy_slots_create", _REOPEN, uuid=_SAME, busy_slot_uuid="$response.body#/uuid"),
    Links("booking_offerings_busy_slots_list", _REOPEN, uuid=_SAME, busy_slot_uuid=_FIRST),
    Links("customers_list", ("customers_retrieve",), uuid=_FIRST),
    Links("projects_list", ("projects_retrieve",), uuid=_FIRST),
    Links("projects_retrieve", ("customers_retrieve",), uuid="$response.body#/customer_uuid"),
    Links("users_list", ("users_retrieve",), uuid=_FIRST),
    Links("users_me_retrieve", ("users_retrieve",), uuid="$response.body#/uuid"),
)
"""From where to where, by which parameters (runtime expressions of OpenAPI)."""

EXAMPLES = Path(__file__).parent / "examples.json"
"""Examples for parameters and bodies of requests, which work as they stand on the demo data."""


def supplement() -> Supplement:
    """What the routes do not say."""
    return Supplement(
        **json.loads(EXAMPLES.read_text()),
        on_request={"booking_resources_accept": BookingOrderUUID, "booking_resources_reject": BookingOrderUUID},
        links=LINKS,
    )
