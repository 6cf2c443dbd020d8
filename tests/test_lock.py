"""The lock files install on a fresh machine with whichever pip it has, and name no place to install from."""

from importlib.metadata import distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ["requirements.lock", "tests/requirements.lock", ".ci/build.lock"]


def pins(lock: str) -> list[Requirement]:
    lines = (ROOT / lock).read_text().splitlines()
    return [Requirement(line.removesuffix("\\")) for line in lines if line and not line.startswith((" ", "#"))]


LOCKED = {canonicalize_name(pin.name): pin.extras for lock in LOCKS for pin in pins(lock)}


def test_every_extra_that_a_package_needs_is_locked_with_it() -> None:
    """pip before 23.3 takes a pin for `coverage[toml]` from `coverage[toml]==...` only, not from `coverage==...`."""
    packages = [each for each in distributions() if canonicalize_name(each.metadata["Name"]) in LOCKED]
    needed = [Requirement(text) for text in chain.from_iterable(package.requires or [] for package in packages)]
    here = [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    with_extras = [each for each in here if each.extras]
    assert with_extras
    assert [each for each in with_extras if not each.extras <= LOCKED[canonicalize_name(each.name)]] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_names_versions_and_hashes_alone(lock: str) -> None:
    assert all(str(pin.specifier).startswith("==") and pin.url is None for pin in pins(lock))
    assert "://" not in (ROOT / lock).read_text()
