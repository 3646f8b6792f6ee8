"""Policies that were withdrawn before their day had come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "policy_withdrawal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("policy_in_force_id", KEY, nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_in_force_id"], ["policy_in_force.id"], name=op.f("fk_policy_withdrawal_policy_in_force_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_withdrawal")),
        sa.UniqueConstraint("policy_in_force_id", name=op.f("uq_policy_withdrawal_policy_in_force_id")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("policy_withdrawal")
