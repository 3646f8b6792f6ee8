"""Decisions and recommendations can be undone; an application is taken; the power used; the list of the next sitting.

A decision that was undone and an offer that was withdrawn stay: what was unique for ever is unique while it stands.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
STANDING = (
    ("ix_award_standing_application", "application_id"),
    ("ix_award_standing_reference", "reference"),
)

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("award", sa.Column("withdrawn_at", INSTANT, nullable=True))
    _unique("award", ("application_id", "reference"), there=False)
    op.create_index(op.f("ix_award_application_id"), "award", ["application_id"])
    for name, column in STANDING:
        _create_standing(name, "award", column, "withdrawn_at IS NULL")

    with op.batch_alter_table("decision") as table:
        table.add_column(sa.Column("legal_power", sa.Text(), nullable=True))
        table.add_column(sa.Column("contribution", sa.Text(), nullable=True))
        table.add_column(sa.Column("suggested", DOCUMENT, nullable=True))
        table.add_column(sa.Column("undone_at", INSTANT, nullable=True))
        table.add_column(sa.Column("undone_by_id", KEY, nullable=True))
        table.add_column(sa.Column("undone_why", sa.Text(), nullable=True))
        table.create_foreign_key(op.f("fk_decision_undone_by_id"), "person", ["undone_by_id"], ["id"])
        table.drop_constraint("uq_decision_application_id", type_="unique")
    _create_standing("ix_decision_standing", "decision", "application_id", "undone_at IS NULL")

    for column in ("legal_power", "contribution"):
        op.add_column("recommendation", sa.Column(column, sa.Text(), nullable=True))

    # in one statement, so that SQLite need not make the table anew, which others refer to
    kind = KEY.compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE application ADD COLUMN taken_by_id {kind} "
        "CONSTRAINT fk_application_taken_by_id REFERENCES person (id)"
    )
    op.add_column("application", sa.Column("taken_at", INSTANT, nullable=True))
    op.create_index(op.f("ix_application_taken_by_id"), "application", ["taken_by_id"])

    op.create_table(
        "panel_listing",
        sa.Column("id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("sitting_on", sa.Date(), nullable=True),
        sa.Column("listed_at", INSTANT, nullable=False),
        sa.Column("removed_by_id", KEY, nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_panel_listing_application_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_panel_listing_person_id")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["person.id"], name=op.f("fk_panel_listing_removed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_listing")),
    )
    _create_standing("ix_panel_listing_standing", "panel_listing", "application_id", "removed_at IS NULL")


def _create_standing(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], unique=True, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def _unique(name: str, columns: tuple[str, ...], *, there: bool) -> None:
    """Give a table that others refer to a unique constraint for each of these columns, or take it away.

    SQLite knows no such statement, and a table that is dropped under a reference stays missed even when another takes
    its name. So its rows are put by, and put back into a new table of the same name, which meets every reference again.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        for column in columns:
            if there:
                op.create_unique_constraint(f"uq_{name}_{column}", name, [column])
            else:
                op.drop_constraint(f"uq_{name}_{column}", name, type_="unique")
        return
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND type = :type AND sql IS NOT NULL ORDER BY name"
    [table] = connection.execute(sa.text(made), {"name": name, "type": "table"}).scalars()
    indexes = connection.execute(sa.text(made), {"name": name, "type": "index"}).scalars().all()
    for column in columns:
        constraint = f"CONSTRAINT uq_{name}_{column} UNIQUE ({column})"
        if there:
            table = f"{table.rstrip().removesuffix(')')}, {constraint})"
        else:
            table = re.sub(rf",\s*{re.escape(constraint)}", "", table)
    names = ", ".join(column["name"] for column in sa.inspect(connection).get_columns(name))
    for said in (
        "PRAGMA defer_foreign_keys = ON",  # until this transaction ends
        f"CREATE TABLE _put_by AS SELECT {names} FROM {name}",  # noqa: S608 - our own names
        f"DROP TABLE {name}",
        table,
        f"INSERT INTO {name} ({names}) SELECT {names} FROM _put_by",  # noqa: S608 - our own names
        "DROP TABLE _put_by",
        *indexes,
    ):
        connection.exec_driver_sql(said)


def downgrade() -> None:
    """Undo. A record in which something was undone or withdrawn cannot go back: the old tables have no place for it."""
    op.drop_table("panel_listing")
    op.drop_index(op.f("ix_application_taken_by_id"), table_name="application")
    op.drop_column("application", "taken_at")
    op.drop_column("application", "taken_by_id")
    for column in ("legal_power", "contribution"):
        op.drop_column("recommendation", column)
    op.drop_index("ix_decision_standing", table_name="decision")
    with op.batch_alter_table("decision") as table:
        table.create_unique_constraint("uq_decision_application_id", ["application_id"])
        table.drop_constraint(op.f("fk_decision_undone_by_id"), type_="foreignkey")
        for column in ("undone_why", "undone_by_id", "undone_at", "suggested", "contribution", "legal_power"):
            table.drop_column(column)
    for name, _ in STANDING:
        op.drop_index(name, table_name="award")
    op.drop_index(op.f("ix_award_application_id"), table_name="award")
    _unique("award", ("application_id", "reference"), there=True)
    op.drop_column("award", "withdrawn_at")
