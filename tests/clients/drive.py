"""Calls a server through the official client that PYTHONPATH holds, in every way it offers, and reports as JSON.

A task comes on standard input: `base_url`, `token`, `headers`, `parameters` (values of all filters by name), `accept`
and `reject` (uuids of bookings). What a call raises is reported under `raised`; nothing is caught silently.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, get_args
from uuid import UUID

from waldur_api_client.api.booking_resources import (
    booking_resources_accept,
    booking_resources_count,
    booking_resources_list,
    booking_resources_reject,
    booking_resources_retrieve,
)
from waldur_api_client.client import AuthenticatedClient

LARGEST_PAGE = 300


class Drive:
    """One run over all operations of the client."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.raised: dict[str, str] = {}
        self.client = self.new_client()

    def new_client(self) -> Any:
        """A client of its own, as asyncio clients belong to one event loop."""
        client = AuthenticatedClient(base_url=self.task["base_url"], token=self.task["token"], prefix="Token")
        return client.with_headers(self.task["headers"]) if self.task["headers"] else client

    def attempt(self, name: str, call: Callable[[], Any]) -> Any:
        """What the call returns, or None if it raises, which is reported."""
        try:
            return call()
        except Exception as error:
            self.raised[name] = f"{type(error).__name__}: {error}"[:500]
            return None

    def report(self) -> dict[str, Any]:
        """Everything that the client understood, in the order in which it was asked."""
        bookings = self.attempt("list", lambda: self.listed(page_size=LARGEST_PAGE)) or []
        uuids = [booking.uuid for booking in bookings]
        return {
            "first_page": self.attempt("first page", lambda: _uuids(self.listed())),
            "bookings": [_seen(booking) for booking in bookings],
            "by_asyncio": self.attempt("asyncio", self.by_asyncio),
            "by_pages": self.attempt("pages", self.by_pages),
            "by_all": self.attempt("all", self.by_all),
            "count": self.attempt("count", lambda: booking_resources_count.sync(client=self.client)),
            "count_by_asyncio": self.attempt("count by asyncio", self.count_by_asyncio),
            "retrieved": [self.attempt(f"retrieve {uuid}", partial(self.retrieve, uuid)) for uuid in uuids],
            "parameters": {name: self.parameter(name, value) for name, value in self.task["parameters"].items()},
            "fields": {item.value: self.field(item, uuids[0]) for item in _choices("field")},
            "orderings": {item.value: self.ordered(item) for item in _choices("o")},
            "states": {item.value: self.in_state(item) for item in _choices("state")},
            "accept": self.attempt("accept", lambda: self.change(booking_resources_accept, "accept")),
            "reject": self.attempt("reject", lambda: self.change(booking_resources_reject, "reject")),
            "raised": self.raised,
        }

    def listed(self, **parameters: Any) -> Any:
        return booking_resources_list.sync(client=self.client, **parameters)

    def by_asyncio(self) -> list[str]:
        return _uuids(asyncio.run(booking_resources_list.asyncio(client=self.new_client(), page_size=LARGEST_PAGE)))

    def by_pages(self) -> list[str]:
        """All bookings, a few at a time, by the count in the header."""
        found: list[str] = []
        count, page = 1, 1
        while len(found) < count:
            response = booking_resources_list.sync_detailed(client=self.client, page=page, page_size=7)
            count = int(response.headers["X-Result-Count"])
            found += _uuids(response.parsed)
            page += 1
        return found

    def by_all(self) -> list[list[str]]:
        """All bookings by the functions that follow `Link`, of those versions that have them."""
        if not hasattr(booking_resources_list, "sync_all"):
            return []
        once = booking_resources_list.sync_all(client=self.client)
        again = asyncio.run(booking_resources_list.asyncio_all(client=self.new_client()))
        return [_uuids(once), _uuids(again)]

    def count_by_asyncio(self) -> int:
        counted: int = asyncio.run(booking_resources_count.asyncio(client=self.new_client()))
        return counted

    def retrieve(self, uuid: UUID) -> dict[str, Any]:
        return _seen(booking_resources_retrieve.sync(uuid, client=self.client))

    def parameter(self, name: str, value: Any) -> dict[str, Any]:
        """What the client gets when it gives the one parameter: uuids, and the count by the same parameter."""
        given = {name: _as_annotated(booking_resources_list, name, value)}
        paged = {} if name in ("page", "page_size") else {"page_size": LARGEST_PAGE}
        found = self.attempt(f"parameter {name}", lambda: _uuids(self.listed(**given, **paged)))
        if name in inspect.signature(booking_resources_count.sync).parameters:
            given = {name: _as_annotated(booking_resources_count, name, value)}
            count = self.attempt(f"count by {name}", lambda: booking_resources_count.sync(client=self.client, **given))
            return {"found": found, "count": count}
        return {"found": found, "count": None}

    def field(self, item: Enum, uuid: UUID) -> dict[str, Any]:
        """The members that were sent of all bookings, and of one that is retrieved, when one field is asked for."""
        one = _as_annotated(booking_resources_retrieve, "field", [item.value])
        responses = {
            "listed": lambda: booking_resources_list.sync_detailed(
                client=self.client, field=[item], page_size=LARGEST_PAGE
            ),
            "retrieved": lambda: booking_resources_retrieve.sync_detailed(uuid, client=self.client, field=one),
        }
        return {
            way: self.attempt(f"field {item.value} {way}", partial(_members, ask)) for way, ask in responses.items()
        }

    def ordered(self, item: Enum) -> Any:
        return self.attempt(f"o {item.value}", lambda: _uuids(self.listed(o=[item], page_size=LARGEST_PAGE)))

    def in_state(self, item: Enum) -> Any:
        return self.attempt(f"state {item.value}", lambda: _uuids(self.listed(state=[item], page_size=LARGEST_PAGE)))

    def change(self, operation: Any, action: str) -> dict[str, Any]:
        """Accepts or rejects by both ways of calling, and tells what came back and what has become of the bookings."""
        once, again = map(UUID, self.task[action])
        responses = [
            operation.sync_detailed(once, client=self.client),
            asyncio.run(operation.asyncio_detailed(again, client=self.new_client())),
        ]
        return {
            "statuses": [int(response.status_code) for response in responses],
            "lengths": [len(response.content) for response in responses],
            "orders": [str(response.parsed.order_uuid) if response.parsed else None for response in responses],
            "states": [self.retrieve(uuid)["state"] for uuid in (once, again)],
        }


def _choices(name: str) -> Any:
    return _member_type(booking_resources_list, name)


def _member_type(operation: Any, name: str) -> Any:
    """The type of the members of a list parameter, or of a single one."""
    annotation = inspect.signature(operation.sync).parameters[name].annotation
    given = next(kind for kind in get_args(annotation) if kind.__name__ != "Unset")
    return get_args(given)[0] if get_args(given) else given


def _as_annotated(operation: Any, name: str, value: Any) -> Any:
    kind = _member_type(operation, name)
    convert = datetime.fromisoformat if kind is datetime else kind
    return [convert(item) for item in value] if isinstance(value, list) else convert(value)


def _members(ask: Callable[[], Any]) -> list[str]:
    """The names of all members in a response that the client has decoded; it fills in empty lists by itself."""
    sent = json.loads(ask().content)
    return sorted({name for booking in (sent if isinstance(sent, list) else [sent]) for name in booking})


def _uuids(bookings: Any) -> list[str]:
    return [str(booking.uuid) for booking in bookings]


def _seen(booking: Any) -> dict[str, Any]:
    """Members by their decoded Python values, which fail here if they were left as text."""
    return {
        "uuid": str(UUID(int=booking.uuid.int)),
        "name": booking.name,
        "state": booking.state.value,
        "created": booking.created.astimezone().timestamp(),
        "modified": booking.modified.astimezone().timestamp(),
        "offering_uuid": str(UUID(int=booking.offering_uuid.int)),
        "limits": booking.limits.to_dict(),
        "backend_metadata": _plain(booking.backend_metadata),
        "slots": [[slot.start.timestamp(), slot.end.timestamp(), slot.backend_id] for slot in booking.slots],
        "creation_order": booking.creation_order and booking.creation_order.state.value,
    }


def _plain(value: Any) -> Any:
    return value.to_dict() if hasattr(value, "to_dict") else value


if __name__ == "__main__":
    json.dump(Drive(json.load(sys.stdin)).report(), sys.stdout)
