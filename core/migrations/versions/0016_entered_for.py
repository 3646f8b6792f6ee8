"""Applications that the office enters for somebody, with a note of their consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "entered_for",
        sa.Column("id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_entered_for_application_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_entered_for_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entered_for")),
        sa.UniqueConstraint("application_id", name=op.f("uq_entered_for_application_id")),
    )
    op.create_index(op.f("ix_entered_for_person_id"), "entered_for", ["person_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("entered_for")
