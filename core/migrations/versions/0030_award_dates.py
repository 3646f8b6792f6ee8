"""The agreement of an award, each look at one, and what the first sweep after the upgrade is to give a deadline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "agreement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("drafted_at", INSTANT, nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("passes_on", sa.Boolean(), nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("recorded_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(signed_on IS NULL) = (signed_by IS NULL)", name=op.f("ck_agreement_signed_by_somebody_on_a_day")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_agreement_award_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_agreement_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("award_id", name=op.f("uq_agreement_award_id")),
    )
    op.create_table(
        "award_look",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reconciled", sa.Boolean(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("findings", DOCUMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_look_award_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_award_look_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_look")),
        sa.UniqueConstraint("award_id", "due", name=op.f("uq_award_look_award_id_due")),
    )
    op.create_table(
        "dates_to_set",
        sa.Column("id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dates_to_set")),
    )
    op.execute(
        "INSERT INTO dates_to_set (id) SELECT 1 WHERE EXISTS (SELECT 1 FROM application WHERE status <> 'draft')"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("dates_to_set")
    op.drop_table("award_look")
    op.drop_table("agreement")
