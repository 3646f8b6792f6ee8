"""Which policy holds from which day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. A record that was kept without it says of each stored policy from which day it was decided under."""
    op.create_table(
        "policy_in_force",
        sa.Column("id", KEY, nullable=False),
        sa.Column("policy_version_id", KEY, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("changes", DOCUMENT, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_version.id"], name=op.f("fk_policy_in_force_policy_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_in_force")),
    )
    op.create_index("ix_policy_in_force_from_day", "policy_in_force", ["from_day", "id"], unique=False)
    _fill_in()


def _fill_in() -> None:
    instant = sa.DateTime(timezone=True)
    version = sa.table("policy_version", sa.column("id", KEY), sa.column("stored_at", instant))
    in_force = sa.table(
        "policy_in_force",
        sa.column("policy_version_id", KEY),
        sa.column("from_day", sa.Date()),
        sa.column("put_at", instant),
        sa.column("by", sa.Text()),
        sa.column("how", sa.String()),
        sa.column("note", sa.Text()),
        sa.column("changes", DOCUMENT),
        sa.column("begun_at", instant),
    )
    connection = op.get_bind()
    found = connection.execute(sa.select(version.c.id, version.c.stored_at).order_by(version.c.stored_at, version.c.id))
    rows = [
        {
            "policy_version_id": number,
            "from_day": _london_day(stored_at),
            "put_at": stored_at,
            "by": "the desk",
            "how": "file",
            "note": "the day on which something was first decided under it",
            "changes": [],
            "begun_at": stored_at,
        }
        for number, stored_at in found
    ]
    if rows:
        connection.execute(sa.insert(in_force), rows)


def _london_day(instant: datetime) -> date:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)  # SQLite keeps the UTC reading, without a zone
    return aware.astimezone(ZoneInfo("Europe/London")).date()


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_policy_in_force_from_day", table_name="policy_in_force")
    op.drop_table("policy_in_force")
