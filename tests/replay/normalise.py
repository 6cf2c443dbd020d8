"""Holds an answer of this service against one that the reference gave to the same request, and names the differences.

What the README of the recordings says about them is settled here: uuids, fields that came or went since, nested orders,
what was touched after recording, the reference's own media store, its HTML pages, and its faults.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.documentation import ADDED_FIELDS

ABSENT = "<absent>"
HEADERS = ("Link", "X-Result-Count", "WWW-Authenticate")
ORDERS = ("order_in_progress", "creation_order")
LEFT_OUT = {"modified", "offering_image", "offering_thumbnail", "category_icon"}
GONE = {"offering_terms_of_service", "offering_customer_uuid"}
LATER = {
    "provider_slug",
    "offering_slug",
    "parent_offering_uuid",
    "parent_offering_name",
    "parent_offering_slug",
    "last_sync",
    "service_settings_uuid",
    "project_slug",
    "customer_slug",
    "user_requires_reconsent",
    "renewal_date",
    *ADDED_FIELDS,
}
"""Fields of a booking that the contract has and the reference of October 2024 had not."""
LATER_IN_ORDERS = {
    "provider_slug",
    "completed_at",
    "request_comment",
    "attachment",
    "start_date",
    "url",
    "created_by_username",
    "consumer_reviewed_by_username",
    "provider_reviewed_by_username",
}
"""The same for the orders within a booking."""

_DASHED = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})")


class Answer(NamedTuple):
    """What came back: the body as JSON, or None if it was empty."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Difference(NamedTuple):
    """Where two answers differ: a path such as `status`, `Link`, `rows` or `creation_order.cost`; and the booking."""

    path: str
    recorded: Any
    served: Any
    booking: str | None = None


class Exchange(NamedTuple):
    """A recorded request with both answers to it."""

    number: int
    method: str
    target: str
    user: str | None
    authorization: str
    recorded: Answer
    served: Answer

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def differences(self) -> list[Difference]:
        """All differences that the README of the recordings does not account for."""
        return list(_differences(self.recorded, self.served._replace(body=hexed(self.served.body))))


def hexed(value: Any) -> Any:
    """The value with every uuid in it as 32 hex digits."""
    if isinstance(value, str):
        return _DASHED.sub(r"\1\2\3\4\5", value)
    if isinstance(value, Mapping):
        return {key: hexed(item) for key, item in value.items()}
    return [hexed(item) for item in value] if isinstance(value, list) else value


def _differences(recorded: Answer, served: Answer) -> Iterator[Difference]:
    if recorded.status >= 500 and served.status in (200, 400):
        return
    if recorded.status != served.status:
        yield Difference("status", recorded.status, served.status)
        return
    for name in HEADERS:
        if recorded.headers.get(name) != served.headers.get(name):
            yield Difference(name, recorded.headers.get(name), served.headers.get(name))
    if isinstance(recorded.body, dict) and "_text" in recorded.body:
        return
    if recorded.status == 200 and isinstance(recorded.body, list) and isinstance(served.body, list):
        yield from _rows(recorded.body, served.body)
    elif recorded.status == 200 and isinstance(recorded.body, dict) and isinstance(served.body, dict):
        yield from _members(recorded.body, served.body, LATER, recorded.body.get("uuid"))
    elif not _same(recorded.body, served.body):
        yield Difference("body", recorded.body, served.body)


def _rows(recorded: Sequence[dict[str, Any]], served: Sequence[dict[str, Any]]) -> Iterator[Difference]:
    if all("uuid" in row for row in (*recorded, *served)):
        before, now = ({row["uuid"]: row for row in rows} for rows in (recorded, served))
        if list(before) != list(now) or len(recorded) != len(served):
            yield Difference("rows", list(before), list(now))
        pairs = [(before[uuid], now[uuid]) for uuid in before if uuid in now]
    else:
        if len(recorded) != len(served):
            yield Difference("rows", recorded, served)
        pairs = list(zip(recorded, served, strict=False))
    for row, other in pairs:
        yield from _members(row, other, LATER | set(ORDERS), row.get("uuid"))


def _members(
    recorded: dict[str, Any], served: dict[str, Any], later: set[str], booking: str | None, path: str = ""
) -> Iterator[Difference]:
    ignored = GONE | LEFT_OUT
    shared = [name for name in recorded if name in served and name not in ORDERS]
    if not path and shared != (now := [name for name in served if name in shared]):
        yield Difference("order of members", shared, now, booking)
    for name in [*recorded, *(name for name in served if name not in recorded)]:
        old, new = recorded.get(name, ABSENT), served.get(name, ABSENT)
        if name in ignored or _same(old, new) or (old == ABSENT and name in later):
            continue
        if name in ORDERS and isinstance(old, dict) and isinstance(new, dict):
            yield from _members(old, new, LATER_IN_ORDERS, booking, f"{name}.")
        else:
            yield Difference(path + name, old, new, booking)


def _same(old: Any, new: Any) -> bool:
    """Equality of JSON values: `1` is `1.0`, and `true` is not."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)
