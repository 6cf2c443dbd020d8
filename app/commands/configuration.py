"""The settings as a command takes them: what is wrong with them ends it with one line, and values are never shown."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import typer
from pydantic import AliasChoices, ValidationError
from pydantic_settings import SettingsError

from app.config import Settings, settings
from app.mistakes import Misuse

PREFIX = "BOOKING_"
DATABASE = "BOOKING_DATABASE_URL"
ADDRESSES = {DATABASE, "BOOKING_READ_DATABASE_URL"}
OF_COMMANDS = {"BOOKING_IMPORT_TOKEN"}
"""Variables that a single command reads."""
_ADDRESS = re.compile(r"postgres(ql)?(\+\w+)?://", re.IGNORECASE)
_INJECTED = re.compile(
    r"BOOKING_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_LINK = re.compile(r"(tcp|udp|sctp)://\S+")
"""What Kubernetes adds by itself where a service has a name such as `booking`."""


class Misconfigured(Misuse):
    """A setting that cannot be, or a variable that is none."""


def configured(*, embedded: bool = False) -> Settings:
    """The settings. Tells of variables that are none; raises Misconfigured.

    One that looks like the address of the database is refused where the embedded server would be taken instead, unless
    that is what is meant.
    """
    try:
        found = settings()
    except ValidationError as error:
        raise Misconfigured("\n".join(lines(error))) from None
    except SettingsError as error:
        raise Misconfigured(f"{error}.") from None
    for name, meant in strangers(os.environ).items():
        if meant == DATABASE and os.environ[name] and found.database_url is None and not embedded:
            raise Misconfigured(
                f"{name} is no setting, and without {DATABASE} an embedded server would be used: "
                f"rename it to {DATABASE}, or unset it."
            )
        advice = f"did you mean {meant}?" if meant else "docs/settings.md lists those there are."
        typer.echo(f"booking: warning: {name} is no setting and has no effect; {advice}", err=True)
    return found


def strangers(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Variables that look like settings and are none, each with the one that is most likely meant."""
    known = {*variables(), *OF_COMMANDS}
    found: dict[str, str | None] = {}
    for name, value in environment.items():
        upper = name.upper()
        if upper in known or _INJECTED.fullmatch(upper) or (upper.endswith("_PORT") and _LINK.fullmatch(value)):
            continue
        if upper.startswith(PREFIX):
            found[name] = _nearest(upper, ADDRESSES, 0) if _ADDRESS.match(value) else _nearest(upper, known)
        elif get_close_matches(upper.partition("_")[0], ["BOOKING"], cutoff=0.8):
            nearest = _nearest(upper, known, cutoff=0.9)
            found |= {name: nearest} if nearest else {}
    return found


def _nearest(name: str, known: set[str], cutoff: float = 0.75) -> str | None:
    return next(iter(get_close_matches(name, known, n=1, cutoff=cutoff)), None)


def variables() -> list[str]:
    """The names of all settings, as variables of the environment."""
    return [variable for name in Settings.model_fields for variable in _variables_of(name)]


def variable_of(field: str) -> str:
    """The variable that a setting was given by, or may be."""
    names = _variables_of(field)
    return next((name for name in names if os.environ.get(name)), names[0])


def _variables_of(name: str) -> list[str]:
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"{PREFIX}{name}".upper()]


def lines(error: ValidationError) -> Iterator[str]:
    """What is wrong with each setting, and what it means."""
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        place = str(each["loc"][0])
        field = next(name for name in Settings.model_fields if place in (name, *_variables_of(name)))
        variable = variable_of(field)
        wrong = each["msg"].removeprefix("Value error, ").replace("Input should", "must", 1).rstrip(".")
        told = f"{variable} {wrong}." if wrong.startswith("must ") else f"{variable}: {wrong}."
        yield told if " look like " in told else f"{told} Its meaning: {Settings.model_fields[field].description}"
