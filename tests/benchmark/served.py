"""What is measured, as a process of its own: `served.py application|bare PORT FOLDER`.

The application, with a route added that answers with the bytes of a file of the folder; or a bare FastAPI with that
route alone. Run as a script, so that `app` is that of the working tree in PYTHONPATH.
"""

import sys
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import uvicorn
from fastapi import FastAPI, Response

CONSTANT = "/constant/"


def make(kind: str, folder: Path) -> FastAPI:
    """The application or the bare one, with the route."""
    app: FastAPI = resolve_name("app.main:create_app")() if kind == "application" else FastAPI()

    @cache
    def content(name: str) -> bytes:
        return (folder / name).read_bytes()

    @app.get(CONSTANT + "{name}")
    async def constant(name: str) -> Response:
        return Response(content(name), media_type="application/json")

    return app


def speaking() -> dict[str, Any]:
    """How the command of the working tree has uvicorn speak and log; of older ones, the latter is uvicorn's way."""
    try:
        serving = resolve_name("app.commands.serving")
    except (ImportError, AttributeError):
        return {}
    speaking = getattr(serving, "speaking", None)
    settings = resolve_name("app.config:settings")
    options: dict[str, Any] = speaking(settings()) if speaking else getattr(serving, "SPOKEN", {})
    return options


if __name__ == "__main__":
    options = speaking() if sys.argv[1] == "application" else {}
    uvicorn.run(make(sys.argv[1], Path(sys.argv[3])), host="127.0.0.1", port=int(sys.argv[2]), **options)
