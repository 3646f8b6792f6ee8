"""A decision that was made outside the desk says by whom, when and under which document, and when it was accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

NEW = (
    ("outside_by", sa.Text()),
    ("outside_role", sa.Text()),
    ("outside_on", sa.Date()),
    ("outside_document", sa.Text()),
    ("outside_accepted_on", sa.Date()),
)

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for name, kind in NEW:
        op.add_column("decision", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Undo."""
    for name, _ in reversed(NEW):
        op.drop_column("decision", name)
