"""Who opened their Home in Slack lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "home_opened",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_home_opened_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_home_opened")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("home_opened")
