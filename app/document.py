"""What the OpenAPI document says beyond the routes: in general, by example, and which operation an answer leads to."""

import json
from pathlib import Path

from app.api.openapi import Links, Supplement
from app.bookings.schemas import BookingOrderUUID


def supplement() -> Supplement:
    """What the routes do not say. The examples work as they stand on the demo data."""
    said = json.loads((Path(__file__).parent / "document.json").read_text())
    said["links"] = [Links(**links) for links in said["links"]]
    on_request = {"booking_resources_accept": BookingOrderUUID, "booking_resources_reject": BookingOrderUUID}
    return Supplement(**said, on_request=on_request)
