"""Drafts of returns, requests for more time, issues that recipients raise; nudges by the day they are counted from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OPTIONAL = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. A nudge that was sent was counted from the day on which its deadline falls."""
    op.create_table(
        "return_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("deadline_id", KEY, nullable=False),
        sa.Column("answers", DOCUMENT, nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_return_draft_deadline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_draft")),
        sa.UniqueConstraint("deadline_id", name=op.f("uq_return_draft_deadline_id")),
    )
    op.create_table(
        "time_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("deadline_id", KEY, nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_time_request_award_id")),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_time_request_deadline_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_time_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_request")),
    )
    op.create_index(op.f("ix_time_request_award_id"), "time_request", ["award_id"], unique=False)
    op.create_index(op.f("ix_time_request_deadline_id"), "time_request", ["deadline_id"], unique=False)
    op.create_index(
        "uq_time_request_open",
        "time_request",
        ["deadline_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
        sqlite_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "issue",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_by_id", KEY, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_issue_award_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["person.id"], name=op.f("fk_issue_closed_by_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_issue_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
    )
    op.create_index(op.f("ix_issue_award_id"), "issue", ["award_id"], unique=False)
    # Not in batch: on SQLite that would drop the tables, and other rows refer to theirs.
    op.add_column("deadline", sa.Column("first_due", sa.Date(), nullable=True))
    op.add_column("monitoring_return", sa.Column("budget", OPTIONAL, nullable=True))
    op.add_column("nudge", sa.Column("due", sa.Date(), nullable=True))
    op.execute("UPDATE nudge SET due = (SELECT deadline.due FROM deadline WHERE deadline.id = nudge.deadline_id)")
    with op.batch_alter_table("nudge") as batch_op:
        batch_op.alter_column("due", existing_type=sa.Date(), nullable=False)
        batch_op.drop_constraint(op.f("uq_nudge_deadline_id_step_person"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_nudge_deadline_id_due_step_person"), ["deadline_id", "due", "step", "person"]
        )


def downgrade() -> None:
    """Undo. Of a step that was sent for two days the first stays."""
    op.execute(
        "DELETE FROM nudge WHERE EXISTS (SELECT 1 FROM nudge AS earlier WHERE earlier.id < nudge.id AND "
        "earlier.deadline_id = nudge.deadline_id AND earlier.step = nudge.step AND earlier.person = nudge.person)"
    )
    with op.batch_alter_table("nudge") as batch_op:
        batch_op.drop_constraint(op.f("uq_nudge_deadline_id_due_step_person"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_nudge_deadline_id_step_person"), ["deadline_id", "step", "person"])
        batch_op.drop_column("due")
    op.drop_column("monitoring_return", "budget")
    op.drop_column("deadline", "first_due")
    op.drop_index(op.f("ix_issue_award_id"), table_name="issue")
    op.drop_table("issue")
    op.drop_index("uq_time_request_open", table_name="time_request")
    op.drop_index(op.f("ix_time_request_deadline_id"), table_name="time_request")
    op.drop_index(op.f("ix_time_request_award_id"), table_name="time_request")
    op.drop_table("time_request")
    op.drop_table("return_draft")
