"""Optional JSON bodies, read after the caller is known, so that who is calling is settled before what was sent."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.auth import CurrentCaller
from app.errors import Invalid, Malformed

Body = TypeVar("Body", bound=BaseModel)


def optional_body(model: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that gives the body as the model, or its defaults when there is none; raises Invalid, Malformed."""

    async def read(request: Request, _: CurrentCaller) -> Body:
        content = await request.body()
        try:
            return model.model_validate_json(content if content.strip() else b"{}")
        except ValidationError as error:
            raise _refusal(error) from None

    return read


def _refusal(error: ValidationError) -> Exception:
    messages: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        if item["type"] == "json_invalid":
            return Malformed(f"JSON parse error - {item['msg']}")
        messages.setdefault(str(item["loc"][0]) if item["loc"] else "non_field_errors", []).append(item["msg"])
    return Invalid(messages)


def documented_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of such a body."""
    return {"requestBody": {"required": False, "content": {"application/json": {"schema": model.model_json_schema()}}}}
