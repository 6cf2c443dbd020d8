"""The command line: which commands there are. A command is imported when it is called, and only then."""

import sys
from pkgutil import resolve_name
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from app import __version__
from app.mistakes import Mistake
from app.process import end_when_asked

COMMANDS = {
    "serve": ("app.commands.serving:serve", "Serve the API."),
    "demo": ("app.commands.serving:demo", "Serve the API on invented data, without any preparation."),
    "migrate": ("app.commands.schema:migrate", "Bring the database schema up to date."),
    "user": ("app.commands.accounts.commands:user", "Create and change users."),
    "token": ("app.commands.accounts.commands:token", "Create and revoke API tokens."),
    "organisation": ("app.commands.registry.commands:organisation", "Create organisations."),
    "project": ("app.commands.registry.commands:project", "Create projects."),
    "offering": ("app.commands.registry.commands:offering", "Create offerings."),
    "role": ("app.commands.registry.commands:role", "Say who may do what."),
    "load": ("app.commands.transfer.commands:load", "Load a data set from a file: all of it, or nothing."),
    "dump": ("app.commands.transfer.commands:dump", "Write all data to a file."),
    "import-waldur": ("app.commands.importing.commands:import_waldur", "Copy bookings from Waldur."),
    "doctor": ("app.commands.doctor.commands:doctor", "Look for what is amiss, and say what to do about it."),
    "openapi": ("app.commands.serving:openapi", "Print the OpenAPI document."),
}
"""Where each command is, and the first line of its help."""


class Menu(TyperGroup):
    """Shows commands by name and line of help, and imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the words name; typer keeps the types of contexts and commands to itself."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, imported(name) if name else None, rest


cli = typer.Typer(cls=Menu, no_args_is_help=True)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"booking {__version__}")
        raise typer.Exit


@cli.callback()
def booking(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Run and maintain Booking Resources."""


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
    """Runs a command; what an operator can put right ends with one line, and status 1, or 2 for wrong use."""
    end_when_asked()
    try:
        cli()
    except Mistake as error:
        _end(str(error), error.status)
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)


def _end(message: str, status: int) -> NoReturn:
    typer.echo("\n".join(f"booking: {line}" for line in message.splitlines()), err=True)
    sys.exit(status)
