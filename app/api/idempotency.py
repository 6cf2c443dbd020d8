"""Safe retries: the `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import WithJsonSchema
from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.requests import CurrentCaller
from app.auth import Caller
from app.columns import columns_of, read_one
from app.database.locks import Lock, try_for
from app.errors import Conflict, Invalid, KeyReused
from app.models import IdempotencyKey
from app.query.fieldset import Item

KEPT = timedelta(hours=24)
_OLD = IdempotencyKey.created < func.now() - KEPT
LONGEST_KEY = 255


class RequestInFlight(Conflict):
    """A request with the same Idempotency-Key has not been answered yet."""

    conflict = "retry"
    detail = "A request with this Idempotency-Key is being processed."


class Retries:
    """Answers a request once: a retry with the same key and body gets the stored answer."""

    def __init__(self, request: Request, caller: Caller, key: str | None) -> None:
        self._request, self._caller, self._key = request, caller, key
        if key is not None and (not key.strip() or len(key) > LONGEST_KEY or not key.isprintable()):
            raise Invalid({"Idempotency-Key": [f"Must be 1 to {LONGEST_KEY} printable characters."]})

    async def once(
        self,
        connection: AsyncConnection,
        work: Callable[[], Awaitable[Item]],
        respond: Callable[[Item], JSONResponse],
    ) -> JSONResponse:
        """The answer to the work, or to that of an earlier request; raises RequestInFlight or KeyReused."""
        if self._key is None:
            return respond(await work())
        fingerprint = sha256(self._request.url.path.encode() + b"\n" + await self._request.body()).hexdigest()
        if earlier := await _earlier(connection, self._caller, self._key):
            if earlier.fingerprint != fingerprint:
                raise KeyReused
            return respond(earlier.body)
        body = await work()
        response = respond(body)
        values = {"user_uuid": self._caller.uuid, "key": self._key, "fingerprint": fingerprint}
        await connection.execute(insert(IdempotencyKey).values(**values, status=response.status_code, body=body))
        return response


@dataclass(frozen=True, kw_only=True)
class _Answer:
    fingerprint: Annotated[str, IdempotencyKey.fingerprint]
    body: Annotated[Item, IdempotencyKey.body]


async def _earlier(connection: AsyncConnection, caller: Caller, key: str) -> _Answer | None:
    if not await try_for(connection, Lock.RETRY, f"{caller.uuid}{key}"):
        raise RequestInFlight
    found = (IdempotencyKey.user_uuid == caller.uuid) & (IdempotencyKey.key == key)
    await connection.execute(delete(IdempotencyKey).where(found, _OLD))
    return await read_one(connection, _Answer, select(*columns_of(_Answer).values()).where(found))


async def forget(connection: AsyncConnection, most: int) -> int:
    """Drops so many answers that are no longer kept; returns how many it were."""
    key = tuple_(IdempotencyKey.user_uuid, IdempotencyKey.key)
    old = select(IdempotencyKey.user_uuid, IdempotencyKey.key).where(_OLD).limit(most)
    return (await connection.execute(delete(IdempotencyKey).where(key.in_(old)))).rowcount


async def _retries(
    request: Request,
    caller: CurrentCaller,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any text of one's own. A retry with the same key and body, within 24 hours of a success, "
            "gets the same answer and books nothing; after a refusal it is tried anew.",
        ),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}),
    ] = None,
) -> Retries:
    return Retries(request, caller, key)


OnceOnly = Annotated[Retries, Depends(_retries)]
