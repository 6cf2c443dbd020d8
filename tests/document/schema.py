"""The OpenAPI document as schemathesis reads it, and what it says that a document cannot."""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.schemas import OpenApiSchema

from app.main import app
from tests.dataset import DATASET, token_of

EXAMPLES = int(os.environ.get("BOOKING_EXAMPLES", "24"))
"""How many requests are made up for each operation."""
JOURNEYS = int(os.environ.get("BOOKING_EXAMPLES", "40"))
"""How many journeys through several operations are made up."""
SEED = os.environ.get("BOOKING_SEED")
STAFF = token_of("staff")
CONFIGURED = tomllib.loads((Path(__file__).parent / "schemathesis.toml").read_text())

CONFIG = SchemathesisConfig.from_dict(
    CONFIGURED
    | {
        "seed": int(SEED or 1),
        "auth": {"openapi": {"tokenAuth": {"bearer": STAFF}}},
        "generation": {
            "mode": "all",
            "max-examples": EXAMPLES,
            "deterministic": SEED is None,
            "database": "none",
        },
        "dictionaries": {
            "bookings": {
                "values": [str(UUID(uuid)) for table in ("resources", "offerings", "orders") for uuid in DATASET[table]]
            }
        },
        "parameters": {"path.uuid": {"dictionary": "bookings", "probability": 0.7}},
        "phases": {"stateful": {"inference": {"algorithms": []}}},  # only the links that the document declares
    }
)
DOCUMENT = app.openapi()
FRAMING = ("content-length", "transfer-encoding", "expect", "connection", "upgrade", "host")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Leaves to the client how a request is framed: what comes of lies about that is tried elsewhere."""
    for name in [name for name in case.headers or () if name.lower() in FRAMING]:
        del case.headers[name]


def read(*names: str) -> OpenApiSchema:
    """The document, or only the named operations of it and the links between them."""
    document = deepcopy(DOCUMENT)
    for path, item in list(document["paths"].items()) if names else ():
        kept = {method: each for method, each in item.items() if each["operationId"] in names}
        document["paths"][path] = kept
        for response in (answer for each in kept.values() for answer in each["responses"].values()):
            links = {target: link for target, link in response.pop("links", {}).items() if target in names}
            response |= {"links": links} if links else {}
    return schemathesis.openapi.from_dict(document, config=CONFIG)


schema = read()


def check(case: Any, response: Any, **options: Any) -> None:
    """Raises FailureGroup if the answer contradicts the document in a way that the contract does not explain."""
    try:
        case.validate_response(response, **options)
    except FailureGroup as group:
        url, reads = response.request.url, case.method in ("GET", "HEAD")
        explained: tuple[type[Exception], ...] = (AcceptedNegativeData,) if reads and is_understood(case, url) else ()
        explained += (RejectedPositiveData,) if reads and response.status_code == 400 and has_no_object(url) else ()
        if not all(isinstance(each, explained) for each in group.exceptions):
            raise


def has_no_object(url: str) -> bool:
    """Whether a parameter that is a JSON object as text, which the document cannot say, is something else."""
    given = parse_qs(urlsplit(url).query).get("resource_attributes")
    try:
        return given is not None and not isinstance(json.loads(given[-1]), dict)
    except ValueError:
        return True


def is_understood(case: Any, url: str) -> bool:
    """Whether a query that the document calls wrong is one that the contract has a meaning for.

    The document cannot say that an empty value counts as not given, that of a repeated value the last one counts, that
    lists may be separated by commas, and that `1` is a boolean.
    """
    sent = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return all(
        _is_understood(parameter, sent[parameter["name"]])
        for parameter in DOCUMENT["paths"][case.path].get(case.method.lower(), {}).get("parameters", [])
        if parameter["in"] == "query" and parameter["name"] in sent
    )


def _is_understood(parameter: Mapping[str, Any], values: list[str]) -> bool:
    declared, may_be_empty = parameter["schema"], parameter.get("allowEmptyValue", False)
    if may_be_empty and not "".join(values).strip():
        return True
    if declared.get("type") == "array":
        items = [item for value in values for item in (value.split(",") if may_be_empty else [value])]
        return all(_has_form(declared["items"], item) for item in items if item.strip() or not may_be_empty)
    return not values[-1].strip() or _has_form(declared, values[-1])


def _has_form(declared: Mapping[str, Any], text: str) -> bool:
    if "$ref" in declared:
        declared = DOCUMENT["components"]["schemas"][declared["$ref"].rpartition("/")[2]]
    if "enum" in declared:
        return text in declared["enum"]
    parse = PARSERS.get(str(declared.get("format", declared.get("type"))), str)
    try:
        return parse(text.strip()) is not False and "\x00" not in text
    except (ValueError, ArithmeticError):
        return False


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "uuid": UUID,
    "date-time": datetime.fromisoformat,
    "number": Decimal,
    "integer": int,
    "boolean": lambda text: text.lower() in ("true", "false", "1", "0"),
}
