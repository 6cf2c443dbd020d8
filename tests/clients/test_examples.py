"""The examples of the README and of docs/use.md do what they say, on the data of the demo."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clients.conftest import installed
from tests.clients.server import PROJECT, free_port

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

PATIENCE = 120
TOKEN = re.compile(r"^  ([a-z-]+) +([0-9a-f]{40})  ", re.MULTILINE)
CALL = re.compile(r"^curl .*$", re.MULTILINE)


class Demo:
    """A running demo: where it is, the tokens that it printed, and the calls that it suggests."""

    def __init__(self, base: str, printed: str) -> None:
        self.base = base
        self.tokens = dict(TOKEN.findall(printed))
        self.calls = CALL.findall(printed)

    def here(self, example: str) -> str:
        """An example with the address and the tokens of this demo."""
        for role, key in self.tokens.items():
            example = example.replace(f"<a token of {role}>", key).replace(f"<{role}>", key)
        return example.replace("http://127.0.0.1:8000", self.base)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, on an embedded server that is new."""
    home, port = tmp_path_factory.mktemp("demo"), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKING_")}
    command = [sys.executable, "-m", "app", "demo", "--port", str(port)]
    with (home / "printed").open("wb") as printed:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**environment, "BOOKING_DATA_DIR": str(home / "data")},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Demo(f"http://127.0.0.1:{port}", _printed(process, home / "printed"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _printed(process: subprocess.Popen[bytes], path: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if "Press Ctrl+C" in (text := path.read_text()):
            return text
        time.sleep(0.1)
    raise AssertionError(path.read_text())


def example(page: str, name: str, language: str) -> str:
    """The only block of a page that is marked by this name."""
    pattern = rf"^<!-- run: {name} -->\n```{language}\n(.*?)^```$"
    [found] = re.findall(pattern, (PROJECT / page).read_text(), re.DOTALL | re.MULTILINE)
    return str(found)


def waiting(demo: Demo) -> set[str]:
    """What the provider's owner sees that waits."""
    headers = {"Authorization": f"Token {demo.tokens['provider-owner']}"}
    query = {"state": "Creating", "field": "uuid", "page_size": "300"}
    answer = httpx.get(f"{demo.base}/api/booking-resources/", params=query, headers=headers, trust_env=False)
    return {each["uuid"] for each in answer.json()}


@pytest.mark.parametrize("version", ["7.8.7", "8.1.3"])
def test_python_example_accepts_a_booking(demo: Demo, version: str) -> None:
    before = waiting(demo)
    script = f"{demo.here(example('README.md', 'python', 'python'))}\nprint(waiting[0].uuid)"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={"PYTHONPATH": str(installed(version)), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert before - waiting(demo) == {ended.stdout.strip()}


def bash(script: str) -> str:
    ended = subprocess.run(
        ["bash", "-euc", f"set -o pipefail\n{script}"],
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_life_of_a_booking_by_curl(demo: Demo) -> None:
    taken, ended = bash(demo.here(example("docs/use.md", "life", "bash"))).replace("}{", "}\n{").splitlines()[-2:]
    assert '"start"' in taken
    assert json.loads(ended) == {"name": "Bee brains", "state": "Terminated"}


def test_calls_that_the_demo_suggests_work(demo: Demo) -> None:
    assert len(demo.calls) == 3
    listed, shown, accepted = [json.loads(bash(call.replace("curl -s", "curl -sf"))) for call in demo.calls]
    assert len(listed) > 1
    assert shown["state"]
    assert accepted["order_uuid"]
