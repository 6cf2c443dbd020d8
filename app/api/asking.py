"""What a list is asked for. The framework would look for each parameter that there might be; this reads those given."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, get_origin

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from starlette.datastructures import QueryParams

from app.api.parameters import Names, choice, split_commas
from app.query.filtering import FilterSet
from app.query.lists import ListQuery
from app.values import JsonObject

Model = TypeVar("Model", bound=BaseModel)


class Chosen(BaseModel):
    """How rows are shown: in which order, the most significant key first, and which members of them."""

    o: list[str] = []
    field: Names = []


def _telling(orderings: list[str]) -> list[str]:
    """The orderings without those whose name came before, either way: all of their rows are told apart already."""
    first: dict[str, str] = {}
    for each in orderings:
        first.setdefault(each.removeprefix("-"), each)
    return list(first.values())


def chosen_of(orderings: Iterable[str]) -> type[Chosen]:
    """The model for these orderings; each name may have a `-` before it."""
    choices = [sign + name for name in orderings for sign in ("", "-")]
    schema = WithJsonSchema({"type": "array", "items": {"type": "string", "enum": choices}})
    kind = Annotated[
        list[Annotated[str, choice(choices)]], BeforeValidator(split_commas), AfterValidator(_telling), schema
    ]
    described: list[str] = Field(
        default=[], description="Ordering; several keys may be repeated or separated by commas."
    )
    return create_model("Chosen", __base__=Chosen, o=(kind, described))


class Asked:
    """A dependency that gives what a list was asked for; raises RequestValidationError with all that is wrong."""

    def __init__(self, filters: type[FilterSet], orderings: Iterable[str]) -> None:
        self.filters, self._chosen = filters, chosen_of(orderings)

    async def __call__(self, request: Request) -> ListQuery:
        errors = _refusals(self.filters, request.query_params)
        filters = _read(self.filters, request.query_params, errors)
        chosen = _read(self._chosen, request.query_params, errors)
        if filters is None or chosen is None or errors:
            raise RequestValidationError(errors)
        return ListQuery(filters, chosen.o, chosen.field)

    def documented(self) -> JsonObject:
        """The OpenAPI description of the parameters."""
        fields = {**self.filters.model_fields, **self._chosen.model_fields}
        return {"parameters": [_described(name, field) for name, field in fields.items()]}


NOT_SUPPORTED = "This parameter is not supported here."


def _refusals(filters: type[FilterSet], given: QueryParams) -> list[Any]:
    """What is said of parameters that are not ignored, since they would leave rows out; empty ones do not count."""
    names = [name for name in given if name in filters.refused and any(each.strip() for each in given.getlist(name))]
    return [{"loc": ("query", name), "msg": NOT_SUPPORTED} for name in names]


def _read(model: type[Model], given: QueryParams, errors: list[Any]) -> Model | None:
    lists = _lists(model)
    values = {name: given.getlist(name) if lists[name] else given[name] for name in given if name in lists}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        errors += [{**each, "loc": ("query", *each["loc"])} for each in found]
        return None


@cache
def _lists(model: type[BaseModel]) -> Mapping[str, bool]:
    """The parameters of a model, and whether each may be repeated."""
    return {name: get_origin(field.annotation) is list for name, field in model.model_fields.items()}


class _Unsorted(GenerateJsonSchema):
    """Keywords in the order in which the framework shows those of other parameters."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        """The schema as it is."""
        return value


def _described(name: str, field: FieldInfo) -> JsonObject:
    kind: Any = Annotated[field.annotation, field]
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}", schema_generator=_Unsorted)
    titled = {**schema, "title": name.replace("_", " ").title()}
    return {"name": name, "in": "query", "required": False, "schema": titled, "description": field.description}
