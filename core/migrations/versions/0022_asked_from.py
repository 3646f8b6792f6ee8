"""Whether links were asked for from one network, as digits that say nothing of which it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was asked before counts as from one network."""
    op.add_column("link_request", sa.Column("network", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    """Undo."""
    op.drop_column("link_request", "network")
