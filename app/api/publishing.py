"""Collections at a path: list, count and retrieve, all alike; and one way to answer a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.parameters import Fields, Paged, orderings_of, path_uuid
from app.api.requests import RequestContext
from app.api.responses import PAGE_HEADERS, TAG_HEADERS, answers
from app.api.routing import Headers, get
from app.api.versions import tagged
from app.auth import Caller
from app.database import Database
from app.query.collection import EVERYTHING, Collection, ListQuery
from app.query.fieldset import Context, Item
from app.query.filtering import FilterSet
from app.query.pagination import Listing, Page
from app.values import JsonObject


@dataclass(frozen=True)
class Pages:
    """The page that a request asks for, of whatever collection."""

    request: Request
    response: Response
    context: Context
    database: Database
    page: Page

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.context.caller

    async def require(self, collection: Collection, uuid: UUID) -> None:
        """Raises NotFound, unless the caller may see that row."""
        async with self.database.transaction(snapshot=True) as connection:
            await collection.require(connection, self.caller, uuid)

    async def show(self, collection: Collection, query: ListQuery = EVERYTHING) -> Sequence[Item] | Response:
        """The rows, with the pagination headers; raises InvalidPage beyond the last page."""
        listing = await collection.page(self.database, self.context, query, self.page)
        if collection.versions is not None:
            content = b"[%s]" % b",".join(each for each in listing.items if isinstance(each, bytes))
            return Response(content, headers=self._headers(listing), media_type="application/json")
        self.response.headers.update(self._headers(listing))
        return [each for each in listing.items if not isinstance(each, bytes)]

    async def count(self, collection: Collection, query: ListQuery) -> Response:
        """The headers that `show` would send, without the rows; raises as it does."""
        return Headers(self._headers(await collection.head(self.database, self.context, query, self.page)))

    def _headers(self, listing: Listing) -> dict[str, str]:
        url = self.request.url
        return listing.headers(self.context.base_url + url.path, url.query)


async def _pages(request: Request, response: Response, context: RequestContext, page: Paged) -> Pages:
    return Pages(request, response, context, request.app.state.database, page)


RequestedPages = Annotated[Pages, Depends(_pages)]


def query_of(collection: Collection, filters: type[FilterSet]) -> Callable[..., object]:
    """A dependency that gives what a list was asked for."""

    async def query(
        given: Annotated[filters, Query()],  # type: ignore[valid-type]
        orderings: Annotated[Sequence[str], Depends(orderings_of(collection.orderings))],
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
    about: str | None = None,
) -> None:
    """Registers list, count and retrieve; `name` begins the operation ids, `noun` names one of the rows.

    `about` is what the OpenAPI document says of the list.
    """
    _publish_list(router, f"{path}/", collection, query_of(collection, filters), name, noun, about)
    _publish_row(router, f"{path}/{{uuid}}/", collection, name, noun)


def _publish_list(
    router: APIRouter,
    path: str,
    collection: Collection,
    asked: Callable[..., object],
    name: str,
    noun: str,
    about: str | None,
) -> None:
    query_asked = Annotated[ListQuery, Depends(asked)]

    @router.get(
        path,
        operation_id=f"{name}_list",
        summary=f"List {noun}s",
        description=about,
        response_model=list[collection.view.model],  # type: ignore[name-defined]
        response_model_exclude_unset=True,
        responses={200: {"description": f"A page of {noun}s.", "headers": PAGE_HEADERS}, **answers(400, 404)},
    )
    async def list_rows(pages: RequestedPages, query: query_asked) -> Sequence[Item] | Response:
        return await pages.show(collection, query)

    @router.head(
        path,
        operation_id=f"{name}_count",
        summary=f"Count {noun}s",
        description=f"How many {noun}s a list with the same parameters has, in the header `X-Result-Count`.",
        response_class=Response,
        responses={200: {"description": "No response body.", "headers": PAGE_HEADERS}, **answers(400, 404)},
    )
    async def count_rows(pages: RequestedPages, query: query_asked) -> Response:
        return await pages.count(collection, query)


def _publish_row(router: APIRouter, path: str, collection: Collection, name: str, noun: str) -> None:
    row_uuid = Annotated[UUID, Depends(path_uuid(collection.noun))]
    is_tagged = collection.versions is not None
    found: dict[int | str, JsonObject] = {200: {"description": f"The {noun}."}}
    if is_tagged:
        found[200]["headers"] = TAG_HEADERS
        found[304] = {"description": "The client has just that (`If-None-Match`).", "headers": TAG_HEADERS}

    @get(
        router,
        path,
        operation_id=f"{name}_retrieve",
        summary=f"Retrieve {'an' if noun[0] in 'aeiou' else 'a'} {noun}",
        description=f"One {noun} that the caller may see.",
        response_model=collection.view.model,
        response_model_exclude_unset=True,
        responses={**found, **answers(404)},
    )
    async def retrieve_row(
        request: Request, context: RequestContext, uuid: row_uuid, fields: Fields
    ) -> Item | Response:
        database: Database = request.app.state.database
        if is_tagged:
            return tagged(request, *await collection.one_tagged(database, context, uuid, fields))
        async with database.transaction(snapshot=True) as connection:
            return await collection.one(connection, context, uuid, fields)
