"""Generators of clients take the OpenAPI document whole: what they make has each operation, and they do not warn.

They are fetched when the test runs, once for each version, since they are no part of the project; where they cannot be
had, the test is skipped, and says why.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.document.schema import DOCUMENT

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # they run in processes of their own

OPERATIONS = {each["operationId"] for item in DOCUMENT["paths"].values() for each in item.values()}
FETCHING, WORKING = 120, 60
"""Seconds."""
WARNED = re.compile(r"warn|error|fail|unable|unsupported|skipp|missing|invalid|⚠", re.IGNORECASE)


@dataclass(frozen=True)
class Generator:
    """A program that makes a client of a document: the packages that it is in, and how it is fetched and asked."""

    packages: tuple[str, ...]
    fetch: Callable[[Path, tuple[str, ...]], list[list[str]]]
    command: Callable[[Path, Path, Path], list[str]]
    operations: Callable[[Path], set[str]]
    check: Callable[[Path, Path], list[str]]


def _by_npm(folder: Path, packages: tuple[str, ...]) -> list[list[str]]:
    options = [
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
        "--loglevel=error",
        "--engine-strict",
    ]
    return [["npm", "install", "--prefix", str(folder), *options, *packages]]


def _by_pip(folder: Path, packages: tuple[str, ...]) -> list[list[str]]:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(folder)], [*pip, *packages]]


def _python_client(folder: Path, document: Path, made: Path) -> list[str]:
    plain = document.with_name("plain.json")
    plain.write_text(json.dumps({"post_hooks": []}))
    options = ["--meta", "none", "--fail-on-warning", "--config", str(plain)]
    program = str(folder / "bin" / "openapi-python-client")
    return [program, "generate", "--path", str(document), "--output-path", str(made / "client"), *options]


def _hey_api(folder: Path, document: Path, made: Path) -> list[str]:
    program = str(folder / "node_modules" / ".bin" / "openapi-ts")
    return [program, "--input", str(document), "--output", str(made), "--no-log-file"]


def _typescript(folder: Path, document: Path, made: Path) -> list[str]:
    program = str(folder / "node_modules" / ".bin" / "openapi-typescript")
    return [program, str(document), "--output", str(made / "schema.ts")]


def _modules(made: Path) -> set[str]:
    """A module for each operation, in a folder for each tag."""
    return {path.stem for path in made.glob("client/api/*/*.py")} - {"__init__"}


def _functions(made: Path) -> set[str]:
    """A function for each operation, in camel case."""
    names = {re.sub(r"_(\w)", lambda found: found[1].upper(), name): name for name in OPERATIONS}
    found = re.findall(r"^export const (\w+) =", (made / "sdk.gen.ts").read_text(), re.MULTILINE)
    return {names.get(name, name) for name in found}


def _members(made: Path) -> set[str]:
    """A member of one interface for each operation."""
    _, _, after = (made / "schema.ts").read_text().partition("export interface operations {")
    return set(re.findall(r"^    (\w+): \{", after, re.MULTILINE))


def _importing(folder: Path, made: Path) -> list[str]:
    walk = "import importlib, pkgutil, client; "
    walk += "[importlib.import_module(each.name) for each in pkgutil.walk_packages(client.__path__, 'client.')]"
    return [str(folder / "bin" / "python"), "-W", "error", "-c", walk]


def _compiling(folder: Path, made: Path) -> list[str]:
    options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext"]
    options += ["--lib", "es2023,dom,dom.iterable"]
    return [str(folder / "node_modules" / ".bin" / "tsc"), *options, *map(str, sorted(made.glob("*.ts")))]


GENERATORS = {
    "openapi-python-client": Generator(
        ("openapi-python-client==0.29.1",), _by_pip, _python_client, _modules, _importing
    ),
    "hey-api": Generator(("@hey-api/openapi-ts@0.95.0", "typescript@5.9.3"), _by_npm, _hey_api, _functions, _compiling),
    "openapi-typescript": Generator(
        ("openapi-typescript@7.13.0", "typescript@5.9.3"), _by_npm, _typescript, _members, _compiling
    ),
}


def _run(command: list[str], folder: Path, seconds: int) -> tuple[int, str]:
    """The exit code of a command, and all that it printed."""
    done = subprocess.run(command, cwd=folder, timeout=seconds, text=True, stdout=-1, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def _fetched(generator: Generator, cache: Path) -> Path:
    """Where the generator is; skips the test where it cannot be had."""
    folder = cache / re.sub(r"\W+", "-", " ".join((*generator.packages, sys.version.split()[0])))
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in generator.fetch(folder, generator.packages):
        try:
            code, printed = _run(command, folder, FETCHING)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{generator.packages[0]} cannot be fetched: {error}")
        if code:
            pytest.skip(f"{generator.packages[0]} cannot be fetched: {printed.strip()[-300:]}")
    (folder / "whole").touch()
    return folder


@pytest.mark.parametrize("name", GENERATORS)
def test_generator_takes_every_operation_without_a_warning(
    name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    generator, document, made = GENERATORS[name], tmp_path / "openapi.json", tmp_path / "made"
    folder = _fetched(generator, pytestconfig.cache.mkdir("generators"))
    document.write_text(json.dumps(DOCUMENT))
    made.mkdir()
    code, printed = _run(generator.command(folder, document, made), tmp_path, WORKING)
    assert (code, WARNED.findall(printed)) == (0, []), printed
    assert generator.operations(made) == OPERATIONS
    code, printed = _run(generator.check(folder, made), made, WORKING)
    assert code == 0, printed
