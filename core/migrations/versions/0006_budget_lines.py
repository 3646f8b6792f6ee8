"""What an application's amount pays for, line by line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was submitted before has no lines."""
    op.create_table(
        "budget_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("pence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("pence > 0", name=op.f("ck_budget_line_pence_positive")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_budget_line_application_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_line")),
        sa.UniqueConstraint("application_id", "position", name=op.f("uq_budget_line_application_id_position")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("budget_line")
