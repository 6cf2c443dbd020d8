"""Who gave which role to whom, changed it or took it away; only ever added to."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PARTIES = {
    "user_uuid": "user",
    "customer_uuid": "customer",
    "project_uuid": "project",
    "offering_uuid": "offering",
    "created_by_uuid": "user",
}


def upgrade() -> None:
    op.create_table(
        "role_event",
        sa.Column("action", sa.Enum("granted", "changed", "revoked", name="role_action"), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=150), nullable=False),
        sa.Column("customer_uuid", sa.Uuid(), nullable=True),
        sa.Column("project_uuid", sa.Uuid(), nullable=True),
        sa.Column("offering_uuid", sa.Uuid(), nullable=True),
        sa.Column("expiration_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_uuid", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(customer_uuid, project_uuid, offering_uuid) = 1", name=op.f("ck_role_event_one_scope")
        ),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.uuid"], name=op.f(f"fk_role_event_{name}"), ondelete="RESTRICT")
            for name, table in PARTIES.items()
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_role_event")),
    )
    op.create_index("ix_role_event_user_uuid_role", "role_event", ["user_uuid", "role", "created"])
    op.execute(
        "CREATE TRIGGER role_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON role_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("role_event")
    op.execute("DROP TYPE role_action")
