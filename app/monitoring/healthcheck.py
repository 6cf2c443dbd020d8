"""What a container asks itself every few seconds: can the service in it serve?

`python -m app.monitoring.healthcheck 8001` imports nothing but what comes with Python, so that asking costs little.
"""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

PATIENCE = 4.0
"""Seconds to wait for the answer."""


def ask(port: int) -> tuple[bool, str]:
    """Whether the service behind a port of this machine says that it is ready, and what it says."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status == HTTPStatus.OK, answer.read().decode()
    except (OSError, HTTPException) as error:
        return False, f"no answer: {error}"
    finally:
        connection.close()


if __name__ == "__main__":
    ready, said = ask(int(sys.argv[1]))
    print(said)
    sys.exit(not ready)
