"""Whom the office wrote to before somebody changed it, and which addresses refuse its mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
STANDING = sa.text("ended_at IS NULL")

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was refused before this stays in the trail alone."""
    op.create_table(
        "contact_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("name_was", sa.Text(), nullable=True),
        sa.Column("email_was", sa.Text(), nullable=True),
        sa.Column("second_name_was", sa.Text(), nullable=True),
        sa.Column("second_email_was", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_contact_change_application_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_change_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_change")),
    )
    op.create_index(op.f("ix_contact_change_application_id"), "contact_change", ["application_id"])
    op.create_table(
        "refused_mail",
        sa.Column("id", KEY, nullable=False),
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["outbox_message.id"], name=op.f("fk_refused_mail_message_id")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_refused_mail_application_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_mail")),
        sa.UniqueConstraint("message_id", "application_id", name=op.f("uq_refused_mail_message_id_application_id")),
    )
    for name, columns in (
        ("ix_refused_mail_standing", ["application_id", "address"]),
        ("ix_refused_mail_address", ["address"]),
    ):
        op.create_index(name, "refused_mail", columns, postgresql_where=STANDING, sqlite_where=STANDING)


def downgrade() -> None:
    """Undo."""
    op.drop_table("refused_mail")
    op.drop_table("contact_change")
