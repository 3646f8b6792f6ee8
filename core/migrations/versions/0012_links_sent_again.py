"""Links can be revoked and made anew, be one address's own, and be asked for with an e-mail address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STANDING = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    """Apply. The links that are there are nobody's in particular and last as they were made to."""
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_link_purpose_subject_id"), type_="unique")
        batch_op.add_column(sa.Column("address", sa.String(length=254), nullable=False, server_default=""))
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.alter_column("address", server_default=None)
        batch_op.create_index(
            "ix_link_standing",
            ["purpose", "subject_id", "address"],
            unique=True,
            postgresql_where=STANDING,
            sqlite_where=STANDING,
        )
        batch_op.create_index("ix_link_address", ["address", "purpose"], unique=False)
    op.create_table(
        "link_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=True),
        sa.Column("fund", sa.String(length=40), nullable=True),
        sa.Column("started_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_request")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_link_request_address", "link_request", ["address", "asked_at"], unique=False)
    op.create_index("ix_link_request_application_id", "link_request", ["application_id", "asked_at"], unique=False)
    op.create_index("ix_link_request_asked_at", "link_request", ["asked_at"], unique=False)


def downgrade() -> None:
    """Undo. Of several links to one thing only the first is kept."""
    op.drop_table("link_request")
    op.execute("DELETE FROM link WHERE id NOT IN (SELECT min(id) FROM link GROUP BY purpose, subject_id)")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index("ix_link_address")
        batch_op.drop_index("ix_link_standing")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_column("address")
        batch_op.create_unique_constraint(batch_op.f("uq_link_purpose_subject_id"), ["purpose", "subject_id"])
