"""The commands `user` and `token`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from app.commands.accounts import repository as accounts
from app.commands.terminal import on_database, print_rows

user = typer.Typer(help="Who may call.", no_args_is_help=True)
token = typer.Typer(help="Keys that users call with.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="Name of the user.")]
TokenUuid = Annotated[UUID, typer.Argument(help="UUID of the token, as `token list` shows it.")]
Days = Annotated[float | None, typer.Option("--expires-in", help="Days until the token is refused.", min=0)]


def _moment(days: float | None) -> datetime | None:
    try:
        return None if days is None else datetime.now(UTC) + timedelta(days=days)
    except OverflowError:
        raise typer.BadParameter("too far ahead", param_hint="--expires-in") from None


@user.command("create")
def create_user(
    username: Annotated[str, typer.Argument(help="Lower-case letters, numbers and @ . + - _; at most 128.")],
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    staff: Annotated[bool, typer.Option("--staff", help="Sees and may do everything.")] = False,
    support: Annotated[bool, typer.Option("--support", help="Sees where things failed.")] = False,
    token_lifetime: Annotated[
        int | None, typer.Option(help="Seconds without use after which tokens are refused; never if left out.", min=1)
    ] = None,
) -> None:
    """Add a user."""
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
def list_users() -> None:
    """List the users."""
    columns = ("username", "uuid", "is_staff", "is_support", "is_active", "token_lifetime", "tokens")
    print_rows(columns, on_database(accounts.users))


@user.command("revoke")
def deactivate_user(username: Username) -> None:
    """Refuse all calls of a user from now on."""
    on_database(lambda connection: accounts.change_user(connection, username, is_active=False))


@user.command("restore")
def activate_user(username: Username) -> None:
    """Take calls of a revoked user again."""
    on_database(lambda connection: accounts.change_user(connection, username, is_active=True))


@user.command("expiry")
def set_token_lifetime(
    username: Username,
    seconds: Annotated[int | None, typer.Option(help="Seconds without use; never if left out.", min=1)] = None,
) -> None:
    """Set after how long without use the tokens of a user are refused."""
    on_database(lambda connection: accounts.change_user(connection, username, token_lifetime=seconds))


@token.command("create")
def create_token(
    username: Username,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "",
    expires_in: Days = None,
) -> None:
    """Make a token and print its key, this once."""
    expires = _moment(expires_in)
    typer.echo(on_database(lambda connection: accounts.create_token(connection, username, name, expires)))


@token.command("list")
def list_tokens(
    username: Annotated[str | None, typer.Argument(help="Name of the user; all if left out.")] = None,
) -> None:
    """List tokens; their keys are not known."""
    columns = ("uuid", "username", "name", "created", "refreshed", "expires")
    print_rows(columns, on_database(lambda connection: accounts.tokens(connection, username)))


@token.command("revoke")
def revoke_token(uuid: TokenUuid) -> None:
    """Refuse a token from now on."""
    on_database(lambda connection: accounts.revoke_token(connection, uuid))


@token.command("expiry")
def set_expiry(uuid: TokenUuid, expires_in: Days = None) -> None:
    """Set when a token will be refused; never if no time is given."""
    expires = _moment(expires_in)
    on_database(lambda connection: accounts.expire_token(connection, uuid, expires))
