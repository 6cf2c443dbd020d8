"""What the OpenAPI document says beyond the routes: in general, by example, and which operation an answer leads to."""

import json
from pathlib import Path

from app.api.examples import Examples
from app.api.openapi import Links, Supplement
from app.bookings.schemas import BookingOrderUUID
from app.values import JsonObject


def _said(file: str) -> JsonObject:
    said: JsonObject = json.loads((Path(__file__).parent / file).read_text())
    return said


def supplement() -> Supplement:
    """What the routes do not say. The examples work as they stand on the demo data."""
    said = _said("document.json")
    for name, more in _said("document_own.json").items():
        said[name] = {**said[name], **more} if isinstance(more, dict) else [*said[name], *more]
    answered = _said("document_answers.json")
    said["examples"] = Examples(parameters=said.pop("parameters"), bodies=said.pop("bodies"), **answered)
    said["links"] = [Links(**links) for links in said["links"]]
    on_request = {"booking_resources_accept": BookingOrderUUID, "booking_resources_reject": BookingOrderUUID}
    return Supplement(**said, on_request=on_request)
