"""Busy time of offerings, answered requests, and the content of media files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_uuid"], ["user.uuid"], name=op.f("fk_idempotency_key_user_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_uuid", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created"), "idempotency_key", ["created"], unique=False)
    op.create_table(
        "busy_slot",
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("backend_id", sa.String(length=255), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_uuid", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint('"start" < "end"', name=op.f("ck_busy_slot_start_before_end")),
        sa.ForeignKeyConstraint(
            ["created_by_uuid"], ["user.uuid"], name=op.f("fk_busy_slot_created_by_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_busy_slot_offering_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_busy_slot")),
    )
    op.create_index(
        "ix_busy_slot_period",
        "busy_slot",
        ["offering_uuid", sa.literal_column('tstzrange("start", "end")')],
        unique=False,
        postgresql_using="gist",
    )
    op.add_column("media_file", sa.Column("content", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("media_file", "content")
    op.drop_index("ix_busy_slot_period", table_name="busy_slot", postgresql_using="gist")
    op.drop_table("busy_slot")
    op.drop_index(op.f("ix_idempotency_key_created"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
