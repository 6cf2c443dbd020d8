"""The life of a booking through the official client that PYTHONPATH holds; reports as JSON.

A task comes on standard input: `base_url`, `consumer` and `provider` (tokens), `headers`, `project`, `start`, `end`.
"""

import json
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

from waldur_api_client.api.booking_offerings import booking_offerings_list
from waldur_api_client.api.booking_resources import booking_resources_accept
from waldur_api_client.api.marketplace_bookings import marketplace_bookings_list
from waldur_api_client.api.marketplace_orders import marketplace_orders_create
from waldur_api_client.api.marketplace_public_offerings import marketplace_public_offerings_list
from waldur_api_client.client import AuthenticatedClient
from waldur_api_client.models import GenericOrderAttributes, OrderCreateRequest


def live(task: dict[str, Any]) -> dict[str, Any]:
    """What the client understood at each step."""

    def client(token: str) -> Any:
        made = AuthenticatedClient(base_url=task["base_url"], token=token, prefix="Token")
        return made.with_headers(task["headers"]) if task["headers"] else made

    consumer, provider = client(task["consumer"]), client(task["provider"])
    [offering] = marketplace_public_offerings_list.sync(client=consumer, name_exact="Microscope")
    attributes = GenericOrderAttributes()
    attributes.additional_properties = {"name": "Bee", "schedules": [{"start": task["start"], "end": task["end"]}]}
    request = OrderCreateRequest(
        offering=offering.url, project=f"/api/projects/{task['project']}/", attributes=attributes
    )
    order = marketplace_orders_create.sync(client=consumer, body=request)
    booking_resources_accept.sync_detailed(uuid=UUID(str(order.marketplace_resource_uuid)), client=provider)
    taken = marketplace_bookings_list.sync(uuid=offering.uuid.hex, client=consumer)
    return {
        "provided": [each.name for each in booking_offerings_list.sync(client=provider)],
        "state": order.state.value,
        "taken": [[_seconds(each.start), _seconds(each.end)] for each in taken],
    }


def _seconds(moment: datetime | str) -> float:
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)).timestamp()


if __name__ == "__main__":
    print(json.dumps(live(json.load(sys.stdin))))
