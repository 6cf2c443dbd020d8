"""What is in the database: extensions, the schema, and what the role may do with it."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.doctor.finding import Finding, advice, good, wrong
from app.database.schema import own_revision, suits
from app.models import Base

EXTENSIONS = ("btree_gist", "pg_trgm")
MIGRATE = "Run `booking migrate`."
_EXTENSION = text(
    "SELECT (SELECT true FROM pg_extension WHERE extname = :name) AS here,"
    " (SELECT true FROM pg_available_extensions WHERE name = :name) AS there,"
    " has_database_privilege(current_database(), 'CREATE') AS may"
)
_SCHEMA = text(
    "SELECT (SELECT max(version_num) FROM alembic_version) AS revision,"
    " obj_description('alembic_version'::regclass, 'pg_class') AS served"
)
_ROLE = text(
    "SELECT current_user AS name, rolsuper AS super, current_schema() AS schema,"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,"
    " to_regclass('alembic_version') IS NOT NULL AS migrated,"
    " coalesce(has_table_privilege(to_regclass('alembic_version'), 'SELECT'), false) AS may_read"
    " FROM pg_roles WHERE rolname = current_user"
)
_TABLES = text(
    "SELECT string_agg(relname, ', ' ORDER BY relname) FILTER (WHERE NOT pg_has_role(relowner, 'USAGE')) AS of_others,"
    " string_agg(relname, ', ' ORDER BY relname) FILTER (WHERE NOT (has_table_privilege(oid, 'SELECT') AND"
    " has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND"
    " has_table_privilege(oid, 'DELETE'))) AS closed"
    " FROM pg_class WHERE oid = ANY (SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:names AS text[])) AS name)"
)


async def extensions(connection: AsyncConnection) -> list[Finding]:
    """Whether the extensions are there, or can be had."""
    found, missing = [], []
    for name in EXTENSIONS:
        row = (await connection.execute(_EXTENSION, {"name": name})).one()
        if row.here:
            continue
        missing.append(name)
        if not row.there:
            told = f"The server does not have the extension {name}."
            found.append(wrong("extensions", told, "Install PostgreSQL's contrib package on the server."))
        elif not row.may:
            told = f"The extension {name} is missing, and the role may not create it."
            remedy = f"As the owner of the database: CREATE EXTENSION {name}."
            found.append(wrong("extensions", told, remedy))
    if missing and not found:
        return [wrong("extensions", f"{' and '.join(missing)} are not created yet.", MIGRATE)]
    return found or [good("extensions", f"{' and '.join(EXTENSIONS)} are there.")]


async def schema(connection: AsyncConnection, *, embedded: bool = False) -> Finding:
    """Whether this version of the service can work on the schema."""
    role = (await connection.execute(_ROLE)).one()
    if not role.migrated:
        return wrong("schema", "The database has no tables of the service.", MIGRATE)
    if not role.may_read:
        return wrong("schema", f"{role.name} may not read its revision.", "See what is said of privileges.")
    revision, served = (await connection.execute(_SCHEMA)).one()
    own = own_revision()
    if revision == own:
        return good("schema", f"It is of revision {revision}, as this version needs.")
    if suits(revision, served):
        return good("schema", f"It is of revision {revision}, on which this version, {own}, can work.")
    if revision is None or revision < own:
        told = f"It is of revision {revision}, and this version needs {own}."
        if embedded:
            return advice("schema", told, "Nothing: every command brings an embedded database up to date.")
        return wrong("schema", told, MIGRATE)
    told = f"It is of revision {revision}, on which this version, {own}, cannot work."
    return wrong("schema", told, "Run the newer version of the service; docs/operate.md tells how to go back.")


async def privileges(connection: AsyncConnection, *, embedded: bool = False) -> list[Finding]:
    """Whether the role may do what the service and its migrations do."""
    role = (await connection.execute(_ROLE)).one()
    found = []
    if role.migrated:
        found += await _of_tables(connection, role.name, _TABLES)
    if not role.may_create:
        told = f"{role.name} may create nothing in the schema {role.schema or 'public'}, so that migrations fail."
        remedy = f"Let {role.name} own the database, or GRANT CREATE ON SCHEMA {role.schema or 'public'} to it."
        found.append(wrong("privileges", told, remedy))
    if role.super and not embedded:
        told = f"{role.name} is a superuser, who may do more than the service needs."
        found.append(advice("privileges", told, "Give the service a role of its own that owns its database."))
    return found or [good("privileges", f"{role.name} may read, change and migrate all tables.")]


async def _of_tables(connection: AsyncConnection, role: str, query: TextClause) -> list[Finding]:
    names = [table.name for table in Base.metadata.sorted_tables]
    row = (await connection.execute(query, {"names": names})).one()
    if row.closed:
        told = f"{role} may not read and change {row.closed}."
        return [wrong("privileges", told, f"Let {role} own the tables: REASSIGN OWNED BY their owner TO {role}.")]
    if row.of_others:
        told = f"{role} does not own {row.of_others}, so that migrations fail."
        return [wrong("privileges", told, f"REASSIGN OWNED BY their owner TO {role}, or migrate as their owner.")]
    return []
