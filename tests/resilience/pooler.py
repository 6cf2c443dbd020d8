"""PgBouncer before a database, in transaction mode, with fewer connections than the service would like to have."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection

from app.addresses import read
from app.embedded.programs import account_for
from tests.clients.server import free_port

SBIN = "/usr/sbin/pgbouncer"
PATIENCE = 10
PROGRAM = os.environ.get("BOOKING_TESTS_PGBOUNCER") or shutil.which("pgbouncer") or shutil.which(SBIN)
CONNECTIONS = 3
_CONFIGURATION = """
[databases]
* = host={host} port={behind} user=postgres pool_size={connections}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 500
"""


@contextmanager
def pooled(url: str, folder: Path, connections: int = CONNECTIONS) -> Iterator[str]:
    """The address of a pooler before the server of an address, and of the database there."""
    assert PROGRAM is not None
    folder.mkdir()
    found, port = read(url), free_port()
    [server] = found.servers
    configuration = folder / "pgbouncer.ini"
    told = {"host": server.host, "behind": server.port, "port": port, "connections": connections}
    configuration.write_text(_CONFIGURATION.format(**told))
    account = account_for(folder, fresh=True)
    account.own(folder, configuration)
    with (folder / "log").open("wb") as log:
        options = {**account.options(), "stdout": log}
        process = subprocess.Popen([*account.prefix, PROGRAM, str(configuration)], **options)
        try:
            _wait_for(process, port, folder / "log")
            yield f"postgresql://postgres@127.0.0.1:{port}/{found.parameters['dbname']}"
        finally:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"PgBouncer does not run:\n{log.read_text(errors='replace')}")
