"""Says by the official client that PYTHONPATH holds when an offering is open; reports what it was told, as JSON."""

import json
import sys
from typing import Any
from uuid import UUID

from waldur_api_client.api.marketplace_provider_offerings import (
    marketplace_provider_offerings_list,
    marketplace_provider_offerings_retrieve,
    marketplace_provider_offerings_update_attributes,
)
from waldur_api_client.client import AuthenticatedClient
from waldur_api_client.models import MarketplaceProviderOfferingsUpdateAttributesBody


def main(task: dict[str, Any]) -> dict[str, Any]:
    """The offerings that are listed, the attributes before and after, and the status of the change."""
    client = AuthenticatedClient(base_url=task["base_url"], token=task["token"], prefix="Token")
    uuid = UUID(task["offering"])
    listed: Any = marketplace_provider_offerings_list.sync(client=client, name_exact="Microscope")
    before: Any = marketplace_provider_offerings_retrieve.sync(uuid, client=client)
    attributes = before.attributes.to_dict() | {"schedules": task["schedules"]}
    body = MarketplaceProviderOfferingsUpdateAttributesBody.from_dict(attributes)
    changed: Any = marketplace_provider_offerings_update_attributes.sync_detailed(uuid, client=client, body=body)
    after: Any = marketplace_provider_offerings_retrieve.sync(uuid, client=client)
    return {
        "listed": [str(each.uuid) for each in listed],
        "state": str(before.state),
        "plans": len(before.plans),
        "status": changed.status_code,
        "answer": json.loads(changed.content),
        "schedules": after.attributes.to_dict()["schedules"],
    }


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
