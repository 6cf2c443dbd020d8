"""Working trees: this one, and those of other revisions; and servers that run their code."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmark.load import Served

HERE = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("served.py")
PATIENCE = 60
"""Seconds for a server to listen."""
_HEAD = "from alembic.script import ScriptDirectory; print(ScriptDirectory('migrations').get_current_head())"


@contextmanager
def tree_of(revision: str | None) -> Iterator[Path]:
    """The directory of a revision, which is removed at the end; this one without a revision."""
    if revision is None:
        yield HERE
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(HERE), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _environment(tree: Path, database_url: str = "") -> dict[str, str]:
    own = {"PYTHONPATH": str(tree), "BOOKING_DATABASE_URL": database_url, "BOOKING_EXPIRE_PENDING": "off"}
    return {**os.environ, **own}


def schema_of(tree: Path) -> str:
    """The revision of the schema that the code of a tree works on."""
    command = [sys.executable, "-c", _HEAD]
    shown = subprocess.run(command, cwd=tree, env=_environment(tree), check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def migrate(tree: Path, database_url: str) -> None:
    """Brings a database to the schema of a tree."""
    command = [sys.executable, "-m", "app", "migrate"]
    subprocess.run(command, cwd=tree, env=_environment(tree, database_url), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def serving(
    kind: str, tree: Path, folder: Path, database_url: str = "", postmaster: int | None = None
) -> Iterator[Served]:
    """The application of a tree with one worker, or the bare one; constant answers are files of the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-P", str(SCRIPT), kind, str(port), str(folder)]
    with (folder / f"{kind}-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tree, env=_environment(tree, database_url), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait_for(process, port, Path(log.name))
            yield Served(port, process.pid, postmaster)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-4000:]}")
