"""The trail covers its own row numbers, seals the rows of the record, and knows where it ends.

What is in the record already is sealed when the migrations have run: see `core.resealing`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The hashes of the lines that are there stay as they are: they never covered the row's own number."""
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_reference")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_event_sequence"), type_="unique")
        batch_op.drop_constraint(batch_op.f("pk_event"), type_="primary")
        batch_op.drop_column("id")
        batch_op.alter_column("sequence", existing_type=sa.BigInteger(), type_=KEY, existing_nullable=False)
        batch_op.create_primary_key(batch_op.f("pk_event"), ["sequence"])
        batch_op.add_column(sa.Column("seals", DOCUMENT, nullable=True))
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_reference", ["reference", "sequence"], unique=False)
    op.create_table(
        "trail_end",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_trail_end_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_end")),
    )
    op.execute(
        "INSERT INTO trail_end (id, sequence, hash) SELECT 1, sequence, hash FROM event ORDER BY sequence DESC LIMIT 1"
    )


def downgrade() -> None:
    """Undo. The lines that sealed rows stay; their hashes cover seals, which are gone."""
    op.drop_table("trail_end")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_reference")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_column("seals")
        batch_op.drop_constraint(batch_op.f("pk_event"), type_="primary")
        batch_op.alter_column("sequence", existing_type=KEY, type_=sa.BigInteger(), existing_nullable=False)
        batch_op.add_column(sa.Column("id", KEY, sa.Identity(), nullable=False))
        batch_op.create_primary_key(batch_op.f("pk_event"), ["id"])
        batch_op.create_unique_constraint(batch_op.f("uq_event_sequence"), ["sequence"])
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_reference", ["reference", "id"], unique=False)
