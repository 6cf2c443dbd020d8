"""What lists are selected, ordered and counted by, on the booking's own row and in counters, kept true by triggers.

- `resource.provider_uuid`, `is_booking` and `first_start` repeat the offering's customer, whether its type is that of
  bookings, and the start of the earliest slot.
- `resource.version` changes with everything that an answer shows of a booking itself: its row, slots, orders and
  endpoints. `reference_version` changes with what all bookings share: names of organisations, projects, users, prices.
- `booking_count` counts bookings by offering, project and state; rows of the project ANY_PROJECT sum up an offering.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ANY_PROJECT = "00000000-0000-0000-0000-000000000000"
IS_BOOKING = "type = 'Marketplace.Booking'"
SHARED = [
    *("customer", "project", "offering", "user", "category", "media_file", "plan", "plan_component"),
    "offering_component",
]

FUNCTIONS = f"""
CREATE FUNCTION keep_resource() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.offering_uuid <> OLD.offering_uuid THEN
        -- The lock makes a change of the offering wait, or this row wait for it: either sees the other.
        SELECT customer_uuid, {IS_BOOKING} INTO NEW.provider_uuid, NEW.is_booking
        FROM offering WHERE uuid = NEW.offering_uuid FOR SHARE;
    ELSE
        SELECT customer_uuid, {IS_BOOKING} INTO NEW.provider_uuid, NEW.is_booking
        FROM offering WHERE uuid = NEW.offering_uuid;
    END IF;
    NEW.is_booking := coalesce(NEW.is_booking, false);
    NEW.version := nextval('resource_version');
    RETURN NEW;
END $$;

CREATE FUNCTION keep_resources_of_offering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE resource SET offering_uuid = offering_uuid WHERE offering_uuid = NEW.uuid;
    RETURN NULL;
END $$;

CREATE FUNCTION keep_first_start() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE resource SET first_start = (SELECT min(start) FROM slot WHERE resource_uuid = resource.uuid)
    WHERE uuid IN (SELECT resource_uuid FROM changed);
    RETURN NULL;
END $$;

CREATE FUNCTION keep_first_start_of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE resource SET first_start = (SELECT min(start) FROM slot WHERE resource_uuid = resource.uuid)
    WHERE uuid IN (OLD.resource_uuid, NEW.resource_uuid);
    RETURN NULL;
END $$;

-- A row that this transaction has written itself has a version already that nobody else has seen.
CREATE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE resource SET version = version
    WHERE uuid IN (SELECT resource_uuid FROM changed) AND xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END $$;

CREATE FUNCTION keep_version_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE resource SET version = version
    WHERE uuid IN (SELECT resource_uuid FROM changed UNION SELECT resource_uuid FROM former)
    AND xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END $$;

CREATE FUNCTION keep_reference_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reference_version SET value = value + 1;
    RETURN NULL;
END $$;

CREATE FUNCTION add_to_booking_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking_count (offering_uuid, project_uuid, state, number)
    SELECT offering_uuid, coalesce(project_uuid, '{ANY_PROJECT}'), state, count(*) FROM added
    GROUP BY GROUPING SETS ((offering_uuid, project_uuid, state), (offering_uuid, state)) ORDER BY 1, 2, 3
    ON CONFLICT (offering_uuid, project_uuid, state) DO UPDATE SET number = booking_count.number + excluded.number;
    RETURN NULL;
END $$;

CREATE FUNCTION move_in_booking_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking_count (offering_uuid, project_uuid, state, number)
    SELECT offering_uuid, coalesce(project_uuid, '{ANY_PROJECT}'), state, sum(change) FROM (
        SELECT offering_uuid, project_uuid, state, 1 AS change FROM added
        UNION ALL SELECT offering_uuid, project_uuid, state, -1 FROM removed
    ) AS changes
    GROUP BY GROUPING SETS ((offering_uuid, project_uuid, state), (offering_uuid, state))
    HAVING sum(change) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (offering_uuid, project_uuid, state) DO UPDATE SET number = booking_count.number + excluded.number;
    RETURN NULL;
END $$;

CREATE FUNCTION take_from_booking_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking_count (offering_uuid, project_uuid, state, number)
    SELECT offering_uuid, coalesce(project_uuid, '{ANY_PROJECT}'), state, -count(*) FROM removed
    GROUP BY GROUPING SETS ((offering_uuid, project_uuid, state), (offering_uuid, state)) ORDER BY 1, 2, 3
    ON CONFLICT (offering_uuid, project_uuid, state) DO UPDATE SET number = booking_count.number + excluded.number;
    RETURN NULL;
END $$;
"""
TRIGGERS = [
    "resource_kept BEFORE INSERT OR UPDATE ON resource FOR EACH ROW EXECUTE FUNCTION keep_resource()",
    "resource_added AFTER INSERT ON resource REFERENCING NEW TABLE AS added "
    "FOR EACH STATEMENT EXECUTE FUNCTION add_to_booking_count()",
    "resource_moved AFTER UPDATE ON resource REFERENCING NEW TABLE AS added OLD TABLE AS removed "
    "FOR EACH STATEMENT EXECUTE FUNCTION move_in_booking_count()",
    "resource_removed AFTER DELETE ON resource REFERENCING OLD TABLE AS removed "
    "FOR EACH STATEMENT EXECUTE FUNCTION take_from_booking_count()",
    "offering_kept AFTER UPDATE ON offering FOR EACH ROW WHEN (OLD.customer_uuid IS DISTINCT FROM NEW.customer_uuid "
    "OR OLD.type <> NEW.type) EXECUTE FUNCTION keep_resources_of_offering()",
    "slot_added AFTER INSERT ON slot REFERENCING NEW TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_first_start()",
    "slot_removed AFTER DELETE ON slot REFERENCING OLD TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION keep_first_start()",
    'slot_changed AFTER UPDATE ON slot FOR EACH ROW WHEN ((OLD.resource_uuid, OLD.start, OLD."end", OLD.backend_id) '
    'IS DISTINCT FROM (NEW.resource_uuid, NEW.start, NEW."end", NEW.backend_id)) '
    "EXECUTE FUNCTION keep_first_start_of_row()",
    *(
        f'{table}_{event.lower()} AFTER {event} ON "{table}" REFERENCING {rows} '
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for table in ("order", "resource_endpoint")
        for event, rows, function in (
            ("INSERT", "NEW TABLE AS changed", "keep_version"),
            ("UPDATE", "NEW TABLE AS changed OLD TABLE AS former", "keep_version_before"),
            ("DELETE", "OLD TABLE AS changed", "keep_version"),
        )
    ),
    *(
        f'{table}_shared AFTER INSERT OR UPDATE OR DELETE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_reference_version()"
        for table in SHARED
    ),
]
ORDERS = {"name": 'name COLLATE "C"', "created": "created", "first_start": "first_start"}
SCOPES = ("provider_uuid", "offering_uuid", "project_uuid")
INDEXES = {
    f"ix_resource_list_{scope}_{name}".replace("_uuid", ""): f"{scope}, {key}, uuid"
    for scope in SCOPES
    for name, key in ORDERS.items()
} | {
    "ix_resource_list_first_start": "first_start, uuid",
    "ix_resource_list_first_start_desc": "first_start DESC NULLS LAST, uuid",
    "ix_resource_list_provider_first_start_desc": "provider_uuid, first_start DESC NULLS LAST, uuid",
    "ix_resource_list_name": 'name COLLATE "C", uuid',
    "ix_resource_list_created": "created, uuid",
    "ix_resource_list_state_name": 'state, name COLLATE "C", uuid',
    "ix_resource_list_provider_state_name": 'provider_uuid, state, name COLLATE "C", uuid',
}
"""Partial, for bookings only: what is no booking is never listed."""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE resource_version")
    op.add_column("resource", sa.Column("provider_uuid", sa.Uuid()))
    op.add_column("resource", sa.Column("is_booking", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("resource", sa.Column("first_start", sa.DateTime(timezone=True)))
    op.add_column("resource", sa.Column("version", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "booking_count",
        sa.Column("offering_uuid", sa.Uuid(), primary_key=True),
        sa.Column("project_uuid", sa.Uuid(), primary_key=True),
        sa.Column("state", sa.dialects.postgresql.ENUM(name="resource_state", create_type=False), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("offering_uuid", "project_uuid", "state", name=op.f("pk_booking_count")),
    )
    op.create_index("ix_booking_count_project_uuid", "booking_count", ["project_uuid", "offering_uuid"])
    op.create_table("reference_version", sa.Column("value", sa.BigInteger(), nullable=False))
    op.execute("INSERT INTO reference_version VALUES (1)")
    for statement in FUNCTIONS.split("\n\n"):
        op.execute(statement)
    op.execute(
        f"UPDATE resource SET provider_uuid = customer_uuid, is_booking = offering.{IS_BOOKING}, "
        "version = nextval('resource_version'), "
        "first_start = (SELECT min(start) FROM slot WHERE resource_uuid = resource.uuid) "
        "FROM offering WHERE offering.uuid = resource.offering_uuid"
    )
    op.execute(
        "INSERT INTO booking_count (offering_uuid, project_uuid, state, number) "
        f"SELECT offering_uuid, coalesce(project_uuid, '{ANY_PROJECT}'), state, count(*) FROM resource "
        "GROUP BY GROUPING SETS ((offering_uuid, project_uuid, state), (offering_uuid, state))"
    )
    for trigger in TRIGGERS:
        op.execute(f"CREATE TRIGGER {trigger}")
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON resource ({columns}) WHERE is_booking")
    op.execute("DROP INDEX ix_resource_name_uuid, ix_resource_created_uuid")


def downgrade() -> None:
    op.execute('CREATE INDEX ix_resource_name_uuid ON resource (name COLLATE "C", uuid)')
    op.execute("CREATE INDEX ix_resource_created_uuid ON resource (created, uuid)")
    for trigger in TRIGGERS:
        name, _, rest = trigger.partition(" ")
        table = rest.partition(" ON ")[2].split()[0]
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    for function in [line.split("(")[0].split()[-1] for line in FUNCTIONS.splitlines() if "CREATE FUNCTION" in line]:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("reference_version")
    op.drop_table("booking_count")
    for column in ("version", "first_start", "is_booking", "provider_uuid"):
        op.drop_column("resource", column)
    op.execute("DROP SEQUENCE resource_version")
