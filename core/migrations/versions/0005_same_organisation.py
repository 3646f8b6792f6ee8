"""By what applications are compared: who the organisation is, whose address it is, and what the desk noticed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.rules.organisations import address_key, keys_of

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 1_000
NEW = (("charity_key", sa.String(20)), ("company_key", sa.String(20)), ("name_key", sa.Text()))

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply, and fill the columns for every application that was submitted."""
    for name, kind in (*NEW, ("contact_key", sa.String(254))):
        op.add_column("application", sa.Column(name, kind, nullable=True))
        op.create_index(f"ix_application_{name}", "application", [name], unique=False)
    op.add_column("application", sa.Column("noticed", DOCUMENT, nullable=True))
    _fill_in(op.get_bind())


def _fill_in(connection: sa.Connection) -> None:
    said = ("organisation_name", "postcode", "charity_number", "company_number", "contact_email")
    keys = ("charity_key", "company_key", "name_key", "contact_key")
    application = sa.table("application", sa.column("id", KEY), *(sa.column(name) for name in (*said, *keys)))
    columns = [application.c.id, *(application.c[name] for name in said)]
    query = sa.select(*columns).where(application.c.contact_email.is_not(None)).order_by(application.c.id)
    change = (
        application.update()
        .where(application.c.id == sa.bindparam("row"))
        .values({name: sa.bindparam(f"new_{name}") for name in keys})
    )
    last = 0
    while rows := connection.execute(query.where(application.c.id > last).limit(BATCH)).all():
        connection.execute(change, list(_filled(rows)))
        last = rows[-1].id


def _filled(rows: Iterable[sa.Row[Any]]) -> Iterable[dict[str, Any]]:
    for row in rows:
        keys = keys_of(row.organisation_name, row.postcode, row.charity_number, row.company_number)
        yield {
            "row": row.id,
            "new_charity_key": keys.charity,
            "new_company_key": keys.company,
            "new_name_key": keys.name,
            "new_contact_key": address_key(row.contact_email),
        }


def downgrade() -> None:
    """Undo."""
    op.drop_column("application", "noticed")
    for name in ("contact_key", "name_key", "company_key", "charity_key"):
        op.drop_index(f"ix_application_{name}", table_name="application")
        op.drop_column("application", name)
