"""The tables, and the constraint that keeps bookings apart."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OFFERING_STATE = postgresql.ENUM("Draft", "Active", "Paused", "Archived", name="offering_state", create_type=False)
BILLING_TYPE = postgresql.ENUM("fixed", "usage", "one", "few", "limit", name="billing_type", create_type=False)
LIMIT_PERIOD = postgresql.ENUM("month", "quarterly", "annual", "total", name="limit_period", create_type=False)
BILLING_UNIT = postgresql.ENUM(
    "month", "quarter", "half_month", "day", "hour", "quantity", name="billing_unit", create_type=False
)
RESOURCE_STATE = postgresql.ENUM(
    "Creating", "OK", "Erred", "Updating", "Terminating", "Terminated", name="resource_state", create_type=False
)
REQUEST_TYPE = postgresql.ENUM("Create", "Update", "Terminate", "Restore", name="request_type", create_type=False)
ORDER_STATE = postgresql.ENUM(
    "pending-consumer",
    "pending-provider",
    "pending-project",
    "pending-start-date",
    "executing",
    "done",
    "erred",
    "canceled",
    "rejected",
    name="order_state",
    create_type=False,
)
TABLES = (
    "history",
    "slot",
    "resource_endpoint",
    "order",
    "resource",
    "plan_component",
    "role_grant",
    "plan",
    "offering_user",
    "offering_component",
    "offering",
    "token",
    "project",
    "category",
    "user",
    "role_permission",
    "media_file",
    "customer",
)
"""In the order in which they can be dropped."""
ENUMS = (OFFERING_STATE, BILLING_TYPE, LIMIT_PERIOD, BILLING_UNIT, RESOURCE_STATE, REQUEST_TYPE, ORDER_STATE)

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:  # noqa: PLR0915 - the whole schema, table by table
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for enum in ENUMS:
        enum.create(op.get_bind())
    op.create_table(
        "customer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("abbreviation", sa.Text(), server_default="", nullable=False),
        sa.Column("native_name", sa.Text(), server_default="", nullable=False),
        sa.Column("blocked", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("archived", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_customer")),
    )
    op.create_index(op.f("ix_customer_slug"), "customer", ["slug"], unique=False)
    op.create_table(
        "media_file",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_media_file")),
        sa.UniqueConstraint("name", name=op.f("uq_media_file_name")),
    )
    op.create_table(
        "role_permission",
        sa.Column("role", sa.String(length=150), nullable=False),
        sa.Column("permission", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("role", "permission", name=op.f("pk_role_permission")),
    )
    op.create_table(
        "user",
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("civil_number", sa.Text(), nullable=True),
        sa.Column("is_staff", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_support", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("token_lifetime", sa.Integer(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_user")),
        sa.UniqueConstraint("username", name=op.f("uq_user_username")),
    )
    op.create_table(
        "category",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("icon_uuid", sa.Uuid(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["icon_uuid"], ["media_file.uuid"], name=op.f("fk_category_icon_uuid"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_category")),
    )
    op.create_table(
        "project",
        sa.Column("customer_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("end_date_requested_by_uuid", sa.Uuid(), nullable=True),
        sa.Column("is_removed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_uuid"], ["customer.uuid"], name=op.f("fk_project_customer_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["end_date_requested_by_uuid"],
            ["user.uuid"],
            name=op.f("fk_project_end_date_requested_by_uuid"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_project")),
    )
    op.create_index(op.f("ix_project_customer_uuid"), "project", ["customer_uuid"], unique=False)
    op.create_index(op.f("ix_project_name"), "project", ["name"], unique=False)
    op.create_index(op.f("ix_project_slug"), "project", ["slug"], unique=False)
    op.create_table(
        "token",
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("refreshed", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["user_uuid"], ["user.uuid"], name=op.f("fk_token_user_uuid"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    op.create_index(op.f("ix_token_user_uuid"), "token", ["user_uuid"], unique=False)
    op.create_table(
        "offering",
        sa.Column("customer_uuid", sa.Uuid(), nullable=True),
        sa.Column("category_uuid", sa.Uuid(), nullable=False),
        sa.Column("parent_uuid", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("state", OFFERING_STATE, nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("billable", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("plugin_options", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("terms_of_service", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("thumbnail_uuid", sa.Uuid(), nullable=True),
        sa.Column("image_uuid", sa.Uuid(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("backend_id", sa.Text(), server_default="", nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_uuid"], ["category.uuid"], name=op.f("fk_offering_category_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_uuid"], ["customer.uuid"], name=op.f("fk_offering_customer_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["image_uuid"], ["media_file.uuid"], name=op.f("fk_offering_image_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_uuid"], ["offering.uuid"], name=op.f("fk_offering_parent_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["thumbnail_uuid"], ["media_file.uuid"], name=op.f("fk_offering_thumbnail_uuid"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_offering")),
    )
    op.create_index(op.f("ix_offering_category_uuid"), "offering", ["category_uuid"], unique=False)
    op.create_index(op.f("ix_offering_customer_uuid"), "offering", ["customer_uuid"], unique=False)
    op.create_index(op.f("ix_offering_parent_uuid"), "offering", ["parent_uuid"], unique=False)
    op.create_index(op.f("ix_offering_slug"), "offering", ["slug"], unique=False)
    op.create_index(op.f("ix_offering_type"), "offering", ["type"], unique=False)
    op.create_table(
        "offering_component",
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("billing_type", BILLING_TYPE, nullable=False),
        sa.Column("measured_unit", sa.Text(), server_default="", nullable=False),
        sa.Column("limit_period", LIMIT_PERIOD, nullable=True),
        sa.Column("limit_amount", sa.Integer(), nullable=True),
        sa.Column("max_value", sa.Integer(), nullable=True),
        sa.Column("min_value", sa.Integer(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_offering_component_offering_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_offering_component")),
        sa.UniqueConstraint("offering_uuid", "type", name=op.f("uq_offering_component_offering_uuid_type")),
    )
    op.create_table(
        "offering_user",
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_offering_user_offering_uuid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_uuid"], ["user.uuid"], name=op.f("fk_offering_user_user_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_offering_user")),
        sa.UniqueConstraint("offering_uuid", "user_uuid", name=op.f("uq_offering_user_offering_uuid_user_uuid")),
    )
    op.create_index(op.f("ix_offering_user_user_uuid"), "offering_user", ["user_uuid"], unique=False)
    op.create_table(
        "plan",
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", BILLING_UNIT, nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=22, scale=10), server_default="0", nullable=False),
        sa.Column("archived", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_plan_offering_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_offering_uuid"), "plan", ["offering_uuid"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=150), nullable=False),
        sa.Column("customer_uuid", sa.Uuid(), nullable=True),
        sa.Column("project_uuid", sa.Uuid(), nullable=True),
        sa.Column("offering_uuid", sa.Uuid(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("expiration_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(customer_uuid, project_uuid, offering_uuid) = 1", name=op.f("ck_role_grant_one_scope")
        ),
        sa.ForeignKeyConstraint(
            ["customer_uuid"], ["customer.uuid"], name=op.f("fk_role_grant_customer_uuid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_role_grant_offering_uuid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_uuid"], ["project.uuid"], name=op.f("fk_role_grant_project_uuid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_uuid"], ["user.uuid"], name=op.f("fk_role_grant_user_uuid"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_customer_uuid"), "role_grant", ["customer_uuid"], unique=False)
    op.create_index(op.f("ix_role_grant_offering_uuid"), "role_grant", ["offering_uuid"], unique=False)
    op.create_index(op.f("ix_role_grant_project_uuid"), "role_grant", ["project_uuid"], unique=False)
    op.create_index(
        "uq_role_grant_user_role_scope",
        "role_grant",
        ["user_uuid", "role", "customer_uuid", "project_uuid", "offering_uuid"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "plan_component",
        sa.Column("plan_uuid", sa.Uuid(), nullable=False),
        sa.Column("component_uuid", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), server_default="0", nullable=False),
        sa.Column("price", sa.Numeric(precision=22, scale=10), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["component_uuid"],
            ["offering_component.uuid"],
            name=op.f("fk_plan_component_component_uuid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["plan_uuid"], ["plan.uuid"], name=op.f("fk_plan_component_plan_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_uuid", "component_uuid", name=op.f("pk_plan_component")),
    )
    op.create_index(op.f("ix_plan_component_component_uuid"), "plan_component", ["component_uuid"], unique=False)
    op.create_table(
        "resource",
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("plan_uuid", sa.Uuid(), nullable=True),
        sa.Column("project_uuid", sa.Uuid(), nullable=False),
        sa.Column("parent_uuid", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("state", RESOURCE_STATE, nullable=False),
        sa.Column(
            "live",
            sa.Boolean(),
            sa.Computed(
                "state = ANY (ARRAY['Creating'::resource_state, 'Updating'::resource_state, 'OK'::resource_state])",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("current_usages", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("cost", sa.Numeric(precision=22, scale=10), nullable=True),
        sa.Column("backend_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("effective_id", sa.String(length=255), server_default="", nullable=False),
        sa.Column("backend_metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("report", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("options", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("end_date_requested_by_uuid", sa.Uuid(), nullable=True),
        sa.Column("downscaled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("restrict_member_access", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("paused", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("error_message", sa.Text(), server_default="", nullable=False),
        sa.Column("error_traceback", sa.Text(), server_default="", nullable=False),
        sa.Column("last_sync", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["end_date_requested_by_uuid"],
            ["user.uuid"],
            name=op.f("fk_resource_end_date_requested_by_uuid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_resource_offering_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_uuid"], ["resource.uuid"], name=op.f("fk_resource_parent_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["plan_uuid"], ["plan.uuid"], name=op.f("fk_resource_plan_uuid"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["project_uuid"], ["project.uuid"], name=op.f("fk_resource_project_uuid"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_resource")),
        sa.UniqueConstraint("uuid", "offering_uuid", "live", name=op.f("uq_resource_uuid_offering_uuid_live")),
    )
    op.create_index(op.f("ix_resource_backend_id"), "resource", ["backend_id"], unique=False)
    op.create_index("ix_resource_created_uuid", "resource", ["created", "uuid"], unique=False)
    op.create_index(
        "ix_resource_downscaled", "resource", ["uuid"], unique=False, postgresql_where=sa.text("downscaled")
    )
    op.create_index(
        "ix_resource_end_date", "resource", ["end_date"], unique=False, postgresql_where=sa.text("end_date IS NOT NULL")
    )
    op.create_index("ix_resource_lower_backend_id", "resource", [sa.literal_column("lower(backend_id)")], unique=False)
    op.create_index(
        "ix_resource_lower_effective_id", "resource", [sa.literal_column("lower(effective_id)")], unique=False
    )
    op.create_index(op.f("ix_resource_name"), "resource", ["name"], unique=False)
    op.create_index(
        "ix_resource_name_trgm",
        "resource",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index("ix_resource_name_uuid", "resource", [sa.literal_column('name COLLATE "C"'), "uuid"], unique=False)
    op.create_index("ix_resource_offering_uuid_state", "resource", ["offering_uuid", "state"], unique=False)
    op.create_index(op.f("ix_resource_parent_uuid"), "resource", ["parent_uuid"], unique=False)
    op.create_index("ix_resource_paused", "resource", ["uuid"], unique=False, postgresql_where=sa.text("paused"))
    op.create_index(op.f("ix_resource_plan_uuid"), "resource", ["plan_uuid"], unique=False)
    op.create_index(op.f("ix_resource_project_uuid"), "resource", ["project_uuid"], unique=False)
    op.create_index(
        "ix_resource_restrict_member_access",
        "resource",
        ["uuid"],
        unique=False,
        postgresql_where=sa.text("restrict_member_access"),
    )
    op.create_index(
        "ix_resource_runtime_state",
        "resource",
        [sa.literal_column("(backend_metadata ->> 'runtime_state')")],
        unique=False,
    )
    op.create_index(op.f("ix_resource_slug"), "resource", ["slug"], unique=False)
    op.create_index(
        "ix_resource_slug_trgm",
        "resource",
        ["slug"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"slug": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_resource_state"), "resource", ["state"], unique=False)
    op.create_table(
        "order",
        sa.Column("resource_uuid", sa.Uuid(), nullable=False),
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("project_uuid", sa.Uuid(), nullable=False),
        sa.Column("plan_uuid", sa.Uuid(), nullable=True),
        sa.Column("old_plan_uuid", sa.Uuid(), nullable=True),
        sa.Column("type", REQUEST_TYPE, nullable=False),
        sa.Column("state", ORDER_STATE, nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("cost", sa.Numeric(precision=22, scale=10), nullable=True),
        sa.Column("output", sa.Text(), server_default="", nullable=False),
        sa.Column("error_message", sa.Text(), server_default="", nullable=False),
        sa.Column("error_traceback", sa.Text(), server_default="", nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_uuid", sa.Uuid(), nullable=False),
        sa.Column("consumer_reviewed_by_uuid", sa.Uuid(), nullable=True),
        sa.Column("consumer_reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_reviewed_by_uuid", sa.Uuid(), nullable=True),
        sa.Column("provider_reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("callback_url", sa.Text(), nullable=True),
        sa.Column("request_comment", sa.Text(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("termination_comment", sa.Text(), nullable=True),
        sa.Column("backend_id", sa.Text(), server_default="", nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_reviewed_by_uuid"],
            ["user.uuid"],
            name=op.f("fk_order_consumer_reviewed_by_uuid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_uuid"], ["user.uuid"], name=op.f("fk_order_created_by_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["offering_uuid"], ["offering.uuid"], name=op.f("fk_order_offering_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["old_plan_uuid"], ["plan.uuid"], name=op.f("fk_order_old_plan_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["plan_uuid"], ["plan.uuid"], name=op.f("fk_order_plan_uuid"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["project_uuid"], ["project.uuid"], name=op.f("fk_order_project_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["provider_reviewed_by_uuid"],
            ["user.uuid"],
            name=op.f("fk_order_provider_reviewed_by_uuid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["resource_uuid"], ["resource.uuid"], name=op.f("fk_order_resource_uuid"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_order")),
    )
    op.create_index(op.f("ix_order_created_by_uuid"), "order", ["created_by_uuid"], unique=False)
    op.create_index(
        "ix_order_creator",
        "order",
        ["created_by_uuid", "resource_uuid"],
        unique=False,
        postgresql_where=sa.text("type = 'Create'"),
    )
    op.create_index(op.f("ix_order_offering_uuid"), "order", ["offering_uuid"], unique=False)
    op.create_index(op.f("ix_order_plan_uuid"), "order", ["plan_uuid"], unique=False)
    op.create_index(op.f("ix_order_project_uuid"), "order", ["project_uuid"], unique=False)
    op.create_index("ix_order_resource_uuid_created", "order", ["resource_uuid", "created", "uuid"], unique=False)
    op.create_index("ix_order_state", "order", ["state", "resource_uuid"], unique=False)
    op.create_table(
        "resource_endpoint",
        sa.Column("resource_uuid", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_uuid"], ["resource.uuid"], name=op.f("fk_resource_endpoint_resource_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_resource_endpoint")),
    )
    op.create_index(op.f("ix_resource_endpoint_resource_uuid"), "resource_endpoint", ["resource_uuid"], unique=False)
    op.create_table(
        "slot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("resource_uuid", sa.Uuid(), nullable=False),
        sa.Column("offering_uuid", sa.Uuid(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("backend_id", sa.String(length=255), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("offering_uuid"), "="),
            (sa.column("resource_uuid"), "<>"),
            (sa.text('tstzrange("start", "end")'), "&&"),
            where=sa.text("live"),
            using="gist",
            name="ex_slot_no_overlap",
        ),
        sa.CheckConstraint('"start" < "end"', name=op.f("ck_slot_start_before_end")),
        sa.ForeignKeyConstraint(
            ["resource_uuid", "offering_uuid", "live"],
            ["resource.uuid", "resource.offering_uuid", "resource.live"],
            name="fk_slot_resource",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
    )
    op.create_index("ix_slot_resource_uuid_start", "slot", ["resource_uuid", "start"], unique=False)
    op.create_table(
        "history",
        sa.Column("resource_uuid", sa.Uuid(), nullable=False),
        sa.Column("order_uuid", sa.Uuid(), nullable=True),
        sa.Column("user_uuid", sa.Uuid(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("from_state", RESOURCE_STATE, nullable=False),
        sa.Column("to_state", RESOURCE_STATE, nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_uuid"], ["order.uuid"], name=op.f("fk_history_order_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["resource_uuid"], ["resource.uuid"], name=op.f("fk_history_resource_uuid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_uuid"], ["user.uuid"], name=op.f("fk_history_user_uuid"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_history")),
    )
    op.create_index("ix_history_resource_uuid_created", "history", ["resource_uuid", "created", "uuid"], unique=False)
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change")
    for enum in ENUMS:
        enum.drop(op.get_bind())
