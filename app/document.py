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

DETAILS = Path(__file__).parent / "document.json"
"""Examples for parameters and bodies, which work as they stand on the demo data; and links between operations."""


def supplement() -> Supplement:
    """What the routes do not say."""
    details = json.loads(DETAILS.read_text())
    return Supplement(
        parameters=details["parameters"],
        bodies=details["bodies"],
        links=[Links(**links) for links in details["links"]],
        on_request={"booking_resources_accept": BookingOrderUUID, "booking_resources_reject": BookingOrderUUID},
    )
