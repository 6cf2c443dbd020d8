"""Who changed what of an offering, and when; rows are only ever added."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offering_change",
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("subject", sa.Enum("attributes", "rules", name="offering_subject"), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_uuid"],
            ["offering.uuid"],
            name=op.f("fk_offering_change_offering_uuid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_uuid"], ["user.uuid"], name=op.f("fk_offering_change_user_uuid"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_offering_change")),
    )
    op.create_index(
        "ix_offering_change_offering_uuid_created",
        "offering_change",
        ["offering_uuid", "created", "uuid"],
        unique=False,
    )
    op.execute(
        "CREATE TRIGGER offering_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offering_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("offering_change")
    op.execute("DROP TYPE offering_subject")
