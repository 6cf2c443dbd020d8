"""compose.yaml: what it promises, and the role and the database of the service, made on a real server; and lint."""

import os
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from app.embedded.programs import account_for, find_binaries
from tests.clients.server import PROJECT
from tests.resilience.replication import Server, servers

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "booking")
AWKWARD = "".join(chr(code) for code in range(33, 127) if chr(code) not in string.ascii_letters) + "ä€"
"""A password with every special character."""
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint")
def test_dockerfile_is_clean() -> None:
    assert HADOLINT is not None
    linted = subprocess.run([HADOLINT, "--no-color", PROJECT / "Dockerfile"], capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.parametrize("name", OURS)
def test_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_resources_are_limited_and_restarts_decided(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")


def test_two_replicas_have_a_port_each_and_are_reached_from_this_machine_alone() -> None:
    replicas = SERVICES["booking"]["deploy"]["replicas"]
    [published] = SERVICES["booking"]["ports"]
    found = re.fullmatch(r"\$\{LISTEN:-127\.0\.0\.1}:\$\{PORTS:-(\d+)-(\d+)}:8000", published)
    assert found
    assert int(found[2]) - int(found[1]) + 1 == replicas == 2
    assert "ports" not in SERVICES["postgres"]


def test_each_waits_for_what_it_needs() -> None:
    assert SERVICES["postgres"]["image"].startswith("postgres:17")
    assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["booking"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_service_is_given_longer_to_stop_than_it_takes() -> None:
    assert int(SERVICES["booking"]["stop_grace_period"].removesuffix("s")) > 20 + 5


def test_health_is_not_asked_of_the_one_that_ends() -> None:
    assert SERVICES["migrate"]["healthcheck"] == {"disable": True}
    assert "healthcheck" not in SERVICES["booking"]  # that of the image


def given(name: str, password: str, port: int) -> dict[str, str]:
    """The environment of a service; the password is a value of its own, so that nothing need be escaped."""
    values = SERVICES[name]["environment"].items()
    taken = {key: re.sub(r"^\$\{POSTGRES_PASSWORD:\?[^}]*}$", lambda _: password, value) for key, value in values}
    return {
        key: value.replace("@postgres/", f"@127.0.0.1:{port}/") for key, value in taken.items() if "${" not in value
    }


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks the service for a password, as that of the image does."""
    folder = tmp_path_factory.mktemp("postgres")
    with servers(folder, "one") as [server]:
        server.make()
        rules = folder / "one" / "data" / "pg_hba.conf"
        rules.write_text("host all booking 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        _make_role(server, folder)
        yield server


def _make_role(server: Server, folder: Path) -> None:
    psql = find_binaries(None, account_for(folder, fresh=True), None)[0] / "psql"
    path = f"{psql.parent}:{os.environ['PATH']}"
    reached = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PATH": path, "LANG": "C.UTF-8"}
    reload = ["psql", "--username=postgres", "--dbname=postgres", "--command=SELECT pg_reload_conf()"]
    subprocess.run(reload, env=reached, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["dropdb", "--username=postgres", "booking"], env=reached, check=True)
    environment = given("postgres", AWKWARD, server.port)
    subprocess.run(["sh", PROJECT / "docs" / "deploy" / "role.sh"], env=reached | environment, check=True)


def migrate(server: Server, password: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **given("migrate", password, server.port)}
    command = [sys.executable, "-m", "app", *SERVICES["migrate"]["command"]]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_role_of_the_service_migrates_by_a_password_of_any_characters(postgres: Server) -> None:
    done = migrate(postgres, AWKWARD)
    assert (done.returncode, done.stdout) == (0, "The schema is up to date.\n"), done.stderr[-2000:]
    assert migrate(postgres, AWKWARD[:-1]).returncode != 0


@pytest.mark.slow
async def test_service_is_no_superuser_and_the_superuser_has_no_password(postgres: Server) -> None:
    connection = await asyncpg.connect(host="127.0.0.1", port=postgres.port, user="postgres", database="booking")
    roles = await connection.fetch("SELECT rolname, rolsuper, rolpassword IS NULL FROM pg_authid WHERE rolcanlogin")
    owner = await connection.fetchval("SELECT datdba::regrole::text FROM pg_database WHERE datname = 'booking'")
    await connection.close()
    assert {tuple(row) for row in roles} == {("postgres", True, True), ("booking", False, False)}
    assert owner == "booking"
