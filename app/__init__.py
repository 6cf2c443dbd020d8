"""Booking Resources: see, filter, accept and reject bookings, none of which ever overlap."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def _version() -> str:
    try:
        return version("booking-resources")
    except PackageNotFoundError:  # run from a checkout
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
        return str(project["version"])


__version__ = _version()
