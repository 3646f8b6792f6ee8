"""Sittings of the panel, and what its members scored; a listing keeps the sitting that took it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "sitting",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("funds", DOCUMENT, nullable=False),
        sa.Column("named", DOCUMENT, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("policy_version_id", KEY, nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=True),
        sa.Column("ts", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_version.id"], name=op.f("fk_sitting_policy_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting")),
    )
    op.create_index(op.f("ix_sitting_status"), "sitting", ["status"])

    # in one statement, so that SQLite need not make the table anew, which others may refer to
    kind = KEY.compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE panel_listing ADD COLUMN sitting_id {kind} "
        "CONSTRAINT fk_panel_listing_sitting_id REFERENCES sitting (id)"
    )
    op.create_index(op.f("ix_panel_listing_sitting_id"), "panel_listing", ["sitting_id"])

    op.create_table(
        "score_sheet",
        sa.Column("id", KEY, nullable=False),
        sa.Column("listing_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("points", DOCUMENT, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["listing_id"], ["panel_listing.id"], name=op.f("fk_score_sheet_listing_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_score_sheet_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheet")),
        sa.UniqueConstraint("listing_id", "person_id", name=op.f("uq_score_sheet_listing_id_person_id")),
    )
    op.create_index(op.f("ix_score_sheet_person_id"), "score_sheet", ["person_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("score_sheet")
    op.drop_index(op.f("ix_panel_listing_sitting_id"), table_name="panel_listing")
    op.drop_column("panel_listing", "sitting_id")
    op.drop_table("sitting")
