"""Users and tokens: made, listed, revoked. A key is random, shown once, and stored as a digest only."""

import re
from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.keys import digest
from app.mistakes import Mistake
from app.models import Token, User

_USERNAME = re.compile(r"[0-9a-z_.@+-]{1,128}", re.ASCII)


class AccountError(Mistake):
    """A user or token that is not there, or is there already; the message says which."""


def is_username(text: str) -> bool:
    """Whether the text may be the name of a user."""
    return _USERNAME.fullmatch(text) is not None


async def create_user(connection: AsyncConnection, username: str, **values: object) -> UUID:
    """Adds a user and returns its uuid; raises AccountError."""
    if (await connection.execute(select(User.uuid).where(User.username == username))).first():
        raise AccountError(f"There is a user {username!r} already.")
    added = insert(User).values(username=username, **values).returning(User.uuid)
    return (await connection.execute(added)).scalar_one()


async def change_user(connection: AsyncConnection, username: str, **values: object) -> None:
    """Changes a user, as in `is_active=False`; raises AccountError."""
    changed = update(User).where(User.username == username).values(modified=func.now(), **values)
    if (await connection.execute(changed)).rowcount == 0:
        raise AccountError(f"There is no user {username!r}.")


async def users(connection: AsyncConnection) -> Sequence[Row[str, UUID, bool, bool, bool, int | None, int]]:
    """All users by name: what they may do, and the number of their tokens."""
    tokens = select(func.count(Token.uuid)).where(Token.user_uuid == User.uuid).scalar_subquery()
    statement = select(
        User.username, User.uuid, User.is_staff, User.is_support, User.is_active, User.token_lifetime, tokens
    ).order_by(User.username)
    return (await connection.execute(statement)).all()


async def create_token(
    connection: AsyncConnection, username: str, name: str = "", expires: datetime | None = None
) -> str:
    """Makes a token of 160 random bits for a user and returns its key, this once; raises AccountError."""
    user = (await connection.execute(select(User.uuid).where(User.username == username))).scalar_one_or_none()
    if user is None:
        raise AccountError(f"There is no user {username!r}.")
    key = token_hex(20)
    values = {"user_uuid": user, "digest": digest(key), "name": name, "expires": expires}
    await connection.execute(insert(Token).values(values))
    return key


async def tokens(
    connection: AsyncConnection, username: str | None = None
) -> Sequence[Row[UUID, str, str, datetime, datetime, datetime | None]]:
    """Tokens of one user or of all, without their keys, which nobody knows."""
    statement = (
        select(Token.uuid, User.username, Token.name, Token.created, Token.refreshed, Token.expires)
        .join(User, User.uuid == Token.user_uuid)
        .order_by(User.username, Token.created)
    )
    if username is not None:
        statement = statement.where(User.username == username)
    return (await connection.execute(statement)).all()


async def revoke_token(connection: AsyncConnection, uuid: UUID) -> None:
    """Makes a token unusable at once; raises AccountError."""
    _found((await connection.execute(delete(Token).where(Token.uuid == uuid))).rowcount, uuid)


async def expire_token(connection: AsyncConnection, uuid: UUID, expires: datetime | None) -> None:
    """Sets or lifts the time after which a token is refused; raises AccountError."""
    changed = update(Token).where(Token.uuid == uuid).values(expires=expires)
    _found((await connection.execute(changed)).rowcount, uuid)


async def keep_token(connection: AsyncConnection, username: str, name: str, expires: datetime, key: str | None) -> str:
    """Has a user hold one token of a name: that of the key, or else a new one; returns its key. Raises AccountError."""
    kept = digest(key or "")
    own = (Token.user_uuid == User.uuid) & (User.username == username) & (Token.name == name)
    await connection.execute(delete(Token).where(own, Token.digest != kept))
    extended = update(Token).where(own, Token.digest == kept).values(expires=expires)
    if key and (await connection.execute(extended)).rowcount:
        return key
    return await create_token(connection, username, name, expires)


def _found(rows: int, uuid: UUID) -> None:
    if rows == 0:
        raise AccountError(f"There is no token {uuid}.")


async def has_users(connection: AsyncConnection) -> bool:
    """Whether anybody is known."""
    return (await connection.execute(select(User.uuid).limit(1))).first() is not None
