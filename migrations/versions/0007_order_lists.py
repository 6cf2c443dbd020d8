"""What lists of orders are selected, ordered and counted by, on the order's own row and in counters, kept by triggers.

- `order.is_booking` repeats whether the type of the order's own offering is that of bookings; `provider_uuid` and
  `booked_offering_uuid` repeat what its booking has, if that is of such an offering; `consumer_uuid` repeats the
  project's customer.
- `order_count` counts orders by provider, consumer, type and state, with sums for ANYBODY. Each number is spread over
  buckets by the order's offering, so that writers of different offerings rarely wait for each other.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ANYBODY = "00000000-0000-0000-0000-000000000000"
NOBODY = "ffffffff-ffff-ffff-ffff-ffffffffffff"
KEY = "provider_uuid, consumer_uuid, is_booking, type, state, bucket"
COUNTS = f"""
    INSERT INTO order_count ({KEY}, number)
    SELECT coalesce(provider_uuid, '{ANYBODY}'), coalesce(consumer_uuid, '{ANYBODY}'), is_booking, type, state,
        coalesce(bucket, few), sum(change)
    FROM (
        SELECT coalesce(provider_uuid, '{NOBODY}') AS provider_uuid, coalesce(consumer_uuid, '{NOBODY}') AS
            consumer_uuid, is_booking, type, state, uuid_hash(offering_uuid) & 63 AS bucket,
            uuid_hash(offering_uuid) & 7 AS few, change
        FROM ({{changes}}) AS changed
    ) AS changes
    GROUP BY GROUPING SETS (
        (provider_uuid, consumer_uuid, is_booking, type, state, few), (provider_uuid, is_booking, type, state, few),
        (consumer_uuid, is_booking, type, state, few), (is_booking, type, state, bucket)
    )
    HAVING sum(change) <> 0
    ORDER BY 1, 2, 3, 4, 5, 6"""
ADDED = "SELECT *, 1 AS change FROM added"
REMOVED = "SELECT *, -1 AS change FROM removed"
COUNTERS = {
    "add_to_order_count": ADDED,
    "move_in_order_count": f"{ADDED} UNION ALL {REMOVED}",
    "take_from_order_count": REMOVED,
}
FUNCTIONS = """
CREATE FUNCTION keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE booking record;
BEGIN
    -- The locks make a change of these rows wait, or this row wait for it: either sees the other.
    SELECT offering_uuid, provider_uuid, is_booking INTO booking
    FROM resource WHERE uuid = NEW.resource_uuid FOR SHARE;
    NEW.provider_uuid := CASE WHEN booking.is_booking THEN booking.provider_uuid END;
    NEW.booked_offering_uuid := CASE WHEN booking.is_booking THEN booking.offering_uuid END;
    IF booking.offering_uuid = NEW.offering_uuid THEN
        NEW.is_booking := booking.is_booking;
    ELSE
        SELECT type = 'Marketplace.Booking' INTO NEW.is_booking
        FROM offering WHERE uuid = NEW.offering_uuid FOR SHARE;
    END IF;
    NEW.is_booking := coalesce(NEW.is_booking, false);
    SELECT customer_uuid INTO NEW.consumer_uuid FROM project WHERE uuid = NEW.project_uuid FOR SHARE;
    RETURN NEW;
END $$;

CREATE FUNCTION keep_orders_of_resource() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "order" SET resource_uuid = resource_uuid WHERE resource_uuid = NEW.uuid;
    RETURN NULL;
END $$;

CREATE FUNCTION keep_orders_of_offering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "order" SET offering_uuid = offering_uuid WHERE uuid IN (
        SELECT uuid FROM "order" WHERE offering_uuid = NEW.uuid
        UNION SELECT "order".uuid FROM "order" JOIN resource ON resource.uuid = resource_uuid
        WHERE resource.offering_uuid = NEW.uuid
    );
    RETURN NULL;
END $$;

CREATE FUNCTION keep_orders_of_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "order" SET project_uuid = project_uuid WHERE project_uuid = NEW.uuid;
    RETURN NULL;
END $$;
"""
TRIGGERS = {
    "order_kept": "BEFORE INSERT OR UPDATE OF resource_uuid, offering_uuid, project_uuid, is_booking, provider_uuid, "
    'booked_offering_uuid, consumer_uuid ON "order" FOR EACH ROW EXECUTE FUNCTION keep_order()',
    "resource_orders": "AFTER UPDATE OF offering_uuid ON resource FOR EACH ROW "
    "WHEN (OLD.offering_uuid <> NEW.offering_uuid) EXECUTE FUNCTION keep_orders_of_resource()",
    # By its name it fires after offering_kept, which brings the bookings up to date.
    "offering_orders": "AFTER UPDATE ON offering FOR EACH ROW WHEN (OLD.customer_uuid IS DISTINCT FROM "
    "NEW.customer_uuid OR OLD.type <> NEW.type) EXECUTE FUNCTION keep_orders_of_offering()",
    "project_orders": "AFTER UPDATE ON project FOR EACH ROW "
    "WHEN (OLD.customer_uuid <> NEW.customer_uuid) EXECUTE FUNCTION keep_orders_of_project()",
    "order_added": 'AFTER INSERT ON "order" REFERENCING NEW TABLE AS added '
    "FOR EACH STATEMENT EXECUTE FUNCTION add_to_order_count()",
    "order_moved": 'AFTER UPDATE ON "order" REFERENCING NEW TABLE AS added OLD TABLE AS removed '
    "FOR EACH STATEMENT EXECUTE FUNCTION move_in_order_count()",
    "order_removed": 'AFTER DELETE ON "order" REFERENCING OLD TABLE AS removed '
    "FOR EACH STATEMENT EXECUTE FUNCTION take_from_order_count()",
}
INDEXES = {
    "offering_created": "offering_uuid, is_booking, created, uuid",
    "project_created": "project_uuid, is_booking, created, uuid",
    "consumer_created": "consumer_uuid, is_booking, created, uuid, provider_uuid",
    "booked_offering_created": "booked_offering_uuid, created, uuid",
    "provider_created": "provider_uuid, created, uuid",
    "provider_state": "provider_uuid, state, uuid",
    "provider_state_created": "provider_uuid, state, created, uuid",
}
INDEXES_OF_ALL = {"created": "created, uuid", "state": "state, uuid", "state_created": "state, created, uuid"}
COLUMNS = ("provider_uuid", "booked_offering_uuid", "consumer_uuid")


def upgrade() -> None:
    op.add_column("order", sa.Column("is_booking", sa.Boolean(), server_default="false", nullable=False))
    for column in COLUMNS:
        op.add_column("order", sa.Column(column, sa.Uuid()))
    op.create_table(
        "order_count",
        sa.Column("provider_uuid", sa.Uuid(), nullable=False),
        sa.Column("consumer_uuid", sa.Uuid(), nullable=False),
        sa.Column("is_booking", sa.Boolean(), nullable=False),
        sa.Column("type", postgresql.ENUM(name="request_type", create_type=False), nullable=False),
        sa.Column("state", postgresql.ENUM(name="order_state", create_type=False), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY.split(", "), name=op.f("pk_order_count")),
    )
    op.execute("DROP INDEX ix_order_offering_uuid, ix_order_project_uuid")
    op.execute('ALTER TABLE "order" DISABLE TRIGGER USER')
    op.execute(
        "UPDATE \"order\" SET is_booking = offering.type = 'Marketplace.Booking', "
        "provider_uuid = CASE WHEN resource.is_booking THEN resource.provider_uuid END, "
        "booked_offering_uuid = CASE WHEN resource.is_booking THEN resource.offering_uuid END, "
        "consumer_uuid = project.customer_uuid FROM resource, offering, project "
        'WHERE resource.uuid = "order".resource_uuid AND offering.uuid = "order".offering_uuid '
        'AND project.uuid = "order".project_uuid'
    )
    op.execute('ALTER TABLE "order" ENABLE TRIGGER USER')
    op.execute(COUNTS.format(changes='SELECT *, 1 AS change FROM "order"'))
    _create_indexes()
    for name, changes in COUNTERS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN{COUNTS.format(changes=changes)}\n"
            f"    ON CONFLICT ({KEY}) DO UPDATE SET number = order_count.number + excluded.number;\n"
            "    RETURN NULL;\nEND $$"
        )
    for statement in FUNCTIONS.split("\n\n"):
        op.execute(statement)
    for name, rest in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {rest}")


def _create_indexes() -> None:
    for name, columns in INDEXES.items():
        op.execute(f'CREATE INDEX ix_order_list_{name} ON "order" ({columns})')
    for name, columns in INDEXES_OF_ALL.items():
        op.execute(f'CREATE INDEX ix_order_list_{name} ON "order" ({columns}) WHERE is_booking')
    op.execute('ANALYZE "order"')
    op.execute("ANALYZE order_count")


def downgrade() -> None:
    for name, rest in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {rest.partition(' ON ')[2].split()[0]}")
    kept = [line.split("(")[0].split()[-1] for line in FUNCTIONS.splitlines() if "CREATE FUNCTION" in line]
    for name in (*kept, *COUNTERS):
        op.execute(f"DROP FUNCTION {name}")
    op.drop_table("order_count")
    for name in (*INDEXES, *INDEXES_OF_ALL):
        op.execute(f"DROP INDEX ix_order_list_{name}")
    for column in ("is_booking", *COLUMNS):
        op.drop_column("order", column)
    op.create_index("ix_order_offering_uuid", "order", ["offering_uuid"])
    op.create_index("ix_order_project_uuid", "order", ["project_uuid"])
