"""The schema of the database: how it is brought up to date, and which versions of the service can work on it.

A version of the service is known by its newest migration. The database keeps, as a comment on the table of alembic, the
versions that can work on it, so that a service that is older than the schema knows whether it is one of them.
"""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.mistakes import Mistake

_PACKAGE = Path(__file__).resolve().parents[1]
BREAKS = "breaks_older_services"
"""What a migration sets to true if services of the version before it cannot work on what it makes."""
_SERVED = text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')")


_TOO_NEW = (
    "The schema is of version {}, which this version of the service does not know; its own is {}: "
    "run the version of the service that made the schema, or a later one."
)


class SchemaTooOld(Mistake):
    """A schema that is not there yet, or lacks what this version needs."""


class SchemaTooNew(Mistake):
    """A schema that a later version of the service made, and that this one cannot work on."""


class UnknownRevision(Mistake):
    """A revision of which this version has no migration."""


def migrations() -> Path:
    """Where the migrations are: in the package once it is installed, beside it in the repository."""
    installed = _PACKAGE / "migrations"
    return installed if installed.is_dir() else _PACKAGE.parent / "migrations"


def alembic_config() -> Config:
    """What alembic has to know here; `alembic.ini` is for its own command, in the repository.

    That names the directory as one to import from, which in the package would hide modules of Python by ours.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def own_revision() -> str:
    """The newest migration of this version of the service."""
    return _scripts().get_current_head() or ""


def suits(revision: str | None, served: str | None) -> bool:
    """Whether this version can work on a schema of that revision, on which those versions can work."""
    return revision is not None and own_revision() in {revision, *(served or "").split()}


def check(connection: Connection) -> None:
    """Raises SchemaTooOld or SchemaTooNew unless this version can work on the schema."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if suits(revision, connection.scalar(_SERVED)):
        return
    if revision is None:
        raise SchemaTooOld("The database has no tables of this service yet: run `booking migrate`.")
    if revision not in _known():
        raise SchemaTooNew(_TOO_NEW.format(revision, own_revision()))
    raise SchemaTooOld(
        f"The schema is of version {revision}, which is older than {own_revision()}, which this version of the service "
        "needs: run `booking migrate`."
    )


def _known() -> list[str]:
    """The migrations of this version, the oldest first."""
    return [script.revision for script in reversed(list(_scripts().walk_revisions()))]


def upgrade_by_one(connection: Connection) -> bool:
    """Carries out the next migration, if there is one; says whether there was. Raises SchemaTooNew."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if suits(revision, connection.scalar(_SERVED)):
        return False
    known = _known()
    if revision is not None and revision not in known:
        raise SchemaTooNew(_TOO_NEW.format(revision, own_revision()))
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, known[known.index(revision) + 1 if revision else 0])
    return True


def move(connection: Connection, revision: str) -> None:
    """Brings the schema to a revision, forward or back; raises UnknownRevision."""
    known = [script.revision for script in reversed(list(_scripts().walk_revisions()))]
    current = MigrationContext.configure(connection).get_current_revision()
    for each in (revision, *([current] if current else [])):
        if each not in known:
            raise UnknownRevision(f"This version knows no revision {each}, only {', '.join(known)}.")
    config = alembic_config()
    config.attributes["connection"] = connection
    back = current is not None and known.index(revision) < known.index(current)
    (command.downgrade if back else command.upgrade)(config, revision)


def note_served(connection: Connection) -> None:
    """Writes down which versions of the service can work on the schema as it is now."""
    revision = MigrationContext.configure(connection).get_current_revision()
    served = " ".join(_served(revision)) if revision else ""
    if served != (connection.scalar(_SERVED) or ""):
        connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{served}'"))


def _served(revision: str) -> list[str]:
    """The revision and those before it, back to the last one that broke older services."""
    found = []
    for script in _scripts().iterate_revisions(revision, "base"):
        found.append(script.revision)
        if getattr(script.module, BREAKS, False):
            break
    return found
