"""How answers are described in the OpenAPI document."""

from fastapi.responses import JSONResponse

from app.query.fieldset import Item
from app.values import JsonObject

DETAIL = {"$ref": "#/components/schemas/Detail"}
PARAMETER_ERRORS = {"$ref": "#/components/schemas/ParameterErrors"}
RULE_ERRORS = {"$ref": "#/components/schemas/RuleErrors"}

_MEANINGS = {
    400: "A parameter or the body does not have the documented form.",
    401: "Nobody that we know: no token, an unknown or expired one, or one of an inactive user.",
    403: "Visible to the caller, and not for the caller to do.",
    404: "Not there, or not for the caller to see.",
    406: "The client takes no JSON.",
    409: "Not in the state that the operation starts from, or a request with the same Idempotency-Key is in flight.",
    412: "It has changed since it was retrieved.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests, or too many failed authentications from the caller's address.",
    500: "A defect of the service.",
    503: "The database cannot be reached; try again later.",
}
_OR_RULE_BROKEN = " Or it does, and a rule forbids what is asked for, as things are."
_SCHEMAS = {400: PARAMETER_ERRORS}
_HEADERS = {
    401: {"WWW-Authenticate": ("The scheme to use.", "string")},
    429: {"Retry-After": ("Seconds to wait.", "integer")},
    503: {"Retry-After": ("Seconds to wait.", "integer")},
}


def headers(described: dict[str, tuple[str, str]], *, required: bool = True) -> JsonObject:
    """Response headers by name, each with its meaning and JSON type."""
    return {
        name: {"description": meaning, "required": required, "schema": {"type": kind}}
        for name, (meaning, kind) in described.items()
    }


def answers(*statuses: int, **schemas: JsonObject) -> dict[int | str, JsonObject]:
    """The error answers of an operation, by status; those that any operation may give are added.

    A keyword such as `on_400` gives the schema of that status, where it is not the usual one.
    """
    described: dict[int | str, JsonObject] = {}
    for status in sorted({*statuses, 401, 406, 429, 500, 503}):
        special = schemas.get(f"on_{status}")
        schema = special or _SCHEMAS.get(status, DETAIL)
        meaning = _MEANINGS[status] + (_OR_RULE_BROKEN if special else "")
        described[status] = {"description": meaning, "content": {"application/json": {"schema": schema}}}
        if status in _HEADERS:
            described[status]["headers"] = headers(_HEADERS[status])
    return described


def created(body: Item) -> JSONResponse:
    """What has been made, and where it is from now on (`Location`, RFC 9110)."""
    return JSONResponse(body, 201, {"Location": str(body["url"])})


PAGE_HEADERS = headers(
    {
        "X-Result-Count": ("Number of rows in all pages.", "integer"),
        "Link": ("Addresses of the first, previous, next and last page (RFC 8288).", "string"),
    }
)
TAG_HEADERS = headers({"ETag": ("The version of what is answered, for `If-None-Match` and `If-Match`.", "string")})
LOCATION = headers({"Location": ("URL of what has been made.", "string")})
