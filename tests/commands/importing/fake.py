"""A source made up for a test: a system as of 2024 (uuids without dashes, orders in retrieve only), in this process."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

import httpx

ADDRESS = "http://source.example.com"
Object = dict[str, Any]


def hexed(name: str) -> str:
    """The uuid of a named thing."""
    return uuid5(UUID(int=1), name).hex


def at(day: int, hour: int = 0) -> str:
    """A moment in May."""
    return f"2030-05-{day:02}T{hour:02}:00:00Z"


def booking(name: str, /, *hours: tuple[int, int], requested: int = 1, state: str = "OK", **values: Any) -> Object:
    """A booking of the microscope for hours of the 20th of May, requested on a day of May."""
    return {
        **{"uuid": hexed(name), "name": name, "slug": name, "state": state, "attributes": {"name": name}},
        **{"created": at(requested), "modified": at(10), "offering_uuid": hexed("microscope")},
        **{"offering_name": "Microscope", "offering_type": "Marketplace.Booking", "provider_uuid": hexed("lab")},
        **{"provider_name": "The Lab", "category_uuid": hexed("tools"), "category_title": "Tools"},
        **{"plan_uuid": None, "project_uuid": hexed("hive"), "project_name": "Hive", "backend_metadata": {}},
        **{"customer_uuid": hexed("bees"), "customer_name": "Bees", "limits": {}, "current_usages": {}},
        **{"created_by": f"{ADDRESS}/api/users/{hexed('ada')}/", "created_by_username": "ada"},
        **{"created_by_full_name": "Ada King", "is_usage_based": False, "endpoints": []},
        "slots": [
            {"start": at(20, start), "end": at(20, end), "backend_id": f"{name}-{start}"} for start, end in hours
        ],
        **values,
    }


def order(of: Object, **values: Any) -> Object:
    """The order that asked for a booking."""
    copied = {name: value for name, value in of.items() if name.startswith(("offering_", "project_", "provider_"))}
    more = {name: of[name] for name in ("attributes", "category_uuid", "category_title", "customer_uuid", "created")}
    asked = {
        "uuid": hexed(f"order of {of['name']}"),
        "type": "Create",
        "state": "executing",
        "modified": of["modified"],
    }
    return {**copied, **more, **asked, "created_by_full_name": of["created_by_full_name"], **values}


class FakeSource:
    """Answers with the bookings and with whatever else is there by path; notes what was asked."""

    def __init__(self, *bookings: Object, others: Mapping[str, Any] | None = None) -> None:
        self.bookings = list(bookings)
        self.others = dict(others or {})
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.raw_path.decode())
        if request.headers["Authorization"] != "Token secret":
            return httpx.Response(401, json={"detail": "Invalid token."})
        parts = request.url.path.strip("/").split("/")
        if parts[:2] == ["api", "booking-resources"]:
            return self._one(parts[2]) if len(parts) == 3 else self._page(request.url.params)
        if request.url.path in self.others:
            return httpx.Response(200, json=self.others[request.url.path])
        return httpx.Response(404, json={"detail": "Not found."})

    def _one(self, uuid: str) -> httpx.Response:
        found = [item for item in self.bookings if UUID(item["uuid"]) == UUID(uuid)]
        return httpx.Response(200, json={"creation_order": order(found[0]), **found[0]}) if found else _missing()

    def _page(self, query: httpx.QueryParams) -> httpx.Response:
        if "T" in query.get("modified", ""):
            return httpx.Response(400, json={"modified": ["Enter a valid date."]})
        chosen = [item for item in self.bookings if item["modified"] >= query.get("modified", "")]
        page, size = int(query.get("page", "1")), int(query["page_size"])
        shown = chosen[(page - 1) * size : page * size]
        headers = {"X-Result-Count": str(len(chosen)), "Date": "Fri, 31 May 2030 00:00:00 GMT"}
        if page * size < len(chosen):
            following = urlencode({**dict(query), "page": page + 1})
            headers["Link"] = f'<http://inside.example.com:8080/api/booking-resources/?{following}>; rel="next"'
        return httpx.Response(200, json=[_listed(item) for item in shown], headers=headers)


def _listed(item: Object) -> Object:
    return {name: value for name, value in item.items() if name not in ("creation_order", "order_in_progress")}


def _missing() -> httpx.Response:
    return httpx.Response(404, json={"detail": "No Resource matches the given query."})
