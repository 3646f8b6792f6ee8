"""Signing out of the staff pages ends the session in the record, not only in one browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Whoever is signed in signs in again."""
    op.add_column("person", sa.Column("sessions_ended", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Undo."""
    op.drop_column("person", "sessions_ended")
