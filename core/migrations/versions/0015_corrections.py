"""Applications that are corrected while a question is open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("asked", sa.Column("may_correct", sa.Boolean(), nullable=True))
    op.create_table(
        "correction",
        sa.Column("id", KEY, nullable=False),
        sa.Column("asked_id", KEY, nullable=False),
        sa.Column("answers", DOCUMENT, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asked_id"], ["asked.id"], name=op.f("fk_correction_asked_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("asked_id", name=op.f("uq_correction_asked_id")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("correction")
    with op.batch_alter_table("asked") as table:
        table.drop_column("may_correct")
