"""Every way in which answers of this service may differ from the recorded ones, each with the rule that says so.

An explanation is a predicate on one difference. It is as narrow as the rule: what it does not describe exactly stays a
defect.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from tests.dataset import DATASET, Resource
from tests.oracle import PEOPLE, Standing, standing
from tests.replay.normalise import ABSENT, Difference, Exchange, hexed

Predicate = Callable[[Exchange, Difference], bool]

NEW_PARAMETERS = {
    "component_count",
    "has_terminate_date",
    "limit_based",
    "limit_component_count",
    "offering_shared",
    "offering_slug",
    "only_limit_based",
    "only_usage_based",
    "parent_offering_uuid",
    "plan_uuid",
    "usage_based",
}
"""Parameters that the contract has and the reference of October 2024 ignored as unknown."""
WAITING = {"pending-consumer", "pending-provider", "pending-project", "pending-start-date"}
MEMBERSHIP = {"rows", "X-Result-Count", "Link"}
"""What differs when a list has other rows."""
NULL_INSTEAD = {"plan_unit", "plan_name", "plan_uuid", "plan_description"} | {
    "order." + name
    for name in (
        "plan_unit",
        "plan_name",
        "plan_uuid",
        "plan_description",
        "old_plan_name",
        "old_plan_uuid",
        "new_plan_name",
        "new_plan_uuid",
        "consumer_reviewed_by",
        "consumer_reviewed_by_full_name",
        "provider_reviewed_by",
        "provider_reviewed_by_full_name",
    )
}


class Explanation(NamedTuple):
    """The rule, and whether it accounts for a difference."""

    rule: str
    holds: Predicate


def _within(path: str) -> str:
    """The path with either of the two nested orders called `order`."""
    return path.replace("order_in_progress.", "order.").replace("creation_order.", "order.")


def _empty_body(exchange: Exchange, difference: Difference) -> bool:
    documented = exchange.method == "POST" and difference.path == "body" and difference.served is None
    return documented and list(difference.recorded) == ["order_uuid"]


def _limit_usage(_: Exchange, difference: Difference) -> bool:
    return difference.path == "limit_usage" and difference.recorded is None and difference.served == {}


def _null_instead_of_absent(_: Exchange, difference: Difference) -> bool:
    nothing = difference.recorded == ABSENT and difference.served is None
    return nothing and _within(difference.path) in NULL_INSTEAD


def _civil_number(_: Exchange, difference: Difference) -> bool:
    return _within(difference.path) == "order.created_by_civil_number" and difference.served is None


def _booking(difference: Difference) -> Resource:
    assert difference.booking is not None
    return Resource(difference.booking)


def _standing(exchange: Exchange, difference: Difference) -> Standing:
    """How the caller stands to the booking that differs."""
    assert exchange.user is not None
    return standing(exchange.user, _booking(difference))


def _traceback(exchange: Exchange, difference: Difference) -> bool:
    if difference.path == "error_traceback":
        return difference.served == "" and not _standing(exchange, difference).sees_tracebacks
    shown = _within(difference.path) == "order.error_traceback" and difference.recorded == ABSENT
    return shown and _standing(exchange, difference).sees_tracebacks


def _redirect(exchange: Exchange, difference: Difference) -> bool:
    location = exchange.recorded.headers.get("Location", "")
    redirected = difference.recorded == 301 and location.endswith(exchange.path + "/")
    return difference.path == "status" and redirected and difference.served in (200, 400, 403, 404, 405, 409)


def _bearer(exchange: Exchange, difference: Difference) -> bool:
    by_bearer = exchange.authorization.lower().startswith("bearer ")
    return by_bearer and difference.path == "status" and (difference.recorded, difference.served) == (401, 200)


def _actions(exchange: Exchange, difference: Difference) -> bool:
    """A requested booking can be accepted and rejected by the provider's side, and withdrawn by its creator."""
    if difference.path != "available_actions" or difference.recorded != []:
        return False
    state, orders = _booking(difference).row["state"], [order["state"] for order in _booking(difference).creations]
    requested = state == "Creating" and orders.count("executing") == 1
    return requested and bool(difference.served == _standing(exchange, difference).actions(state, orders))


def _unknown_parameter(exchange: Exchange, difference: Difference) -> bool:
    """`format` chose a renderer of the reference; here it is a parameter like any other unknown one."""
    refused = difference.path == "status" and (difference.recorded, difference.served) == (404, 200)
    return refused and "format" in exchange.parameters


def _comma_separated(exchange: Exchange, difference: Difference) -> bool:
    accepted = difference.path == "status" and (difference.recorded, difference.served) == (400, 200)
    return accepted and any("," in value for value in exchange.parameters.get("offering_uuid", []))


def _comma_separated_fields(exchange: Exchange, difference: Difference) -> bool:
    """The reference took `a,b` for one unknown name, and so showed everything."""
    values = exchange.parameters.get("field", [])
    named = {name for value in values for name in value.split(",")}
    return any("," in value for value in values) and difference.served == ABSENT and difference.path not in named


def _moment(exchange: Exchange, difference: Difference) -> bool:
    given = [value for name in ("created", "modified") for value in exchange.parameters.get(name, [])]
    refused = difference.path == "status" and (difference.recorded, difference.served) == (400, 200)
    return refused and any("T" in value and datetime.fromisoformat(value).tzinfo is not None for value in given)


def _new_parameter(exchange: Exchange, difference: Difference) -> bool:
    """A parameter that filters, where the reference showed everything."""
    if difference.path == "rows" and not set(difference.served) < set(difference.recorded):
        return False
    return difference.path in MEMBERSHIP and any(exchange.parameters.get(name, [""])[-1] for name in NEW_PARAMETERS)


def _slug_query(exchange: Exchange, difference: Difference) -> bool:
    text = exchange.parameters.get("query", [""])[-1].strip().lower()
    if not text:
        return False
    if difference.path == "rows":
        added = set(difference.served) - set(difference.recorded)
        slugs = [DATASET["resources"][uuid]["slug"].lower() for uuid in added]
        return set(difference.recorded) <= set(difference.served) and all(text in slug for slug in slugs)
    return difference.path in MEMBERSHIP and any(text in row["slug"] for row in DATASET["resources"].values())


def _ties_by_uuid(exchange: Exchange, difference: Difference) -> bool:
    """Bookings of the same name come in the order of their uuids; the reference promised no order among them."""
    if difference.path != "rows" or exchange.parameters.get("o", ["name"])[-1] not in ("", "name", "-name"):
        return False
    before, now = ([DATASET["resources"][uuid]["name"] for uuid in uuids] for uuids in difference[1:3])
    named = zip(now, difference.served, strict=True)
    steps = pairwise(named)
    return before == now and all(name != other or uuid < after for (name, uuid), (other, after) in steps)


def _cost_as_text(_: Exchange, difference: Difference) -> bool:
    estimate = _within(difference.path) in ("order.old_cost_estimate", "order.new_cost_estimate")
    return estimate and difference.served == f"{difference.recorded:.10f}"


def _provider_rejects(exchange: Exchange, difference: Difference) -> bool:
    booking, action = exchange.path.strip("/").split("/")[-2:]
    if (action, exchange.recorded.status, exchange.served.status) != ("reject", 403, 200):
        return False
    if not _standing(exchange, difference._replace(booking=hexed(booking))).manages:
        return False
    match difference.path:
        case "after":
            states = {order["state"] for order in difference.served["orders"]}
            return difference.served["resource_state"] == "Terminated" and "canceled" in states
        case "changes":
            return set(difference.served) <= {"modified", "state", "provider_reviewed_by_uuid", "provider_reviewed_at"}
    return difference.path == "status"


def _no_dead_end(exchange: Exchange, difference: Difference) -> bool:
    """A request is rejected whatever its order waits for, where the reference wanted an executing one."""
    if difference.path == "available_actions":
        booking = _booking(difference)
        waiting = booking.row["state"] == "Creating" and {order["state"] for order in booking.orders} <= WAITING
        return waiting and (difference.recorded, difference.served) == ([], ["reject"])
    action = exchange.path.strip("/").split("/")[-1]
    if (action, exchange.recorded.status, exchange.served.status) != ("reject", 400, 200):
        return False
    match difference.path:
        case "after":
            before, after = ([order["state"] for order in side["orders"]] for side in difference[1:3])
            return {*before} <= WAITING and {*after} == {"canceled"} and len(before) == len(after) == 1
        case "changes":
            known = {"modified", "state", "provider_reviewed_by_uuid", "provider_reviewed_at"}
            return difference.recorded == {} and set(difference.served) <= known
    return difference.path in ("status", "body")


def _reviewed(exchange: Exchange, difference: Difference) -> bool:
    if difference.path != "changes":
        return False
    caller = PEOPLE[exchange.user or ""].uuid
    sides = ("provider", "consumer")
    reviews = [{f"{side}_reviewed_by_uuid": caller, f"{side}_reviewed_at": "<now>"} for side in sides]
    return any(difference.served == {**difference.recorded, **review} for review in reviews)


EXPLAINED = (
    Explanation("decision 2: no response body", _empty_body),
    Explanation("decision 3: limit_usage is {}", _limit_usage),
    Explanation("decision 3; contract, 2.5: nullable fields are null rather than absent", _null_instead_of_absent),
    Explanation("decision 4: no civil number", _civil_number),
    Explanation("decision 4: tracebacks are for staff, support and the provider's side", _traceback),
    Explanation("decision 6: no redirect", _redirect),
    Explanation("decision 8: Bearer <key> is taken", _bearer),
    Explanation("decision 9: available_actions are accept and reject", _actions),
    Explanation("decision 10: unknown parameters are ignored", _unknown_parameter),
    Explanation("decision 11: offering_uuid may have several values", _comma_separated),
    Explanation("decision 11: field may be separated by commas", _comma_separated_fields),
    Explanation("decision 13: ties are broken by the uuid", _ties_by_uuid),
    Explanation("decision 16: created and modified take a point in time", _moment),
    Explanation("decision 20: the provider may reject", _provider_rejects),
    Explanation("decision 30: a request is rejected whatever its order waits for", _no_dead_end),
    Explanation("decision 22: who decided is recorded on the order", _reviewed),
    Explanation("contract, 2.3: cost estimates are text", _cost_as_text),
    Explanation("contract, 4.11: parameters that came later", _new_parameter),
    Explanation("contract, 4.10: query looks into the slug", _slug_query),
)


def rule_for(exchange: Exchange, difference: Difference) -> str | None:
    """The first rule that accounts for the difference, or None."""
    return next((rule for rule, holds in EXPLAINED if holds(exchange, difference)), None)
