"""The commands `user` and `token`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from app.commands.accounts import repository as accounts
from app.commands.terminal import AsJson, on_database, print_rows

user = typer.Typer(help="Create and change users.", no_args_is_help=True, add_completion=False)
token = typer.Typer(help="Create and revoke API tokens.", no_args_is_help=True, add_completion=False)

Username = Annotated[str, typer.Argument(help="Name of the user.")]
NewUsername = Annotated[str, typer.Argument(help="Lower-case letters, numbers and @ . + - _; at most 128.")]
Staff = Annotated[bool, typer.Option("--staff", help="Let the user see and do everything.")]
Support = Annotated[bool, typer.Option("--support", help="Let the user see why bookings failed.")]
TokenLifetime = Annotated[
    int | None, typer.Option(help="Refuse tokens unused for this many seconds; never by default.", min=1)
]
TokenUuid = Annotated[UUID, typer.Argument(help="UUID of the token, as `token list` shows it.")]
Days = Annotated[
    float | None, typer.Option("--expires-in", help="Refuse the token after this many days; never by default.", min=0)
]


def _days_from_now(days: float | None) -> datetime | None:
    try:
        return None if days is None else datetime.now(UTC) + timedelta(days=days)
    except OverflowError:
        raise typer.BadParameter("too far ahead", param_hint="--expires-in") from None


@user.command("create")
def create_user(
    username: NewUsername,
    first_name: Annotated[str, typer.Option(help="First name, as answers show it.")] = "",
    last_name: Annotated[str, typer.Option(help="Last name, as answers show it.")] = "",
    email: Annotated[str, typer.Option(help="Email address.")] = "",
    staff: Staff = False,
    support: Support = False,
    token_lifetime: TokenLifetime = None,
) -> None:
    """Create a user and print the UUID."""
    if not accounts.is_username(username):
        raise typer.BadParameter("lower-case letters, numbers and @ . + - _ only, at most 128", param_hint="username")
    uuid = on_database(
        lambda connection: accounts.create_user(
            connection,
            username,
            first_name=first_name,
            last_name=last_name,
            email=email,
            is_staff=staff,
            is_support=support,
            token_lifetime=token_lifetime,
        )
    )
    typer.echo(uuid)


@user.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List all users."""
    columns = ("username", "uuid", "is_staff", "is_support", "is_active", "token_lifetime", "tokens")
    print_rows(columns, on_database(accounts.users), as_json=as_json)


@user.command("revoke")
def deactivate_user(username: Username) -> None:
    """Refuse all requests of a user from now on."""
    on_database(lambda connection: accounts.change_user(connection, username, is_active=False))


@user.command("restore")
def activate_user(username: Username) -> None:
    """Accept requests of a revoked user again."""
    on_database(lambda connection: accounts.change_user(connection, username, is_active=True))


@user.command("expiry")
def set_token_lifetime(
    username: Username,
    seconds: TokenLifetime = None,
) -> None:
    """Set how long the tokens of a user may stay unused."""
    on_database(lambda connection: accounts.change_user(connection, username, token_lifetime=seconds))


@token.command("create")
def create_token(
    username: Username,
    name: Annotated[str, typer.Option(help="Note what the token is for.")] = "",
    expires_in: Days = None,
) -> None:
    """Create a token and print its key, which is never shown again."""
    expires = _days_from_now(expires_in)
    typer.echo(on_database(lambda connection: accounts.create_token(connection, username, name, expires)))


@token.command("list")
def list_tokens(
    username: Annotated[str | None, typer.Argument(help="Name of the user; all users by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tokens, without their keys."""
    columns = ("uuid", "username", "name", "created", "refreshed", "expires")
    found = on_database(lambda connection: accounts.tokens(connection, username))
    print_rows(columns, found, as_json=as_json)


@token.command("revoke")
def revoke_token(uuid: TokenUuid) -> None:
    """Refuse a token from now on."""
    on_database(lambda connection: accounts.revoke_token(connection, uuid))


@token.command("expiry")
def set_expiry(uuid: TokenUuid, expires_in: Days = None) -> None:
    """Set when a token expires."""
    expires = _days_from_now(expires_in)
    on_database(lambda connection: accounts.expire_token(connection, uuid, expires))
