"""An application's number is never given twice on SQLite: a draft that was deleted keeps its own to itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LATEST = """
    SELECT max(number) FROM (
        SELECT max(id) AS number FROM application
        UNION ALL SELECT max(subject_id) FROM link WHERE purpose = 'application'
    )
"""
"""The last number that was given: the link of a draft stays when the draft is deleted."""


def upgrade() -> None:
    """Apply. PostgreSQL gives no number twice anyway."""
    if op.get_bind().dialect.name != "sqlite":
        return
    _made_again(autoincrement=True)
    last = op.get_bind().execute(sa.text(LATEST)).scalar()
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'application'")
    op.get_bind().execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('application', :last)"), {"last": last or 0}
    )


def downgrade() -> None:
    """Undo."""
    if op.get_bind().dialect.name == "sqlite":
        _made_again(autoincrement=False)


def _made_again(*, autoincrement: bool) -> None:
    kept = {"sqlite_autoincrement": autoincrement}
    with op.batch_alter_table("application", recreate="always", table_kwargs=kept):
        pass
