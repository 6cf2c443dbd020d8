"""From an empty server of PostgreSQL to an accepted booking, by docs/operate.md alone."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.server import PROJECT
from tests.operating.machine import Machine, block, machine

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
without_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def certify(made: Machine) -> None:
    """A certificate for this machine, which signs itself."""
    folder = made.root / "etc/booking"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    keys = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", *keys, *subject], check=True, capture_output=True)


@pytest.mark.parametrize("proxy", [pytest.param("nginx", marks=without_nginx), None])
def test_from_nothing_to_an_accepted_booking(tmp_path: Path, proxy: str | None) -> None:
    with machine(tmp_path) as made:
        certify(made)
        if proxy:
            made.behind_proxy()
        told = made.run("database", "service")
        assert "wrong" not in told
        assert "privileges     booking may read, change and migrate all tables." in told
        if proxy:
            assert '{"status":"ok"}' in made.run("proxy")
        made.wait()
        shown = json.loads(made.run("beginning").splitlines()[-1])
    assert (shown["name"], shown["state"]) == ("Whole brains", "OK")
    [slot] = shown["slots"]
    assert (slot["start"][11:], slot["end"][11:]) == ("09:00:00Z", "11:00:00Z")


@without_nginx
def test_proxy_speaks_tls_and_passes_on_who_asks(tmp_path: Path) -> None:
    with machine(tmp_path) as made:
        certify(made)
        made.behind_proxy()
        made.run("database", "service", "proxy")
        head = made.shell(f"curl -s -D - -o /dev/null {made.base}/health/ready").lower()
        assert "strict-transport-security: max-age=31536000" in head
        moved = made.shell(f"curl -s -D - -o /dev/null -H 'Host: localhost' http://127.0.0.1:{made.plain}/docs")
        assert "301" in moved
        ask = f"curl -s -o /dev/null -w '%{{http_code}}' -H 'Authorization: Token no' {made.base}/api/users/me/"
        told = made.shell(f'for i in $(seq 45); do {ask} -H "X-Forwarded-For: 10.0.0.$i"; echo; done').split()
        assert told[0] == "401"
        assert told[-1] == "429", "the address that counts is that of the caller, and not what he says"


def test_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if not (verify := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "booking.service"
    text = (PROJECT / "docs" / "deploy" / "booking.service").read_text()
    unit.write_text(text.replace("/opt/booking/.venv/bin/python", "/bin/true"))
    ended = subprocess.run([verify, "verify", unit], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_packages_are_installed_as_the_readme_says() -> None:
    """That command is run by `.ci/run`, in a clean clone."""
    [line] = [line for line in block("packages").splitlines() if "pip" in line]
    readme = (PROJECT / "README.md").read_text()
    assert line.replace(" --require-hashes", "") in readme
