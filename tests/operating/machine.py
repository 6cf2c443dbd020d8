"""A machine on which commands of the documentation are run as they stand: a folder that stands for its root.

What needs the rights of root, or systemd, or changes the packages of the tests, is stood in for: `useradd`, `chgrp`,
`systemctl`, `git`, `pip`. All else is real.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from app.embedded import Cluster
from app.embedded.programs import candidates
from tests.clients.server import PROJECT, free_port
from tests.databases import FAST

OPERATE = PROJECT / "docs" / "operate.md"
PATIENCE = 180
TREE = ("app", "migrations", "alembic.ini", "pyproject.toml")
"""What of the repository a running service needs."""
_BLOCK = r"^<!-- run: {} -->\n```bash\n(.*?)^```$"
_PLACES = ("/opt/booking", "/etc/booking", "/etc/systemd/system", "/etc/nginx/conf.d", "/usr/local/bin")
_NAME = "booking.example.com"
_SYSTEMCTL = """#!/bin/bash
# Does what systemd does of a unit: its environment, its command, SIGTERM.
running() {{ [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }}
stop() {{
    [ -e {root}/$1.pid ] || return 0
    kill "$(cat {root}/$1.pid)"
    while running "$(cat {root}/$1.pid)"; do sleep 0.1; done
    rm {root}/$1.pid
}}
unit={root}/etc/systemd/system/booking.service
case "$*" in
"stop booking") stop booking ;;
"enable --now booking" | "start booking" | "restart booking")
    stop booking
    (
        set -a
        . "$(sed -n 's/^EnvironmentFile=//p' $unit)"
        export $(sed -n 's/^Environment=//p' $unit)
        exec setsid $(sed -n 's/^ExecStart=//p' $unit)
    ) </dev/null >>{root}/booking.log 2>&1 &
    echo $! >{root}/booking.pid
    ;;
"reload nginx")
    stop nginx
    setsid nginx -c {root}/nginx.conf </dev/null >>{root}/nginx.log 2>&1 &
    echo $! >{root}/nginx.pid
    ;;
"stop nginx") stop nginx ;;
*) echo "systemctl $* is unknown" >&2 && exit 1 ;;
esac
"""
_NGINX = """
daemon off;
user root;
pid {root}/nginx.master;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxied;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/etc/nginx/conf.d/*.conf;
}}
"""
_PIP = """#!/bin/sh
[ "$*" = "install -q --require-hashes -r requirements.lock" ] && [ -e requirements.lock ]
"""
_PRELUDE = "set -eu\nuseradd() { :; }\nchgrp() { :; }\n"


def block(name: str, page: Path = OPERATE) -> str:
    """The commands of a page that are marked by this name."""
    [found] = re.findall(_BLOCK.format(re.escape(name)), page.read_text(), re.DOTALL | re.MULTILINE)
    return str(found)


class Machine:
    """The folder, a server of PostgreSQL, and ports of its own."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        self.root, self.cluster = root, cluster
        self.port, self.plain, self.inner = free_port(), free_port(), free_port()
        self.base = f"http://localhost:{self.inner}"
        self.versions = {"v2": PROJECT}
        for place in (*_PLACES, "/bin"):
            (root / place[1:]).mkdir(parents=True, exist_ok=True)
        self._furnish()

    def run(self, *names: str, page: Path = OPERATE) -> str:
        """What the commands of these names print; raises AssertionError if one fails."""
        return self.shell("\n".join(block(name, page) for name in names))

    def shell(self, commands: str) -> str:
        """The same of any commands."""
        with (self.root / "shown").open("w+b") as shown:
            ended = subprocess.run(
                ["bash", "-c", f"{_PRELUDE}{self._here(commands)}"],
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=shown,
                stderr=shown,
                timeout=PATIENCE,
                check=False,
            )
            shown.seek(0)
            told = shown.read().decode()
        logs = [path.read_text() for path in self.root.glob("*.log")]
        assert ended.returncode == 0, "\n".join([told, *logs])
        return told

    def wait(self) -> None:
        """Until the service is ready."""
        self.shell(
            f"curl -sf --retry 60 --retry-connrefused --retry-delay 1 http://localhost:{self.inner}/health/ready"
        )

    def behind_proxy(self) -> None:
        """From now on the service is asked by way of the proxy."""
        self.base = f"https://localhost:{self.port}"
        self._furnish()

    def is_at(self, version: str) -> None:
        """Has the code of that version in its place."""
        for name in TREE:
            place = self.root / "opt/booking" / name
            place.unlink(missing_ok=True)
            place.symlink_to(self.versions[version] / name)

    def _here(self, text: str) -> str:
        for place in _PLACES:
            text = text.replace(place, f"{self.root}{place}")
        text = text.replace(":8000", f":{self.inner}").replace("--port 8000", f"--port {self.inner}")
        text = text.replace("listen 80;", f"listen {self.plain};").replace("listen 443", f"listen {self.port}")
        return text.replace(f"https://{_NAME}/", f"{self.base}/")

    def _furnish(self) -> None:
        """Puts the files of the repository and the stand-ins into their places."""
        home = self.root / "opt/booking"
        self.is_at("v2")
        for path in (PROJECT / "docs" / "deploy").iterdir():
            self._write(home / "docs" / "deploy" / path.name, self._here(path.read_text()))
        shutil.copy(PROJECT / "requirements.lock", home)
        self._write(home / ".venv/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        self._write(home / ".venv/bin/pip", _PIP)
        self._write(self.root / "bin/systemctl", _SYSTEMCTL.format(root=self.root))
        self._write(self.root / "bin/edit", self._edit())
        self._write(self.root / "bin/git", self._git())
        self._write(self.root / "nginx.conf", _NGINX.format(root=self.root))

    def _write(self, path: Path, content: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)

    def _edit(self) -> str:
        """What an operator changes: where the database is, and what the service is called."""
        where = self.cluster.url()
        host = make_url(where).query["host"]
        database = rf"s#@127.0.0.1:5432/booking#@/booking?host={host}\&port=5432#"
        return f'#!/bin/sh\nsed -i -e "{database}" -e "s#https://{_NAME}#{self.base}#" -e "s#{_NAME}#localhost#" "$1"\n'

    def _git(self) -> str:
        """Checks versions out by the links that `is_at` makes."""
        home = self.root / "opt/booking"
        link = f'for each in {" ".join(TREE)}; do ln -sfn "$1/$each" "{home}/$each"; done'
        cases = "".join(f'"checkout -q {name}") set {tree} && {link} ;;\n' for name, tree in self.versions.items())
        return f'#!/bin/sh\ncase "$*" in\n"fetch -q") ;;\n{cases}*) exit 1 ;;\nesac\n'

    def has(self, version: str, tree: Path) -> None:
        """Another version of the code, by its name."""
        self.versions[version] = tree
        self._furnish()

    def _environment(self) -> dict[str, str]:
        programs = candidates(None)[0]
        given = {name: value for name, value in os.environ.items() if not name.startswith("BOOKING_")}
        return {
            **given,
            "PATH": f"{self.root}/bin:{self.root}/usr/local/bin:{programs}:/usr/sbin:{given['PATH']}",
            "EDITOR": str(self.root / "bin/edit"),
            "PGHOST": str(make_url(self.cluster.url()).query["host"]),
            "PGUSER": "postgres",
            "CURL_CA_BUNDLE": str(self.root / "etc/booking/tls.crt"),
            "NO_PROXY": "*",
        }


@contextmanager
def machine(root: Path) -> Iterator[Machine]:
    """A machine with a server of PostgreSQL that has no database of the service yet."""
    with Cluster(root / "postgres", settings=FAST) as cluster:
        cluster.drop_database("booking")
        made = Machine(root / "machine", cluster)
        try:
            yield made
        finally:
            made.shell("systemctl stop nginx; systemctl stop booking")
