"""Collections at a path: list, count and retrieve, all alike; and one way to answer a page."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, params

from app.api.asking import Asked
from app.api.parameters import Fields, Paged, path_uuid
from app.api.requests import RequestContext
from app.api.responses import PAGE_HEADERS, TAG_HEADERS, answers
from app.api.routing import Headers, get, takes_json
from app.api.spreadsheets import AS_CSV, VARIES, long_table, table, takes_json_or_csv, wants_csv
from app.api.versions import tagged
from app.auth import Caller
from app.database import Database
from app.database.standby import StandbyLost
from app.query.collection import Collection, Everything
from app.query.fieldset import Context, Item
from app.query.filtering import FilterSet
from app.query.lists import EVERYTHING, ListQuery
from app.query.pagination import Listing, Page
from app.values import JsonObject

AT_ONCE = 20
"""Rows that are read and sent at once where all are: few, so that others are answered in between."""


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

    async def show(self, collection: Collection, query: ListQuery = EVERYTHING) -> Sequence[Item]:
        """The rows, with the pagination headers; raises InvalidPage beyond the last page."""
        listing = await self._listing(collection, query)
        self.response.headers.update(self._headers(listing))
        return [each for each in listing.items if not isinstance(each, bytes)]

    async def send(self, collection: Collection, query: ListQuery) -> Response:
        """The same of a collection with versions, as it is sent; as CSV all rows, unless a page is asked for."""
        is_table = wants_csv(self.request)
        if is_table and not self._is_paged:
            return await self._whole(collection, query)
        listing = await self._listing(collection, query)
        sent = [each for each in listing.items if isinstance(each, bytes)]
        headers = self._headers(listing) | VARIES
        if is_table:
            return table(collection.view.known(query.fields), map(json.loads, sent), self._name, headers)
        return Response(b"[%s]" % b",".join(sent), headers=headers, media_type="application/json")

    @property
    def _is_paged(self) -> bool:
        return not self.request.query_params.keys().isdisjoint(("page", "page_size"))

    @property
    def _name(self) -> str:
        return self.request.url.path.strip("/").rpartition("/")[2]

    async def _whole(self, collection: Collection, query: ListQuery) -> Response:
        await query.filters.resolve(self.database, self.caller)
        everything = await collection.all(self.database, self.context, query)
        headers = {"X-Result-Count": str(everything.count)}
        return long_table(everything.names, self._parts(everything), self._name, headers)

    async def _parts(self, everything: Everything) -> AsyncIterator[Iterable[Item]]:
        """The rows, a few at a time; of all that are read so by a worker, one part after the other."""
        turn: asyncio.Semaphore = self.request.app.state.turn_of_parts
        for first in range(0, everything.count, AT_ONCE):
            async with turn:
                rows = await _again_if_lost(partial(everything.part, first, AT_ONCE))
            yield map(json.loads, rows)

    async def _listing(self, collection: Collection, query: ListQuery) -> Listing:
        await query.filters.resolve(self.database, self.caller)
        return await collection.page(self.database, self.context, query, self.page)

    async def count(self, collection: Collection, query: ListQuery) -> Response:
        """The headers that the list would have, without the rows; raises as it does."""
        await query.filters.resolve(self.database, self.caller)
        found = await collection.head(self.database, self.context, query, self.page)
        if collection.versions is None:
            return Headers(self._headers(found))
        if wants_csv(self.request) and not self._is_paged:
            return Headers({"X-Result-Count": str(found.count)} | VARIES)
        return Headers(self._headers(found) | VARIES)

    def _headers(self, listing: Listing) -> dict[str, str]:
        url = self.request.url
        return listing.headers(self.context.base_url + url.path, url.query)


async def _again_if_lost(read: Callable[[], Awaitable[list[bytes]]]) -> list[bytes]:
    """What is read, from the database itself if a standby is lost meanwhile; nobody begins again what is half sent."""
    with suppress(StandbyLost):
        return await read()
    return await read()


async def _pages(request: Request, response: Response, context: RequestContext, page: Paged) -> Pages:
    return Pages(request, response, context, request.app.state.database, page)


RequestedPages = Annotated[Pages, Depends(_pages)]


def several(noun: str) -> str:
    """The plural of such a noun as `order` or `kind of orders`."""
    first, of, rest = noun.partition(" of ")
    return f"{first}s{of}{rest}"


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

    `about` is what the OpenAPI document says of the list. The list of a collection with versions may be CSV, so its
    router leaves it to the routes which kinds of answers clients must take.
    """
    asked = Asked(filters, collection.orderings)
    _publish_list(router, f"{path}/", collection, asked, name, noun, about)
    _publish_count(router, f"{path}/", collection, asked, name, noun)
    _publish_row(router, f"{path}/{{uuid}}/", collection, name, noun)


def _taken(collection: Collection) -> list[params.Depends]:
    return [Depends(takes_json if collection.versions is None else takes_json_or_csv)]


def _publish_list(
    router: APIRouter,
    path: str,
    collection: Collection,
    asked: Asked,
    name: str,
    noun: str,
    about: str | None,
) -> None:
    found: JsonObject = {"description": f"A page of {several(noun)}.", "headers": PAGE_HEADERS}
    if collection.versions is not None:
        found["content"] = AS_CSV
    query_asked = Annotated[ListQuery, Depends(asked)]

    async def list_rows(pages: RequestedPages, query: query_asked) -> Sequence[Item]:
        return await pages.show(collection, query)

    async def send_rows(pages: RequestedPages, query: query_asked) -> Response:
        return await pages.send(collection, query)

    router.get(
        path,
        operation_id=f"{name}_list",
        summary=f"List {several(noun)}",
        description=about or f"The {several(noun)} that the caller may see, a page at a time; filters leave some out.",
        response_model=list[collection.view.model],  # type: ignore[name-defined]
        response_model_exclude_unset=True,
        responses={200: found, **answers(400, 404)},
        dependencies=_taken(collection),
        openapi_extra=asked.documented(),
    )(list_rows if collection.versions is None else send_rows)


def _publish_count(router: APIRouter, path: str, collection: Collection, asked: Asked, name: str, noun: str) -> None:
    query_asked = Annotated[ListQuery, Depends(asked)]

    @router.head(
        path,
        operation_id=f"{name}_count",
        summary=f"Count {several(noun)}",
        description=f"How many {several(noun)} a list with the same parameters has, in the header `X-Result-Count`.",
        response_class=Response,
        responses={200: {"description": "No response body.", "headers": PAGE_HEADERS}, **answers(400, 404)},
        dependencies=_taken(collection),
        openapi_extra=asked.documented(),
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

    async def retrieve_row(request: Request, context: RequestContext, uuid: row_uuid, fields: Fields) -> Item:
        async with _database(request).transaction(snapshot=True) as connection:
            return await collection.one(connection, context, uuid, fields)

    async def send_row(request: Request, context: RequestContext, uuid: row_uuid, fields: Fields) -> Response:
        return tagged(request, *await collection.one_tagged(_database(request), context, uuid, fields))

    get(
        router,
        path,
        operation_id=f"{name}_retrieve",
        summary=f"Retrieve {'an' if noun[0] in 'aeio' else 'a'} {noun}",
        description=f"One {noun} that the caller may see.",
        response_model=collection.view.model,
        response_model_exclude_unset=True,
        responses={**found, **answers(404)},
        dependencies=[Depends(takes_json)],
    )(send_row if is_tagged else retrieve_row)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database
