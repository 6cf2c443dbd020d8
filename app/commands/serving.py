"""The commands that need the application, which they reach by its name: whoever imports them imports none of it."""

import asyncio
import json
from pkgutil import resolve_name
from typing import Annotated, Any

import typer
import uvicorn

from app.commands.configuration import configured
from app.commands.demo.many.market import FEWEST, sized
from app.commands.demo.start import prepare
from app.commands.starting import ensure_database, ensure_ports
from app.config import Settings
from app.protocol import Protocol
from app.telemetry.logs import LogLevel, configuration
from app.telemetry.sharing import metrics_shared

APPLICATION = "app.main:app"
FACTORY = "app.main:create_app"
SPOKEN: dict[str, Any] = {
    "loop": "asyncio",
    "http": Protocol,
    "ws": "none",
    "proxy_headers": False,
    "access_log": False,
}
"""How uvicorn speaks; the application itself heeds proxies, and tells of requests.

The loop of asyncio accepts all who knock at once. That of uvloop lets in one in each turn, so that beside thousands of
new connections those of others wait for seconds; it answers no more requests than the other.
"""

Host = Annotated[str, typer.Option(help="Listen on this address.")]
Port = Annotated[int, typer.Option(help="Listen on this port.", min=1, max=65535)]
Workers = Annotated[int, typer.Option(help="Run this many processes.", min=1)]
Level = Annotated[LogLevel | None, typer.Option("--log-level", help="What the log tells; else BOOKING_LOG_LEVEL.")]


def speaking(configured: Settings, level: LogLevel | None = None) -> dict[str, Any]:
    """Arguments of uvicorn by which it speaks, logs and stops as the settings say."""
    log = configuration(level or configured.log_level, configured.log_form)
    return {**SPOKEN, "log_config": log, "timeout_graceful_shutdown": configured.stop_seconds}


def serve(host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 1, level: Level = None) -> None:
    """Serve the API."""
    settings = configured()
    ensure_ports(host, port, settings)
    asyncio.run(ensure_database(settings))
    with metrics_shared(workers if settings.metrics_port else 1):
        uvicorn.run(APPLICATION, host=host, port=port, workers=workers, **speaking(settings, level))


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    bookings: Annotated[int | None, typer.Option(help="Invent this many, to try the speed.", min=FEWEST)] = None,
    offerings: Annotated[int | None, typer.Option(help="Spread them over this many.", min=3)] = None,
    customers: Annotated[int | None, typer.Option(help="Invent this many organisations.", min=3)] = None,
    seed: Annotated[int, typer.Option(help="Invent others with another seed.")] = 0,
    level: Level = "warning",
) -> None:
    """Serve the API on invented data, without any preparation.

    The data is kept by an embedded PostgreSQL, in the directory that BOOKING_DATA_DIR names. Tokens and commands to
    begin with are printed.
    """
    settings = configured(embedded=True).model_copy(update={"database_url": None})
    ensure_ports(host, port, settings)
    size = sized(bookings, offerings, customers, seed) if bookings else None

    async def run() -> None:
        instructions = await prepare(settings, f"http://{host}:{port}", size)
        application = resolve_name(FACTORY)(settings)
        server = uvicorn.Server(uvicorn.Config(application, host=host, port=port, **speaking(settings, level)))
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.05)
        typer.echo("\n".join(instructions) if server.started else "")
        await serving

    asyncio.run(run())


def openapi() -> None:
    """Print the OpenAPI document."""
    configured(embedded=True)
    typer.echo(json.dumps(resolve_name(FACTORY)().openapi(), indent=2, ensure_ascii=False))
