"""The commands `organisation`, `project`, `offering` and `role`."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.registry import hours
from app.commands.registry import repository as registry
from app.commands.terminal import on_database, print_table
from app.models import Customer, Offering, Project
from app.models.enums import BOOKING_OFFERING_TYPE, OfferingState
from app.registry.repository import enter_named, load_permissions
from app.registry.rules import NO_WINDOWS, is_ever_open
from app.values import JsonObject

organisation = typer.Typer(help="Create organisations.", no_args_is_help=True, add_completion=False)
project = typer.Typer(help="Create projects.", no_args_is_help=True, add_completion=False)
offering = typer.Typer(help="Create offerings.", no_args_is_help=True, add_completion=False)
role = typer.Typer(help="Say who may do what.", no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="Its name; at most 150 characters.")]
Slug = Annotated[str, typer.Option(help="Its short name; made of the name by default.")]
Described = Annotated[str, typer.Option("--description", help="What it is about.")]
Username = Annotated[str, typer.Argument(help="Name of the user.")]
RoleName = Annotated[str, typer.Argument(help="Name of the role, such as CUSTOMER.OWNER or PROJECT.MANAGER.")]
On = Annotated[str, typer.Argument(help="The organisation, project or offering: name, short name or UUID.")]


def _named(name: str) -> str:
    if not 0 < len(name.strip()) <= 150:
        raise typer.BadParameter("1 to 150 characters", param_hint="name")
    return name.strip()


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@organisation.command("create")
def create_organisation(
    name: Name,
    slug: Slug = "",
    abbreviation: Annotated[str, typer.Option(help="Its abbreviation.")] = "",
) -> None:
    """Create an organisation and print the UUID."""
    called = _named(name)
    typer.echo(on_database(lambda found: enter_named(found, Customer, called, slug, abbreviation=abbreviation)))


@organisation.command("list")
def list_organisations() -> None:
    """List all organisations."""
    print_table(("name", "uuid", "slug", "blocked", "archived"), on_database(registry.organisations))


@project.command("create")
def create_project(
    name: Name,
    organisation: Annotated[str, typer.Option(help="Its organisation: name, short name or UUID.")],
    slug: Slug = "",
    description: Described = "",
    start: Annotated[datetime | None, typer.Option(help="First day.", formats=["%Y-%m-%d"])] = None,
    end: Annotated[datetime | None, typer.Option(help="Last day, inclusive.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Create a project of an organisation and print the UUID."""
    called = _named(name)
    if start and end and end < start:
        raise typer.BadParameter("before --start", param_hint="--end")

    async def work(connection: AsyncConnection) -> UUID:
        customer = await registry.find_open(connection, organisation)
        days = {"start_date": _day(start), "end_date": _day(end)}
        return await enter_named(
            connection, Project, called, slug, customer_uuid=customer, description=description, **days
        )

    typer.echo(on_database(work))


@project.command("list")
def list_projects() -> None:
    """List all projects."""
    print_table(("name", "uuid", "organisation", "start", "end"), on_database(registry.projects))


@offering.command("create")
def create_offering(
    name: Name,
    provider: Annotated[str, typer.Option(help="The organisation that offers: name, short name or UUID.")],
    opened: Annotated[
        list[str] | None, typer.Option("--open", help="Hours, as 'Mon-Fri 08:00-18:00', or 'always'; may be repeated.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Where these hours are, as Europe/Tallinn; the service's time zone by default.")
    ] = None,
    category: Annotated[str, typer.Option(help="Title of its kind, which is made if there is none.")] = "Other",
    slug: Slug = "",
    description: Described = "",
    since: Annotated[datetime | None, typer.Option("--from", help="First day; today.", formats=["%Y-%m-%d"])] = None,
    until: Annotated[datetime | None, typer.Option(help="Day on which it closes.", formats=["%Y-%m-%d"])] = None,
    private: Annotated[bool, typer.Option("--private", help="Offer it to the provider's own people only.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Do not let it be booked yet.")] = False,
) -> None:
    """Create an offering and print the UUID. Without --open, nobody can book it."""
    called, attributes = _named(name), _attributes(opened or [], time_zone, since, until)
    state = OfferingState.DRAFT if draft else OfferingState.ACTIVE
    values = {"type": BOOKING_OFFERING_TYPE, "state": state, "shared": not private, "description": description}

    async def work(connection: AsyncConnection) -> UUID:
        customer = await registry.find_open(connection, provider)
        kind = await registry.category(connection, _named(category))
        belongs = {"customer_uuid": customer, "category_uuid": kind}
        return await enter_named(connection, Offering, called, slug, attributes=attributes, **values, **belongs)

    typer.echo(on_database(work))
    if not is_ever_open(attributes):
        typer.echo(f"{NO_WINDOWS} Create it with --open, or set its windows by API.", err=True)


def _attributes(opened: list[str], time_zone: str | None, since: datetime | None, until: datetime | None) -> JsonObject:
    first, last = _day(since) or datetime.now(UTC).date(), _day(until)
    if last and last <= first:
        raise typer.BadParameter("not after the first day", param_hint="--until")
    try:
        schedules = hours.schedules(opened, time_zone, first, last)
    except hours.NoHours as error:
        raise typer.BadParameter(str(error)) from None
    return {"schedules": schedules} if schedules else {}


@offering.command("list")
def list_offerings() -> None:
    """List all offerings."""
    print_table(("name", "uuid", "provider", "category", "state"), on_database(registry.offerings))


@role.command("grant")
def grant_role(
    username: Username,
    role: RoleName,
    on: On,
    expires_in: Annotated[
        float | None, typer.Option(help="Take it away after this many days; never by default.", min=0, max=100_000)
    ] = None,
) -> None:
    """Give a user a role on an organisation, a project or an offering."""
    expires = None if expires_in is None else datetime.now(UTC) + timedelta(days=expires_in)
    on_database(lambda connection: registry.grant(connection, username, role, on, expires))


@role.command("revoke")
def revoke_role(username: Username, role: RoleName, on: On) -> None:
    """Take a role away."""
    on_database(lambda connection: registry.revoke(connection, username, role, on))


@role.command("list")
def list_roles() -> None:
    """List who holds which role on what."""
    print_table(("username", "role", "kind", "on", "expires"), on_database(registry.roles))


@role.command("defaults")
def add_defaults() -> None:
    """Let roles do what is usual, beside what they may already."""
    added = on_database(lambda connection: load_permissions(connection, where_none=False))
    typer.echo(f"{added} permissions were added.")
