"""Safe retries: the `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import WithJsonSchema
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller, CurrentCaller
from app.errors import Invalid, KeyReused, RequestInFlight
from app.models import IdempotencyKey

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
LOCKED_KEYS = 7_262_156
"""First key of the advisory locks that tell requests in flight."""


class Retries:
    """Answers a request once: a retry with the same key and body gets the stored answer."""

    def __init__(
        self,
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
    ) -> None:
        self._request, self._caller, self._key = request, caller, key
        if key is not None and (not key.strip() or len(key) > LONGEST_KEY or not key.isprintable()):
            raise Invalid({"Idempotency-Key": [f"Must be 1 to {LONGEST_KEY} printable characters."]})

    async def once(
        self,
        connection: AsyncConnection,
        work: Callable[[], Awaitable[dict[str, Any]]],
        respond: Callable[[dict[str, Any]], JSONResponse],
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


async def _earlier(connection: AsyncConnection, caller: Caller, key: str) -> Any:
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{caller.uuid}{key}", LOCKED_KEYS))
    if not (await connection.execute(select(lock))).scalar_one():
        raise RequestInFlight
    found = (IdempotencyKey.user_uuid == caller.uuid) & (IdempotencyKey.key == key)
    await connection.execute(delete(IdempotencyKey).where(found, IdempotencyKey.created < datetime.now(UTC) - KEPT))
    return (await connection.execute(select(IdempotencyKey.__table__).where(found))).one_or_none()


async def forget(connection: AsyncConnection) -> None:
    """Drops answers that are no longer kept."""
    await connection.execute(delete(IdempotencyKey).where(IdempotencyKey.created < datetime.now(UTC) - KEPT))


OnceOnly = Annotated[Retries, Depends(Retries)]
