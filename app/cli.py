"""The command line: which commands there are. A command is imported when it is called, and only then."""

import sys
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from app.mistakes import Mistake

COMMANDS = {
    "serve": ("app.commands.serving:serve", "Serve the API."),
    "demo": ("app.commands.serving:demo", "Serve the API on invented data, without any preparation."),
    "migrate": ("app.commands.schema:migrate", "Bring the database schema up to date."),
    "user": ("app.commands.accounts.commands:user", "Create and change users."),
    "token": ("app.commands.accounts.commands:token", "Create and revoke API tokens."),
    "load": ("app.commands.transfer.commands:load", "Load a data set from a file: all of it, or nothing."),
    "dump": ("app.commands.transfer.commands:dump", "Write all data to a file."),
    "import-waldur": ("app.commands.importing.commands:import_waldur", "Copy bookings from Waldur."),
    "openapi": ("app.commands.serving:openapi", "Print the OpenAPI document."),
}
"""Where each command is, and the first line of its help."""


class Menu(TyperGroup):
    """Shows commands by name and line of help, and imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the words name; typer keeps the types of contexts and commands to itself."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, imported(name) if name else None, rest


cli = typer.Typer(cls=Menu, help="Run and maintain Booking Resources.", no_args_is_help=True)
for _name, (_, _line) in COMMANDS.items():
    cli.command(_name, help=_line)(lambda: None)


def imported(name: str) -> object:
    """The command of a name, made of the function or the group in its place."""
    found = resolve_name(COMMANDS[name][0])
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command()(found)
        return get_command(alone)
    return get_command(found)


def main() -> None:
    """Runs a command; what an operator can put right ends with one message and status 1."""
    try:
        cli()
    except (Mistake, OSError) as error:
        sys.exit(f"booking: {error}")
