"""Proposed measures, bank details, who answered an offer and why, and what must not be deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("award", sa.Column("answered_role", sa.Text(), nullable=True))
    op.add_column("award", sa.Column("refusal_reason", sa.Text(), nullable=True))
    op.create_table(
        "measure_proposal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("changes", DOCUMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_measure_proposal_award_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_measure_proposal_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_proposal")),
    )
    op.create_index(op.f("ix_measure_proposal_award_id"), "measure_proposal", ["award_id"], unique=False)
    op.create_index(
        "ix_measure_proposal_open",
        "measure_proposal",
        ["award_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "bank_details",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("locked", sa.Text(), nullable=True),
        sa.Column("own_name", sa.Boolean(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("purged_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_bank_details_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_details")),
        sa.UniqueConstraint("award_id", name=op.f("uq_bank_details_award_id")),
    )
    op.create_table(
        "retention_hold",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("placed_by", KEY, nullable=False),
        sa.Column("placed_at", INSTANT, nullable=False),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["placed_by"], ["person.id"], name=op.f("fk_retention_hold_placed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_hold")),
    )
    op.create_index(op.f("ix_retention_hold_reference"), "retention_hold", ["reference"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("retention_hold")
    op.drop_table("bank_details")
    op.drop_table("measure_proposal")
    op.drop_column("award", "refusal_reason")
    op.drop_column("award", "answered_role")
