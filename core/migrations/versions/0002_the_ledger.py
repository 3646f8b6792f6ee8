"""The ledger whole: pots, what is paid, repayable and surrendered, profiles, variations, checks and payments."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEVER_OVERSPENT = "ck_fund_year_never_overspent"
CHECKS = {
    NEVER_OVERSPENT: "committed + repayable + surrendered <= allocated - held + tolerance",
    "ck_fund_year_held_within_allocation": "held >= 0 AND held <= allocated",
    "ck_fund_year_paid_from_committed": "paid >= 0 AND paid <= committed",
    "ck_fund_year_nothing_negative": "tolerance >= 0 AND repayable >= 0 AND surrendered >= 0",
}
NEW_SUMS = ("tolerance", "paid", "repayable", "surrendered")


def _fund_year(*, new: bool) -> sa.Table:
    """The balances, before or after: SQLite cannot say what checks a table has, so they are named here."""
    kept: dict[str, str] = CHECKS if new else {NEVER_OVERSPENT: "committed <= allocated - held"}
    return sa.Table(
        "fund_year",
        sa.MetaData(),
        sa.Column("id", KEY, nullable=False),
        sa.Column("fund", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("forward", sa.BigInteger(), nullable=False),
        *(_added_columns() if new else ()),
        sa.CheckConstraint("committed >= 0", name=op.f("ck_fund_year_committed_not_negative")),
        sa.CheckConstraint("forward >= 0", name=op.f("ck_fund_year_forward_not_negative")),
        *(sa.CheckConstraint(rule, name=op.f(name)) for name, rule in kept.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_year")),
        sa.UniqueConstraint("fund", "year", "pot", name=op.f("uq_fund_year_fund_year_pot"))
        if new
        else sa.UniqueConstraint("fund", "year", name=op.f("uq_fund_year_fund_year")),
    )


def _added_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("pot", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("purpose", sa.String(length=40), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("statutory", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0") for name in NEW_SUMS),
    ]


def upgrade() -> None:
    """Apply. What was awarded before falls whole in the year of its start; what was allocated is general money."""
    with op.batch_alter_table("fund_year", copy_from=_fund_year(new=False)) as batch_op:
        for column in _added_columns():
            batch_op.add_column(column)
        batch_op.drop_constraint(op.f("uq_fund_year_fund_year"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_fund_year_fund_year_pot"), ["fund", "year", "pot"])
        batch_op.drop_constraint(op.f(NEVER_OVERSPENT), type_="check")
        for name, rule in CHECKS.items():
            batch_op.create_check_constraint(op.f(name), rule)
    op.add_column("ledger_entry", sa.Column("pot", sa.String(length=60), nullable=False, server_default=""))
    # Not in batch: on SQLite that would drop the table, and every deadline, return and entry refers to its rows.
    op.add_column("award", sa.Column("profile", DOCUMENT, nullable=False, server_default="{}"))
    op.execute(
        "ALTER TABLE award ADD COLUMN paid BIGINT DEFAULT 0 NOT NULL "
        "CONSTRAINT ck_award_paid_within_award CHECK (paid >= 0 AND paid <= amount)"
    )
    _fill_profiles()
    _create_tables()


def _fill_profiles() -> None:
    award = sa.table(
        "award",
        sa.column("id", KEY),
        sa.column("amount", sa.BigInteger()),
        sa.column("start_on", sa.Date()),
        sa.column("profile", DOCUMENT),
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(award.c.id, award.c.amount, award.c.start_on)).all()
    for row in rows:
        profile = {str(_financial_year(row.start_on)): row.amount}
        connection.execute(sa.update(award).where(award.c.id == row.id).values(profile=profile))


def _financial_year(day: date) -> int:
    return day.year if day.month >= 4 else day.year - 1


def _create_tables() -> None:
    op.create_table(
        "variation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("findings", DOCUMENT, nullable=False),
        sa.Column("policy_version_id", KEY, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_variation_award_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_variation_person_id")),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_version.id"], name=op.f("fk_variation_policy_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variation")),
    )
    op.create_index(op.f("ix_variation_award_id"), "variation", ["award_id"], unique=False)
    op.create_table(
        "award_check",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("found", DOCUMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_check_award_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_award_check_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_check")),
    )
    op.create_index(op.f("ix_award_check_award_id"), "award_check", ["award_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("award_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("return_due", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("held_because", sa.Text(), nullable=True),
        sa.Column("approver_id", KEY, nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("chief_finance_id", KEY, nullable=True),
        sa.Column("chief_finance_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payer_id", KEY, nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount_positive")),
        sa.CheckConstraint("payer_id <> approver_id", name=op.f("ck_payment_payer_is_not_approver")),
        sa.CheckConstraint(
            "status <> 'paid' OR (payer_id IS NOT NULL AND approver_id IS NOT NULL)",
            name=op.f("ck_payment_paid_by_two_people"),
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_payment_award_id")),
        sa.ForeignKeyConstraint(["approver_id"], ["person.id"], name=op.f("fk_payment_approver_id")),
        sa.ForeignKeyConstraint(["chief_finance_id"], ["person.id"], name=op.f("fk_payment_chief_finance_id")),
        sa.ForeignKeyConstraint(["payer_id"], ["person.id"], name=op.f("fk_payment_payer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("award_id", "number", name=op.f("uq_payment_award_id_number")),
    )


def downgrade() -> None:
    """Undo. Fails, and changes nothing, where money has been ring-fenced: version 0001 has no place for it."""
    for table in ("payment", "award_check", "variation"):
        op.drop_table(table)
    op.execute("ALTER TABLE award DROP COLUMN paid")  # the check that was made with the column goes with it
    op.execute("ALTER TABLE award DROP COLUMN profile")
    op.drop_column("ledger_entry", "pot")
    with op.batch_alter_table("fund_year", copy_from=_fund_year(new=True)) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(name), type_="check")
        batch_op.drop_constraint(op.f("uq_fund_year_fund_year_pot"), type_="unique")
        for column in _added_columns():
            batch_op.drop_column(column.name)
        batch_op.create_unique_constraint(op.f("uq_fund_year_fund_year"), ["fund", "year"])
        batch_op.create_check_constraint(op.f(NEVER_OVERSPENT), "committed <= allocated - held")
