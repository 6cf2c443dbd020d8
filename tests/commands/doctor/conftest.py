"""The doctor, with the settings of a test alone."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.commands.doctor.finding import Mark
from app.config import settings

Doctor: TypeAlias = Callable[..., Result]


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    """Runs the command with these settings alone."""

    def run(*words: str, **given: str) -> Result:
        for name, value in {"base_url": "https://booking.example.com", **given}.items():
            monkeypatch.setenv(f"BOOKING_{name.upper()}", value)
        settings.cache_clear()
        return CliRunner().invoke(cli, words or ["doctor"])

    yield run
    settings.cache_clear()


def told(result: Result, mark: Mark, about: str) -> str:
    """The lines of the findings of that mark about that, each with what to do."""
    lines = result.output.splitlines()
    wanted = f"{mark:<8}{about:<15}"
    found = [
        " ".join(" ".join(lines[place : place + 2]).split())
        for place, line in enumerate(lines)
        if line.startswith(wanted)
    ]
    assert found, result.output + str(result.exception)
    return "\n".join(found)
