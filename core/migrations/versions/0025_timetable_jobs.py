"""How each job of the timetable has gone, in all processes together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True)

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "timetable_job",
        sa.Column("job", sa.String(30), nullable=False),
        sa.Column("first_start_at", INSTANT, nullable=True),
        sa.Column("last_start_at", INSTANT, nullable=True),
        sa.Column("last_success_at", INSTANT, nullable=True),
        sa.Column("last_pass_at", INSTANT, nullable=True),
        sa.Column("last_miss_at", INSTANT, nullable=True),
        sa.Column("last_error_at", INSTANT, nullable=True),
        sa.Column("last_error_reference", sa.String(8), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("errors_since", sa.Integer(), nullable=False),
        sa.Column("misses_since", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_timetable_job")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("timetable_job")
