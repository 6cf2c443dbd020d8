"""What the official client that PYTHONPATH holds asks of orders and people; reports as JSON.

A task comes on standard input: `base_url`, `consumer` and `provider` (tokens), `project`, `offering`.
"""

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from waldur_api_client.api.marketplace_categories import marketplace_categories_list, marketplace_categories_retrieve
from waldur_api_client.api.marketplace_orders import (
    marketplace_orders_count,
    marketplace_orders_list,
)
from waldur_api_client.api.marketplace_resources import marketplace_resources_retrieve
from waldur_api_client.api.users import users_me_retrieve
from waldur_api_client.client import AuthenticatedClient

ORDERS = "waldur_api_client.api.marketplace_orders"


def ask(task: dict[str, Any]) -> dict[str, Any]:
    """What the client understood of each answer."""

    def client(token: str) -> Any:
        return AuthenticatedClient(base_url=task["base_url"], token=token, prefix="Token")

    consumer, provider = client(task["consumer"]), client(task["provider"])
    waiting = marketplace_orders_list.sync(client=provider, can_approve_as_provider=True, page_size=300)
    order = UUID(str(waiting[0].uuid))
    resource = marketplace_resources_retrieve.sync(
        uuid=UUID(str(waiting[0].marketplace_resource_uuid)), client=provider
    )
    related = {
        part: import_module(f"{ORDERS}.marketplace_orders_{part}_retrieve").sync(uuid=order, client=provider).to_dict()
        for part in ("resource", "offering")
        if find_spec(f"{ORDERS}.marketplace_orders_{part}_retrieve")  # not in the client of November 2025
    }
    [kind, *_] = marketplace_categories_list.sync(client=consumer)
    return {
        "waiting": [each.state.value for each in waiting],
        "count": marketplace_orders_count.sync(client=provider, can_approve_as_provider=True),
        "of_offering": [
            str(each.offering_uuid)
            for each in marketplace_orders_list.sync(
                client=provider, offering_uuid=UUID(task["offering"]), offering_type=["Marketplace.Booking"]
            )
        ],
        "resource": resource.to_dict(),
        "related": related,
        "kinds": [kind.title, marketplace_categories_retrieve.sync(uuid=kind.uuid, client=consumer).title],
        "permissions": [
            [each.role_name, each.scope_type, str(UUID(str(each.scope_uuid))), each.scope_name]
            for each in users_me_retrieve.sync(client=consumer).permissions
        ],
    }


if __name__ == "__main__":
    print(json.dumps(ask(json.load(sys.stdin))))
