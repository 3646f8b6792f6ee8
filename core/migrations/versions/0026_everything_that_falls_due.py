"""A deadline of anything, with an owner; a second contact; what the sweep last planned with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # in one statement each, so that SQLite need not make the tables anew, which others refer to
    key = KEY.compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE deadline ADD COLUMN application_id {key} "
        "CONSTRAINT fk_deadline_application_id REFERENCES application (id)"
    )
    op.execute(f"ALTER TABLE deadline ADD COLUMN owner_id {key} CONSTRAINT fk_deadline_owner_id REFERENCES person (id)")
    op.add_column("deadline", sa.Column("title", sa.Text(), nullable=True))
    op.add_column("deadline", sa.Column("snoozed_until", sa.Date(), nullable=True))
    op.add_column("deadline", sa.Column("chased_at", INSTANT, nullable=True))
    op.create_index(op.f("ix_deadline_application_id"), "deadline", ["application_id"])
    op.create_index(op.f("ix_deadline_owner_id"), "deadline", ["owner_id"])
    op.add_column("application", sa.Column("second_name", sa.Text(), nullable=True))
    op.add_column("application", sa.Column("second_email", sa.Text(), nullable=True))
    op.create_table(
        "sweep_plan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("swept_on", sa.Date(), nullable=False),
        sa.Column("plan", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep_plan")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("sweep_plan")
    op.drop_column("application", "second_email")
    op.drop_column("application", "second_name")
    op.drop_index(op.f("ix_deadline_owner_id"), table_name="deadline")
    op.drop_index(op.f("ix_deadline_application_id"), table_name="deadline")
    for column in ("chased_at", "snoozed_until", "title", "owner_id", "application_id"):
        op.drop_column("deadline", column)
