"""The office's own dates: Provider Forums, bids to new funding streams, opportunities, and what was published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "forum",
        sa.Column("id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begins", sa.String(5), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("views", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_forum_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forum")),
    )
    only = sa.text("ended_at IS NULL")
    op.create_index("ix_forum_planned", "forum", ["status"], unique=True, postgresql_where=only, sqlite_where=only)

    op.create_table(
        "forum_invitation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("forum_id", KEY, nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["forum_id"], ["forum.id"], name=op.f("fk_forum_invitation_forum_id")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_forum_invitation_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forum_invitation")),
        sa.UniqueConstraint("forum_id", "organisation", name=op.f("uq_forum_invitation_forum_id_organisation")),
    )
    op.create_index(op.f("ix_forum_invitation_application_id"), "forum_invitation", ["application_id"])

    op.create_table(
        "bid",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("funder", sa.Text(), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("added_by_id", KEY, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bid_amount_positive")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_bid_owner_id")),
        sa.ForeignKeyConstraint(["added_by_id"], ["person.id"], name=op.f("fk_bid_added_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid")),
    )
    op.create_index(op.f("ix_bid_owner_id"), "bid", ["owner_id"])
    op.create_index(op.f("ix_bid_status"), "bid", ["status"])

    op.create_table(
        "opportunity",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("quality_share", sa.Integer(), nullable=True),
        sa.Column("cost_share", sa.Integer(), nullable=True),
        sa.Column("website", sa.Text(), nullable=False),
        sa.Column("portal", sa.Text(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("drafted_at", INSTANT, nullable=False),
        sa.Column("advertised_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("envelope > 0", name=op.f("ck_opportunity_envelope_positive")),
        sa.CheckConstraint("closes_on >= opens_on", name=op.f("ck_opportunity_closes_after_opening")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_opportunity_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity")),
    )
    op.create_index(op.f("ix_opportunity_owner_id"), "opportunity", ["owner_id"])
    op.create_index(op.f("ix_opportunity_status"), "opportunity", ["status"])

    op.create_table(
        "published",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_published_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published")),
        sa.UniqueConstraint("kind", "period", name=op.f("uq_published_kind_period")),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("published", "opportunity", "bid", "forum_invitation", "forum"):
        op.drop_table(table)
