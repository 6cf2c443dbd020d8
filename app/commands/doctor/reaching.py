"""How the database is reached, and what it means if it is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from pydantic import SecretStr

from app.commands.doctor.finding import Finding, wrong
from app.commands.reaching import described, explained
from app.config import Settings
from app.database import FAILURES, Database, connected
from app.embedded import Cluster

UNREACHABLE = (*FAILURES, asyncpg.InternalClientError)


def refusal(
    settings: Settings, error: BaseException, *, setting: str = "database_url", about: str = "database"
) -> Finding:
    """What it means that the database could not be used, whose address comes from that setting."""
    usual = f"{described(settings)} cannot be used: {error or type(error).__name__}."
    told, _, remedy = str(explained(error, settings, setting=setting) or usual).partition(": ")
    return wrong(about, f"{told}.", remedy[:1].upper() + remedy[1:])


def harmless(settings: Settings) -> Settings:
    """The same settings, with connections that work whether a pooler is in between or not."""
    return settings.model_copy(update={"database_pooler": True, "read_database_url": None})


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings as it is; nothing is migrated."""
    if settings.address_of_database():
        async with connected(harmless(settings)) as database:
            yield database
        return
    with Cluster(settings.data_dir, binaries=settings.postgres_bin) as cluster:
        own = settings.model_copy(update={"database_url": SecretStr(cluster.url())})
        async with connected(harmless(own)) as database:
            yield database
