"""Bookings of all offerings by state, in 64 sums, so that nobody adds up the counters of every offering.

An offering belongs to one sum, by the last byte of its uuid: those who write bookings of different offerings rarely
wait for each other.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PART = "get_byte(uuid_send(offering_uuid), 15) % 64"
FUNCTION = f"""
CREATE FUNCTION keep_booking_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO booking_total SELECT {PART}, state, count(*) FROM added WHERE is_booking GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (part, state) DO UPDATE SET number = booking_total.number + excluded.number;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO booking_total
        SELECT {PART}, state, -count(*) FROM removed WHERE is_booking GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (part, state) DO UPDATE SET number = booking_total.number + excluded.number;
    ELSE
        INSERT INTO booking_total SELECT {PART}, state, sum(change) FROM (
            SELECT offering_uuid, state, 1 AS change FROM added WHERE is_booking
            UNION ALL SELECT offering_uuid, state, -1 FROM removed WHERE is_booking
        ) AS changes
        GROUP BY 1, 2 HAVING sum(change) <> 0 ORDER BY 1, 2
        ON CONFLICT (part, state) DO UPDATE SET number = booking_total.number + excluded.number;
    END IF;
    RETURN NULL;
END $$
"""
ROWS = {
    "INSERT": "NEW TABLE AS added",
    "UPDATE": "NEW TABLE AS added OLD TABLE AS removed",
    "DELETE": "OLD TABLE AS removed",
}


def upgrade() -> None:
    op.create_table(
        "booking_total",
        sa.Column("part", sa.SmallInteger(), primary_key=True),
        sa.Column("state", sa.dialects.postgresql.ENUM(name="resource_state", create_type=False), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", "state", name=op.f("pk_booking_total")),
    )
    op.execute(f"INSERT INTO booking_total SELECT {PART}, state, count(*) FROM resource WHERE is_booking GROUP BY 1, 2")
    op.execute(FUNCTION)
    for event, rows in ROWS.items():
        op.execute(
            f"CREATE TRIGGER resource_total_{event.lower()} AFTER {event} ON resource REFERENCING {rows} "
            "FOR EACH STATEMENT EXECUTE FUNCTION keep_booking_total()"
        )


def downgrade() -> None:
    for event in ROWS:
        op.execute(f"DROP TRIGGER resource_total_{event.lower()} ON resource")
    op.execute("DROP FUNCTION keep_booking_total")
    op.drop_table("booking_total")
