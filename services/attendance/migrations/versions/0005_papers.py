"""What papers need: prices of orders, names of trainers, and a place for binders until they are fetched."""

import sqlalchemy as sa
from alembic import op

from shared.database import JsonValue, UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables; prices and names come when scheduler tells its offer again (`parcours events retell`)."""
    op.create_table(
        "binder",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("territory", sa.String(length=8), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("sheets", JsonValue(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("delete_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_binder")),
    )
    op.create_index(op.f("ix_binder_provider_id"), "binder", ["provider_id"], unique=False)
    op.create_table(
        "purchase_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("training", sa.String(length=12), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("unit_price_cents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_order")),
    )
    op.create_index(op.f("ix_purchase_order_provider_id"), "purchase_order", ["provider_id"], unique=False)
    op.create_table(
        "trainer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainer")),
    )
    op.create_index(op.f("ix_trainer_provider_id"), "trainer", ["provider_id"], unique=False)


def downgrade() -> None:
    """Remove them."""
    op.drop_index(op.f("ix_trainer_provider_id"), table_name="trainer")
    op.drop_table("trainer")
    op.drop_index(op.f("ix_purchase_order_provider_id"), table_name="purchase_order")
    op.drop_table("purchase_order")
    op.drop_index(op.f("ix_binder_provider_id"), table_name="binder")
    op.drop_table("binder")
