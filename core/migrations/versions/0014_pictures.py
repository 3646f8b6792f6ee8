"""Who is in a picture, and whether they agreed that it is published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("document", sa.Column("shows", sa.Text(), nullable=True))
    op.add_column("document", sa.Column("may_publish", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("document") as table:
        table.drop_column("may_publish")
        table.drop_column("shows")
