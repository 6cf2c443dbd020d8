"""What a container asks itself, and how its first process ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from app import process
from app.monitoring.healthcheck import ask
from tests.clients.server import PROJECT, free_port


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """The port of somebody who answers `/health/ready` so, and all else otherwise."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_service_is_healthy_when_it_says_that_it_is_ready(status: int, healthy: bool) -> None:
    with answering(status, b"so it is") as port:
        assert ask(port) == (healthy, "so it is")


def test_service_that_does_not_answer_is_not_healthy() -> None:
    healthy, said = ask(free_port())
    assert not healthy
    assert "no answer" in said


def test_status_of_the_process_tells() -> None:
    with answering(503, b"the database does not answer") as port:
        command = [sys.executable, "-m", "app.monitoring.healthcheck", str(port)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "the database does not answer\n")


def test_asking_needs_nothing_but_python() -> None:
    looked_at = """if True:
        import sys, app.monitoring.healthcheck
        print([name for name in sys.modules if name in {"typer", "uvicorn", "httpx"}])
    """
    done = subprocess.run([sys.executable, "-c", looked_at], cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.fixture
def unhandled() -> Iterator[None]:
    """SIGTERM as it is for any process that says nothing about it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def test_first_process_of_a_container_ends_when_asked(unhandled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST", os.getpid())
    process.end_when_asked()
    with pytest.raises(SystemExit, match="143"):
        signal.raise_signal(signal.SIGTERM)


def test_other_processes_leave_that_to_the_system(unhandled: None) -> None:
    process.end_when_asked()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
