"""The commands that need the application, which they reach by its name: whoever imports them imports none of it."""

import asyncio
import json
from pkgutil import resolve_name
from typing import Annotated

import typer
import uvicorn

from app.commands.demo.many.market import FEWEST, sized
from app.commands.demo.start import prepare
from app.config import settings

APPLICATION = "app.main:app"
FACTORY = "app.main:create_app"

Host = Annotated[str, typer.Option(help="Listen on this address.")]
Port = Annotated[int, typer.Option(help="Listen on this port.", min=1, max=65535)]
Workers = Annotated[int, typer.Option(help="Run this many processes.", min=1)]


def serve(host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 1) -> None:
    """Serve the API."""
    trusted = settings().trusted_proxies
    uvicorn.run(APPLICATION, host=host, port=port, workers=workers, forwarded_allow_ips=trusted)


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    bookings: Annotated[int | None, typer.Option(help="Invent this many, to try the speed.", min=FEWEST)] = None,
    offerings: Annotated[int | None, typer.Option(help="Spread them over this many.", min=3)] = None,
    customers: Annotated[int | None, typer.Option(help="Invent this many organisations.", min=3)] = None,
    seed: Annotated[int, typer.Option(help="Invent others with another seed.")] = 0,
) -> None:
    """Serve the API on invented data, without any preparation.

    The data is kept by an embedded PostgreSQL, in the directory that BOOKING_DATA_DIR names. Tokens and commands to
    begin with are printed.
    """
    configured = settings().model_copy(update={"database_url": None})
    size = sized(bookings, offerings, customers, seed) if bookings else None

    async def run() -> None:
        instructions = await prepare(configured, f"http://{host}:{port}", size)
        application = resolve_name(FACTORY)(configured)
        server = uvicorn.Server(uvicorn.Config(application, host=host, port=port, log_level="warning"))
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.05)
        typer.echo("\n".join(instructions) if server.started else "")
        await serving

    asyncio.run(run())


def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(resolve_name(FACTORY)().openapi(), indent=2, ensure_ascii=False))
