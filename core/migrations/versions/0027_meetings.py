"""Monitoring meetings: invitations, other times that were proposed, and what is to be done after one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "meeting",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("deadline_id", KEY, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("video", sa.Text(), nullable=False),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("invited_by_id", KEY, nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("coming_at", INSTANT, nullable=True),
        sa.Column("cancelled_by_id", KEY, nullable=True),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancelled_why", sa.Text(), nullable=True),
        sa.Column("noted", sa.Integer(), nullable=False),
        sa.Column("came", sa.Boolean(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("user_views", sa.Text(), nullable=True),
        sa.Column("partner_views", sa.Text(), nullable=True),
        sa.Column("noted_by_id", KEY, nullable=True),
        sa.Column("noted_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_meeting_award_id")),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_meeting_deadline_id")),
        sa.ForeignKeyConstraint(["invited_by_id"], ["person.id"], name=op.f("fk_meeting_invited_by_id")),
        sa.ForeignKeyConstraint(["cancelled_by_id"], ["person.id"], name=op.f("fk_meeting_cancelled_by_id")),
        sa.ForeignKeyConstraint(["noted_by_id"], ["person.id"], name=op.f("fk_meeting_noted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_index(op.f("ix_meeting_award_id"), "meeting", ["award_id"])
    op.create_index(op.f("ix_meeting_deadline_id"), "meeting", ["deadline_id"])
    op.create_index("ix_meeting_starts_at", "meeting", ["starts_at"])
    op.create_index(
        "ix_meeting_standing",
        "meeting",
        ["deadline_id"],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL"),
        sqlite_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_table(
        "meeting_proposal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_proposal_meeting_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_meeting_proposal_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_proposal")),
    )
    op.create_index(op.f("ix_meeting_proposal_meeting_id"), "meeting_proposal", ["meeting_id"])
    op.create_index(
        "ix_meeting_proposal_open",
        "meeting_proposal",
        ["meeting_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
        sqlite_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "meeting_action",
        sa.Column("id", KEY, nullable=False),
        sa.Column("meeting_id", KEY, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("done_by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_action_meeting_id")),
        sa.ForeignKeyConstraint(["done_by_id"], ["person.id"], name=op.f("fk_meeting_action_done_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_action")),
    )
    op.create_index(op.f("ix_meeting_action_meeting_id"), "meeting_action", ["meeting_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("meeting_action")
    op.drop_table("meeting_proposal")
    op.drop_table("meeting")
