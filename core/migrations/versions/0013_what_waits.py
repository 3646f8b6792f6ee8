"""Indexes by which what waits for the office is found."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(op.f("ix_monitoring_return_status"), "monitoring_return", ["status"])
    op.create_index(op.f("ix_issue_status"), "issue", ["status"])
    op.create_index(op.f("ix_outbox_message_kind_made_at"), "outbox_message", ["kind", "made_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_outbox_message_kind_made_at"), "outbox_message")
    op.drop_index(op.f("ix_issue_status"), "issue")
    op.drop_index(op.f("ix_monitoring_return_status"), "monitoring_return")
