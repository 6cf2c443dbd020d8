"""The settings: whether they can be read, and what they leave open."""

import os

from pydantic import ValidationError

from app.commands.configuration import lines, strangers, variables
from app.commands.doctor.finding import Finding, advice, good, wrong
from app.config import Settings

ABOUT = "configuration"


def read_settings() -> tuple[Settings | None, list[Finding]]:
    """The settings of the environment, if they can be read, and what is to be said of them."""
    found = [
        advice(ABOUT, f"{name} is no setting, and is ignored.", _meant(meant))
        for name, meant in sorted(strangers(os.environ).items())
    ]
    try:
        settings = Settings()
    except ValidationError as error:
        return None, found + [wrong(ABOUT, line, "Change it; docs/settings.md lists all.") for line in lines(error)]
    given = len({*variables()} & os.environ.keys())
    return settings, [good(ABOUT, f"{given} settings are given, and can be read."), *found, *_open(settings)]


def _meant(name: str | None) -> str:
    return f"Call it {name}, if that is meant." if name else "Remove it; docs/settings.md lists all that there are."


def _open(settings: Settings) -> list[Finding]:
    found = []
    if settings.base_url is None:
        told = "BOOKING_BASE_URL is not set: links start with the host by which each client asks."
        found.append(advice(ABOUT, told, "Set it to the address of the service, such as https://booking.example.com."))
    if "*" in settings.trusted_proxies:
        told = "BOOKING_TRUSTED_PROXIES is *: every client may say which address it comes from."
        found.append(advice(ABOUT, told, "Name the addresses of your proxies."))
    return found
