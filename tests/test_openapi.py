"""The OpenAPI document against the transcribed documentation, and real answers against the document."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from jsonschema import Draft202012Validator, FormatChecker

from app.config import Settings
from app.main import create_app
from tests.conftest import AsUser
from tests.dataset import DATASET, uuid_of
from tests.documentation import DOCUMENTED, EXTENSION, Rows, documented, published

BOOKINGS = "/api/booking-resources/"
BOOKING = BOOKINGS + "{uuid}/"
ORDERS = "/api/marketplace-orders/"
PLANS = "/api/marketplace-public-offerings/{uuid}/plans/"
PROVIDED = "/api/marketplace-provider-offerings/"
TRANSITIONS = ("activate", "pause", "unpause", "archive", "draft")
BUSY = "/api/booking-offerings/{uuid}/busy-slots/"


def looked_up(collection: str, name: str) -> dict[tuple[str, str], str]:
    path = f"/api/{collection}/"
    return {
        ("get", path): f"{name}_list",
        ("head", path): f"{name}_count",
        ("get", path + "{uuid}/"): f"{name}_retrieve",
    }


def held_on(collection: str) -> dict[tuple[str, str], str]:
    path, name = f"/api/{collection}/{{uuid}}/", collection.replace("-", "_")
    given = {("post", f"{path}{action}_user/"): f"{name}_{action}_user" for action in ("add", "update", "delete")}
    listed = {("get", path + "list_users/"): f"{name}_list_users_list"}
    return given | listed | {("head", path + "list_users/"): f"{name}_list_users_count"}


SCOPES = ("customers", "projects", "marketplace-provider-offerings")
OPERATIONS = {
    ("get", BOOKINGS): "booking_resources_list",
    ("head", BOOKINGS): "booking_resources_count",
    ("get", BOOKING): "booking_resources_retrieve",
    ("post", BOOKING + "accept/"): "booking_resources_accept",
    ("post", BOOKING + "reject/"): "booking_resources_reject",
    ("get", BOOKING + "history/"): "booking_resources_history_list",
    ("get", "/api/marketplace-resources/{uuid}/"): "marketplace_resources_retrieve",
    ("post", "/api/marketplace-resources/{uuid}/terminate/"): "marketplace_resources_terminate",
    ("post", ORDERS): "marketplace_orders_create",
    **looked_up("marketplace-orders", "marketplace_orders"),
    ("post", ORDERS + "{uuid}/approve_by_consumer/"): "marketplace_orders_approve_by_consumer",
    ("post", ORDERS + "{uuid}/reject_by_consumer/"): "marketplace_orders_reject_by_consumer",
    ("post", ORDERS + "{uuid}/cancel/"): "marketplace_orders_cancel",
    ("get", ORDERS + "{uuid}/offering/"): "marketplace_orders_offering_retrieve",
    ("get", ORDERS + "{uuid}/resource/"): "marketplace_orders_resource_retrieve",
    **looked_up("marketplace-categories", "marketplace_categories"),
    ("get", "/api/marketplace-bookings/{offering_uuid}/"): "marketplace_bookings_list",
    ("head", "/api/marketplace-bookings/{offering_uuid}/"): "marketplace_bookings_count",
    **looked_up("marketplace-public-offerings", "marketplace_public_offerings"),
    ("get", PLANS): "marketplace_public_offerings_plans_list",
    ("get", PLANS + "{plan_uuid}/"): "marketplace_public_offerings_plans_retrieve",
    **looked_up("marketplace-provider-offerings", "marketplace_provider_offerings"),
    ("post", PROVIDED + "{uuid}/update_attributes/"): "marketplace_provider_offerings_update_attributes",
    **looked_up("booking-offerings", "booking_offerings"),
    ("get", "/api/booking-offerings/{uuid}/changes/"): "booking_offerings_changes_list",
    ("get", "/api/booking-offerings/{uuid}/free/"): "booking_offerings_free_list",
    ("get", "/api/booking-offerings/{uuid}/usage/"): "booking_offerings_usage_retrieve",
    ("get", "/api/booking-offerings/{uuid}/rules/"): "booking_offerings_rules_retrieve",
    ("put", "/api/booking-offerings/{uuid}/rules/"): "booking_offerings_rules_update",
    ("get", BUSY): "booking_offerings_busy_slots_list",
    ("post", BUSY): "booking_offerings_busy_slots_create",
    ("delete", BUSY + "{busy_slot_uuid}/"): "booking_offerings_busy_slots_destroy",
    **looked_up("customers", "customers"),
    **looked_up("projects", "projects"),
    **looked_up("users", "users"),
    ("get", "/api/users/me/"): "users_me_retrieve",
    **looked_up("roles", "roles"),
    **{(method, path): name for scope in SCOPES for (method, path), name in held_on(scope).items()},
    ("post", "/api/customers/"): "customers_create",
    ("post", "/api/projects/"): "projects_create",
    ("post", "/api/marketplace-categories/"): "marketplace_categories_create",
    ("post", PROVIDED): "marketplace_provider_offerings_create",
    **{
        ("post", f"{PROVIDED}{{uuid}}/{transition}/"): f"marketplace_provider_offerings_{transition}"
        for transition in TRANSITIONS
    },
    ("post", PROVIDED + "{uuid}/update_overview/"): "marketplace_provider_offerings_update_overview",
    ("get", "/api/media/{uuid}/"): "media_retrieve",
    ("get", "/health/live"): "health_live",
    ("get", "/health/ready"): "health_ready",
}
ANY_ERROR = {"401", "406", "429", "500", "503"}
CHANGE = ANY_ERROR | {"400", "403", "404", "409"}
ERRORS = {
    "booking_resources_list": ANY_ERROR | {"400", "404"},
    "booking_resources_count": ANY_ERROR | {"400", "404"},
    "booking_resources_retrieve": ANY_ERROR | {"404"},
    "booking_resources_accept": CHANGE | {"412"},
    "booking_resources_reject": CHANGE | {"412"},
    "booking_resources_history_list": ANY_ERROR | {"404"},
    "marketplace_resources_terminate": CHANGE,
    "marketplace_orders_create": ANY_ERROR | {"400", "409", "422"},
    "marketplace_orders_approve_by_consumer": CHANGE,
    "marketplace_orders_reject_by_consumer": CHANGE,
    "marketplace_orders_cancel": CHANGE,
    **{f"marketplace_provider_offerings_{transition}": CHANGE for transition in TRANSITIONS},
    "marketplace_provider_offerings_update_overview": CHANGE - {"409"},
    **{name: CHANGE - {"409"} for scope in SCOPES for name in held_on(scope).values() if name.endswith("_user")},
    "marketplace_provider_offerings_update_attributes": ANY_ERROR | {"400", "403", "404"},
    "booking_offerings_changes_list": ANY_ERROR | {"404"},
    "booking_offerings_usage_retrieve": ANY_ERROR | {"400", "404"},
    "booking_offerings_rules_retrieve": ANY_ERROR | {"403", "404"},
    "booking_offerings_rules_update": ANY_ERROR | {"400", "403", "404"},
    "users_me_retrieve": ANY_ERROR,
    "media_retrieve": (ANY_ERROR - {"406"}) | {"404"},
    "health_live": set(),
    "health_ready": {"503"},
}
"""Of all others: those of a list or of one row, by the end of the operation id."""
BY_ENDING = {
    "list": ANY_ERROR | {"400", "404"},
    "count": ANY_ERROR | {"400", "404"},
    "retrieve": ANY_ERROR | {"404"},
    "create": ANY_ERROR | {"400", "403", "404"},
    "destroy": ANY_ERROR | {"403", "404"},
}
PUBLISHED = list(OPERATIONS.values())[:5]
COUNT = "booking_resources_count"
VIEWERS = ("staff", "powner", "omanager", "creator", "cowner")
CALLERS = (*VIEWERS, "support", "outsider")
NULL_IN_FACT = {"offering_image", "offering_thumbnail", "category_icon", "plan"}
"""Fields of an order that the reference answers with null, and its document does not. Rule: contract, 2.5."""
NEVER_NULL = [
    "offering_uuid",
    "provider_uuid",
    "category_uuid",
    "attributes",
    "limits",
    "uuid",
    "created",
    "modified",
    "state",
    "project_uuid",
    "customer_uuid",
    "parent_offering_uuid",
    "parent_uuid",
    "backend_metadata",
    "current_usages",
    "limit_usage",
    "last_sync",
    "service_settings_uuid",
]
"""Fields of a booking that the client of November 2025 cannot read as null."""
NEVER_NULL_IN_ORDERS = [
    "offering_uuid",
    "provider_uuid",
    "category_uuid",
    "limits",
    "uuid",
    "created",
    "modified",
    "state",
    "marketplace_resource_uuid",
    "type",
    "customer_uuid",
    "project_uuid",
]

Document = dict[str, Any]


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("data"))).openapi()


def operations(document: Document) -> dict[str, dict[str, Any]]:
    """The operations by their ids."""
    return {operation["operationId"]: operation for path in document["paths"].values() for operation in path.values()}


def split_null(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema without `null`, and whether it allowed it."""
    choices = schema.get("anyOf", [schema])
    others = [choice for choice in choices if choice.get("type") != "null"]
    return others[0] if len(others) == 1 else {"anyOf": others}, len(others) < len(choices)


def type_of(schema: dict[str, Any]) -> str:
    """The type of a schema in the words of the documentation; `any` for what refers to another schema."""
    described, _ = split_null(schema)
    match described:
        case {"type": "string", "format": "uri" | "uuid" | "date" | "date-time" as form}:
            return f"string ({form})"
        case {"type": "object", "additionalProperties": True}:
            return "object (free-form)"
        case {"type": "array", "items": {"$ref": _}}:
            return "array of objects"
        case {"type": "array", "items": {"type": str(kind)}}:
            return f"array of {kind}s"
        case {"type": str(kind)}:
            return kind
    return "any"


def fields(document: Document, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The members of a schema in order, those of lists of objects as `list.member` after the list."""
    schemas = document["components"]["schemas"]
    for field, schema in schemas[name]["properties"].items():
        yield field, schema
        described, _ = split_null(schema)
        if type_of(schema) == "array of objects":
            nested = described["items"]["$ref"].rpartition("/")[2]
            yield from ((f"{field}.{member}", inner) for member, inner in schemas[nested]["properties"].items())


def test_fields_of_a_booking_are_the_documented_ones_in_order(document: Document) -> None:
    rows = documented("booking_resource")
    assert [name for name, _ in fields(document, "BookingResource")] == [row["name"] for row in rows]
    assert len([row for row in published("booking_resource") if "." not in row["name"]]) == 83


def test_fields_of_a_booking_have_the_documented_types(document: Document) -> None:
    found = {name: type_of(schema) for name, schema in fields(document, "BookingResource")}
    assert mismatches(documented("booking_resource"), found) == {}


def test_fields_of_an_order_are_the_documented_ones_in_order(document: Document) -> None:
    rows = documented("order_details")
    assert list(document["components"]["schemas"]["OrderDetails"]["properties"]) == [row["name"] for row in rows]
    assert len(rows) == 72


def test_fields_of_an_order_have_the_documented_types(document: Document) -> None:
    properties = document["components"]["schemas"]["OrderDetails"]["properties"]
    found = {name: type_of(schema) for name, schema in properties.items()}
    assert mismatches(documented("order_details"), found) == {}


def test_fields_of_an_order_are_nullable_where_documented(document: Document) -> None:
    properties = document["components"]["schemas"]["OrderDetails"]["properties"]
    nullable = {name for name, schema in properties.items() if split_null(schema)[1]}
    expected = {row["name"] for row in documented("order_details") if row["nullable"] == "true"}
    assert nullable == expected | NULL_IN_FACT


def parameters_of(document: Document, operation: str) -> dict[str, dict[str, Any]]:
    """The documented parameters of an operation by name, without what this service adds."""
    parameters = operations(document)[operation]["parameters"]
    return {item["name"]: item for item in parameters if not item["description"].endswith(EXTENSION)}


def test_parameters_of_the_list_are_the_documented_ones_in_order(document: Document) -> None:
    names = [row["name"] for row in documented("list_parameters")]
    assert list(parameters_of(document, "booking_resources_list")) == names
    assert len(names) == 40


def test_parameters_of_the_list_have_the_documented_types(document: Document) -> None:
    """Except that pages may be declared as text too, since there is an answer to any text."""
    schemas = {name: item["schema"] for name, item in parameters_of(document, "booking_resources_list").items()}
    for name in ("page", "page_size"):
        assert {"integer"} <= kinds(schemas[name]) <= {"integer", "string"}
        schemas[name] = {"type": "integer"}
    found = {name: "array" if schema.get("type") == "array" else type_of(schema) for name, schema in schemas.items()}
    assert mismatches(documented("list_parameters"), found) == {}


def kinds(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema takes."""
    given = [choice["type"] for choice in schema.get("anyOf", [schema])]
    return {kind for types in given for kind in ([types] if isinstance(types, str) else types)}


def test_descriptions_are_the_documented_ones(document: Document) -> None:
    fields_described = {name: schema.get("description", "") for name, schema in fields(document, "BookingResource")}
    parameters = parameters_of(document, "booking_resources_list")
    for row in documented("list_parameters"):
        assert parameters[row["name"]]["description"].startswith(row["description"].rstrip("."))
    for row in documented("booking_resource"):
        meant = "" if row["description"].startswith("Required.") else row["description"]
        assert fields_described[row["name"]].startswith(meant)


def test_count_takes_the_parameters_of_the_list(document: Document) -> None:
    listed, counted = (operations(document)[name]["parameters"] for name in ("booking_resources_list", COUNT))
    assert counted == listed


def test_operations_are_the_published_ones_and_the_extensions(document: Document) -> None:
    found = {
        (method, path): operation["operationId"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert found == OPERATIONS


def test_published_operations_have_the_published_tag(document: Document) -> None:
    tags = {name: operation["tags"] for name, operation in operations(document).items()}
    assert {name for name, given in tags.items() if given == ["booking-resources"]} == set(PUBLISHED)
    assert "extensions" in tags["booking_resources_history_list"]


def test_schemas_have_the_published_names(document: Document) -> None:
    published = {"BookingResource", "BookingSlot", "NestedEndpoint", "OrderDetails", "OrderState", "ResourceState"}
    assert published <= set(document["components"]["schemas"])


def test_every_reference_leads_somewhere(document: Document) -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert references == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]} & references


def test_errors_of_the_framework_appear_nowhere(document: Document) -> None:
    declaring = {name for name, operation in operations(document).items() if "422" in operation["responses"]}
    assert declaring == {"marketplace_orders_create"}, "for an Idempotency-Key that is used for another request"
    assert "ValidationError" not in json.dumps(document)


def test_every_operation_declares_its_errors(document: Document) -> None:
    for name, operation in operations(document).items():
        declared = {status for status in operation["responses"] if status >= "400"}
        if name in ERRORS:
            assert declared == ERRORS[name], name
        else:
            assert ANY_ERROR <= declared <= BY_ENDING[name.rpartition("_")[2]] | {"403"}, name


def test_every_declared_error_has_a_schema(document: Document) -> None:
    for operation in operations(document).values():
        for status, response in operation["responses"].items():
            assert status < "400" or response["content"]["application/json"]["schema"]


def test_every_parameter_is_described_typed_and_exemplified(document: Document) -> None:
    parameters = [item for operation in operations(document).values() for item in operation.get("parameters", [])]
    assert len(parameters) > 80
    for parameter in parameters:
        assert parameter["description"]
        assert {"type", "anyOf", "$ref"} & parameter["schema"].keys()
        assert example_of(parameter) is not None


def example_of(parameter: dict[str, Any]) -> Any:
    """The example of a parameter, whether Swagger UI fills it in or not."""
    return parameter["example"] if "example" in parameter else parameter["schema"]["examples"][0]


def test_every_example_of_a_parameter_is_valid(document: Document) -> None:
    for operation in operations(document).values():
        for parameter in operation.get("parameters", []):
            validate(document, parameter["schema"], example_of(parameter))


def test_every_link_names_an_operation_and_its_path_parameters(document: Document) -> None:
    known = operations(document)
    links = [
        (source, target, link)
        for source, operation in known.items()
        for response in operation["responses"].values()
        for target, link in response.get("links", {}).items()
    ]
    assert len(links) > 50
    for source, target, link in links:
        taken = {item["name"] for item in known[target].get("parameters", []) if item["in"] == "path"}
        assert link["operationId"] == target
        assert link["parameters"].keys() == taken, f"{source} leads to {target}"


def test_every_example_of_a_body_is_valid(document: Document) -> None:
    bodies = [
        each["requestBody"]["content"]["application/json"]
        for each in operations(document).values()
        if "requestBody" in each
    ]
    assert len(bodies) == 21
    for body in bodies:
        validate(document, body["schema"], body["example"])


def test_no_field_is_required_or_has_a_default(document: Document) -> None:
    for name in ("BookingResource", "OrderDetails"):
        schema = document["components"]["schemas"][name]
        assert "required" not in schema
        assert [field for field, described in schema["properties"].items() if "default" in described] == []


@pytest.mark.parametrize(("schema", "names"), [("BookingResource", NEVER_NULL), ("OrderDetails", NEVER_NULL_IN_ORDERS)])
def test_what_older_clients_cannot_read_as_null_is_never_null(
    document: Document, schema: str, names: list[str]
) -> None:
    properties = document["components"]["schemas"][schema]["properties"]
    for name in names:
        described, nullable = split_null(properties[name])
        assert not nullable
        assert {"type", "$ref"} & described.keys()


def test_checked_in_document_is_that_of_the_application(document: Document) -> None:
    current = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    same = (DOCUMENTED / "openapi.json").read_text() == current
    assert same, "Refresh it with: python -m app openapi > tests/documented/openapi.json"


def mismatches(rows: Rows, found: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Documented and found type of what differs; `any` may be anything."""
    pairs = {row["name"]: (row["type"], found[row["name"]]) for row in rows}
    return {name: pair for name, pair in pairs.items() if pair[0] not in ("any", pair[1])}


FORMATS = FormatChecker(formats=())


def _checks(form: str, parse: Callable[[str], Any]) -> None:
    def check(value: object) -> bool:
        return not isinstance(value, str) or bool(parse(value))

    FORMATS.checks(form, raises=ValueError)(check)


_checks("uuid", lambda text: str(UUID(text)) == text)
_checks("date", date.fromisoformat)
_checks("date-time", lambda text: text.endswith("Z") and datetime.fromisoformat(text))
_checks("uri", lambda text: urlsplit(text).scheme and urlsplit(text).netloc)


def validate(document: Document, schema: dict[str, Any], value: Any) -> None:
    """Raises what the value violates of the schema."""
    rooted = {"components": document["components"], **schema}
    Draft202012Validator(rooted, format_checker=FORMATS).validate(value)


def check_answer(document: Document, operation: str, response: Response) -> None:
    """Holds an answer against what the document says about its status: headers, and the body or that there is none."""
    described = operations(document)[operation]["responses"][str(response.status_code)]
    for name, header in described.get("headers", {}).items():
        assert name in response.headers or not header["required"]
    if response.request.method == "HEAD" or not response.content:
        assert response.content == b""
        assert response.request.method == "HEAD" or "content" not in described
        return
    assert response.headers["Content-Type"] == "application/json"
    validate(document, described["content"]["application/json"]["schema"], response.json())


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_booking_a_caller_sees_is_as_the_document_says(
    document: Document, client: AsyncClient, as_user: AsUser, caller: str
) -> None:
    listed = await client.get(BOOKINGS, params={"page_size": 300}, headers=as_user(caller))
    check_answer(document, "booking_resources_list", listed)
    assert bool(listed.json()) == (caller in VIEWERS)
    for booking in listed.json():
        response = await client.get(BOOKING.format(uuid=booking["uuid"]), headers=as_user(caller))
        check_answer(document, "booking_resources_retrieve", response)
        assert response.json() == booking


@pytest.mark.parametrize("field", [row["name"] for row in documented("booking_resource") if "." not in row["name"]])
async def test_list_of_one_field_is_as_the_document_says(
    document: Document, client: AsyncClient, as_user: AsUser, field: str
) -> None:
    response = await client.get(BOOKINGS, params={"page_size": 300, "field": field}, headers=as_user("staff"))
    check_answer(document, "booking_resources_list", response)
    assert {name for booking in response.json() for name in booking} <= {field}


async def test_count_is_as_the_document_says(document: Document, client: AsyncClient, as_user: AsUser) -> None:
    response = await client.head(BOOKINGS, headers=as_user("staff"))
    assert response.status_code == 200
    check_answer(document, COUNT, response)


async def test_history_is_as_the_document_says(
    document: Document, client: AsyncClient, as_user: AsUser, requested: str
) -> None:
    body = {"provider_rejection_comment": "Being serviced."}
    rejected = await client.post(BOOKING.format(uuid=requested) + "reject/", json=body, headers=as_user("powner"))
    assert rejected.status_code == 200
    check_answer(document, "booking_resources_reject", rejected)
    response = await client.get(BOOKING.format(uuid=requested) + "history/", headers=as_user("powner"))
    check_answer(document, "booking_resources_history_list", response)
    assert [event["comment"] for event in response.json()] == ["Being serviced."]


@pytest.fixture(scope="session")
def requested() -> str:
    """A booking of provider Alpha that `creator` has asked for, and that can be accepted."""
    return str(uuid_of("resources", name="alpha scan"))


class Refusal(NamedTuple):
    """A request for which the document has an error: of whom, by which operation, and with which status."""

    method: str
    path: str
    caller: str | None
    operation: str
    status: int
    options: Mapping[str, Any] = MappingProxyType({})


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(
            method="GET",
            path="",
            caller="staff",
            options={"params": {"created": "yesterday", "paused": "maybe"}},
            operation="list",
            status=400,
        ),
        Refusal(
            method="GET", path="", caller="staff", options={"params": {"page": "99"}}, operation="list", status=404
        ),
        Refusal(method="GET", path="", caller=None, operation="list", status=401),
        Refusal(
            method="GET",
            path="",
            caller="staff",
            options={"headers": {"Accept": "text/html"}},
            operation="list",
            status=406,
        ),
        Refusal(
            method="HEAD", path="", caller="staff", options={"params": {"state": "ok"}}, operation="count", status=400
        ),
        Refusal(method="GET", path="nowhere/", caller="staff", operation="retrieve", status=404),
        Refusal(method="GET", path="{uuid}/", caller="outsider", operation="retrieve", status=404),
        Refusal(method="GET", path="{uuid}/", caller=None, operation="retrieve", status=401),
        Refusal(
            method="GET",
            path="{uuid}/",
            caller="staff",
            options={"headers": {"Accept": "text/html"}},
            operation="retrieve",
            status=406,
        ),
        Refusal(method="POST", path="{uuid}/accept/", caller="creator", operation="accept", status=403),
        Refusal(method="POST", path="{uuid}/accept/", caller="outsider", operation="accept", status=404),
        Refusal(method="POST", path="{uuid}/accept/", caller=None, operation="accept", status=401),
        Refusal(method="POST", path="{settled}/accept/", caller="staff", operation="accept", status=409),
        Refusal(method="POST", path="{unordered}/accept/", caller="staff", operation="accept", status=400),
        Refusal(
            method="POST",
            path="{uuid}/reject/",
            caller="staff",
            options={"content": b"{"},
            operation="reject",
            status=400,
        ),
        Refusal(
            method="POST",
            path="{uuid}/reject/",
            caller="staff",
            options={"json": {"provider_rejection_comment": 1}},
            operation="reject",
            status=400,
        ),
        Refusal(method="POST", path="{ambiguous}/reject/", caller="staff", operation="reject", status=400),
        Refusal(method="POST", path="{settled}/reject/", caller="staff", operation="reject", status=409),
        Refusal(method="GET", path="{uuid}/history/", caller="outsider", operation="history_list", status=404),
    ],
    ids=lambda refusal: f"{refusal.method} {refusal.path} {refusal.status}",
)
async def test_error_is_as_the_document_says(
    document: Document,
    client: AsyncClient,
    as_user: AsUser,
    refusal: Refusal,
) -> None:
    options = refusal.options
    uuids = {resource["name"]: uuid for uuid, resource in DATASET["resources"].items()}
    named = {"uuid": uuids["alpha scan"], "settled": uuids["Alpha scan"], "unordered": uuids["100% done"]}
    named["ambiguous"] = uuids["Müller O'Neil"]
    headers = {**(as_user(refusal.caller) if refusal.caller else {}), **options.get("headers", {})}
    path = BOOKINGS + refusal.path.format(**named)
    response = await client.request(refusal.method, path, **{**options, "headers": headers})
    assert response.status_code == refusal.status
    check_answer(document, f"booking_resources_{refusal.operation}", response)


@pytest.mark.parametrize("path", [BOOKINGS, BOOKING, BOOKING + "accept/", BOOKING + "history/"])
async def test_other_methods_are_answered_with_one_message_and_the_methods_there_are(
    document: Document, client: AsyncClient, as_user: AsUser, requested: str, path: str
) -> None:
    response = await client.delete(path.format(uuid=requested), headers=as_user("staff"))
    assert response.status_code == 405
    validate(document, {"$ref": "#/components/schemas/Detail"}, response.json())
    known = {method.upper() for method in document["paths"][path]}
    assert known <= set(response.headers["Allow"].split(", ")) <= known | {"HEAD", "OPTIONS"}
