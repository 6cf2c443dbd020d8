"""Read-only collections at a path: list, count and retrieve, all alike."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BeforeValidator, WithJsonSchema

from app.database import Transaction
from app.errors import NotFound
from app.kit.collection import Collection
from app.kit.collection import Query as ListQuery
from app.kit.fields import Fields
from app.kit.filtering import FilterSet
from app.kit.pagination import Page, page
from app.kit.parameters import one_of, split_commas, uuid_or_none
from app.kit.responses import LIST_ERRORS, OK, PAGE_HEADERS, ROW_ERRORS, answers
from app.kit.routing import Headers, RequestContext, close, get

Paged = Annotated[Page, Depends(page)]


def path_uuid(
    not_found: Callable[[], NotFound], name: str = "uuid", described: str = "UUID of the object."
) -> Callable[..., UUID]:
    """A dependency that gives a UUID in the path; what is no UUID is not found."""

    def uuid(
        text: Annotated[str, Path(alias=name, description=described, json_schema_extra={"format": "uuid"})],
    ) -> UUID:
        found = uuid_or_none(text)
        if found is None:
            raise not_found()
        return found

    return uuid


def orderings_of(names: Sequence[str]) -> Callable[..., Sequence[str]]:
    """A dependency that gives the chosen orderings, the most significant first; each name may have a `-` before it."""
    choices = tuple(sign + name for name in names for sign in ("", "-"))
    schema = {"type": "array", "items": {"type": "string", "enum": list(choices)}}
    chosen = Annotated[
        list[Annotated[str, BeforeValidator(one_of(choices))]], BeforeValidator(split_commas), WithJsonSchema(schema)
    ]

    def orderings(
        o: Annotated[chosen, Query(description="Ordering; several keys may be repeated or separated by commas.")] = [],  # noqa: B006
    ) -> Sequence[str]:
        return o

    return orderings


def query_of(collection: Collection, filters: type[FilterSet]) -> Callable[..., ListQuery]:
    """A dependency that gives what a list was asked for."""

    def query(
        given: Annotated[filters, Query()],  # type: ignore[valid-type]
        orderings: Annotated[Sequence[str], Depends(orderings_of(tuple(collection.orderings)))],
        fields: Fields,
    ) -> ListQuery:
        return ListQuery(given, orderings, fields)

    return query


def publish(
    router: APIRouter,
    path: str,
    collection: Collection,
    filters: type[FilterSet],
    name: str,
    noun: str,
    also: tuple[str, ...] = (),
) -> None:
    """Registers list, count and retrieve; `name` begins the operation ids, `noun` names one of the rows.

    `also` are further methods that the path of the list has.
    """
    _publish_list(router, f"{path}/", collection, query_of(collection, filters), name, noun)
    _publish_row(router, f"{path}/{{uuid}}/", collection, name, noun)
    close(router, {f"{path}/": ("GET", "HEAD", *also), f"{path}/{{uuid}}/": ("GET", "HEAD")})


def _publish_list(
    router: APIRouter, path: str, collection: Collection, asked: Callable[..., ListQuery], name: str, noun: str
) -> None:
    query_asked = Annotated[ListQuery, Depends(asked)]
    responses = {OK: {"description": "A page of rows.", "headers": PAGE_HEADERS}, **answers(*LIST_ERRORS)}

    @router.get(
        path,
        operation_id=f"{name}_list",
        summary=f"List {noun}s",
        response_model=list[collection.view.model],  # type: ignore[name-defined]
        response_model_exclude_unset=True,
        responses=responses,
    )
    async def list_rows(
        request: Request,
        response: Response,
        context: RequestContext,
        connection: Transaction,
        query: query_asked,
        page: Paged,
    ) -> list[dict[str, Any]]:
        listing = await collection.page(connection, context, query, page)
        response.headers.update(listing.headers(request, context.base_url))
        return listing.items

    counted = {**responses, OK: {"description": "No response body.", "headers": PAGE_HEADERS}}

    @router.head(
        path, operation_id=f"{name}_count", summary=f"Count {noun}s", response_class=Response, responses=counted
    )
    async def count_rows(
        request: Request,
        context: RequestContext,
        connection: Transaction,
        query: query_asked,
        page: Paged,
    ) -> Response:
        listing = await collection.head(connection, context, query, page)
        return Headers(listing.headers(request, context.base_url))


def _publish_row(router: APIRouter, path: str, collection: Collection, name: str, noun: str) -> None:
    row_uuid = Annotated[UUID, Depends(path_uuid(collection.not_found))]

    @get(
        router,
        path,
        operation_id=f"{name}_retrieve",
        summary=f"Retrieve one {noun}",
        response_model=collection.view.model,
        response_model_exclude_unset=True,
        responses={OK: {"description": f"The {noun}."}, **answers(*ROW_ERRORS)},
    )
    async def retrieve_row(
        context: RequestContext,
        connection: Transaction,
        uuid: row_uuid,
        fields: Fields,
    ) -> dict[str, Any]:
        return await collection.one(connection, context, uuid, fields)
