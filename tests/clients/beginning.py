"""From an empty database to an accepted booking, through the official client that PYTHONPATH holds; reports as JSON.

A task comes on standard input: `base_url`, `headers`, `tokens` of `root` (staff), `iris` and `ben`, their UUIDs in
`users`, `start`, `end`.
"""

import json
import sys
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from waldur_api_client import models
from waldur_api_client.api.booking_resources import booking_resources_accept, booking_resources_retrieve
from waldur_api_client.api.customers import customers_add_user, customers_create, customers_list_users_list
from waldur_api_client.api.marketplace_categories import marketplace_categories_create
from waldur_api_client.api.marketplace_orders import marketplace_orders_create
from waldur_api_client.api.marketplace_provider_offerings import (
    marketplace_provider_offerings_activate,
    marketplace_provider_offerings_create,
    marketplace_provider_offerings_pause,
    marketplace_provider_offerings_unpause,
    marketplace_provider_offerings_update_overview,
)
from waldur_api_client.api.projects import projects_create
from waldur_api_client.api.roles import roles_list
from waldur_api_client.client import AuthenticatedClient


def free_json(kind: str, members: dict[str, Any]) -> Any:
    """What the client takes for a free object: a class of its own, where it has one."""
    model = getattr(models, kind, None)
    return model.from_dict(members) if model else members


def organisations(root: Any, task: dict[str, Any]) -> tuple[Any, Any]:
    """Who offers and who books, each with an owner."""
    made = []
    for name, owner in (("Imaging Facility", "iris"), ("Bee Lab", "ben")):
        customer = customers_create.sync(client=root, body=models.CustomerRequest(name=name))
        owns = models.UserRoleCreateRequest(role="CUSTOMER.OWNER", user=UUID(task["users"][owner]))
        customers_add_user.sync(uuid=customer.uuid, client=root, body=owns)
        made.append(customer)
    return made[0], made[1]


def offered(iris: Any, provider: Any, category: Any, start: str, end: str) -> Any:
    """An offering with a price, which is put up, paused and put up again."""
    component = models.OfferingComponentRequest(billing_type=models.BillingTypeEnum.USAGE, type_="hours", name="Hours")
    plan = models.BaseProviderPlanRequest(name="Academic", unit=models.BillingUnit.HOUR, unit_price="12.50")
    window = {"start": start[:10] + "T00:00:00Z", "end": end[:10] + "T23:59:59Z"}
    body = models.OfferingCreateRequest(
        name="Confocal",
        category=category.url,
        type_="Marketplace.Booking",
        customer=provider.url,
        attributes=free_json("OfferingCreateRequestAttributes", {"schedules": [window]}),
        components=[component],
        plans=[plan],
    )
    made = marketplace_provider_offerings_create.sync(client=iris, body=body)
    overview = models.OfferingOverviewUpdateRequest(name="Confocal microscope", description="Four lasers.")
    marketplace_provider_offerings_update_overview.sync_detailed(uuid=made.uuid, client=iris, body=overview)
    reason = models.OfferingPauseRequest(paused_reason="Laser service")
    states = [
        marketplace_provider_offerings_activate.sync(uuid=made.uuid, client=iris),
        marketplace_provider_offerings_pause.sync(uuid=made.uuid, client=iris, body=reason),
        marketplace_provider_offerings_unpause.sync(uuid=made.uuid, client=iris),
    ]
    return SimpleNamespace(row=made, states=[str(made.state.value), *(each.state for each in states)])


def begin(task: dict[str, Any]) -> dict[str, Any]:
    """What the client understood at each step."""
    root, iris, ben = (
        AuthenticatedClient(base_url=task["base_url"], token=task["tokens"][name], prefix="Token").with_headers(
            task["headers"]
        )
        for name in ("root", "iris", "ben")
    )
    provider, consumer = organisations(root, task)
    kind = marketplace_categories_create.sync(client=root, body=models.MarketplaceCategoryRequest(title="Microscopes"))
    offering = offered(iris, provider, kind, task["start"], task["end"])
    project = projects_create.sync(client=ben, body=models.ProjectRequest(name="Bee brains", customer=consumer.url))
    attributes = models.GenericOrderAttributes()
    attributes.additional_properties = {"name": "Bee", "schedules": [{"start": task["start"], "end": task["end"]}]}
    request = models.OrderCreateRequest(offering=offering.row.url, project=project.url, attributes=attributes)
    order = marketplace_orders_create.sync(client=ben, body=request)
    booking = UUID(str(order.marketplace_resource_uuid))
    booking_resources_accept.sync_detailed(uuid=booking, client=iris)
    owners = customers_list_users_list.sync(uuid=provider.uuid, client=iris)
    return {
        "states": offering.states,
        "prices": [plan.unit_price for plan in offering.row.plans],
        "components": [component.type_ for component in offering.row.components],
        "owners": [[row.user_username, row.role_name, row.created_by_full_name] for row in owners],
        "roles": len(roles_list.sync(client=ben)),
        "booking": booking_resources_retrieve.sync(uuid=booking, client=ben).state.value,
    }


if __name__ == "__main__":
    print(json.dumps(begin(json.load(sys.stdin))))
