"""What the office asks about an application or a return has a table; a recommendation can be set aside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEPT = "office:asked"
"""Where a return kept what it was asked, beside its answers."""

ASKED = sa.table(
    "asked",
    sa.column("id", KEY),
    sa.column("application_id", KEY),
    sa.column("return_id", KEY),
    sa.column("person_id", KEY),
    sa.column("question", sa.Text()),
    sa.column("asked_at", INSTANT),
    sa.column("answer", sa.Text()),
    sa.column("ended_by", sa.Text()),
    sa.column("ended_at", INSTANT),
)
RETURN = sa.table("monitoring_return", sa.column("id", KEY), sa.column("award_id", KEY), sa.column("extra", DOCUMENT))
AWARD = sa.table("award", sa.column("id", KEY), sa.column("application_id", KEY))
MESSAGE = sa.table(
    "outbox_message", sa.column("id", KEY), sa.column("kind", sa.String()), sa.column("payload", DOCUMENT)
)
PERSON = sa.table("person", sa.column("id", KEY), sa.column("name", sa.Text()), sa.column("role", sa.String()))


def upgrade() -> None:
    """Apply. What returns kept of their questions moves into the table."""
    op.create_table(
        "asked",
        sa.Column("id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("return_id", KEY, nullable=True),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.CheckConstraint("answer IS NULL OR ended_at IS NOT NULL", name=op.f("ck_asked_answer_ends_it")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_asked_ended_by_somebody")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_asked_application_id")),
        sa.ForeignKeyConstraint(["return_id"], ["monitoring_return.id"], name=op.f("fk_asked_return_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_asked_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked")),
    )
    for column, where in (
        ("application_id", "return_id IS NULL AND ended_at IS NULL"),
        ("return_id", "ended_at IS NULL"),
    ):
        op.create_index(
            f"ix_asked_open_{column.removesuffix('_id')}",
            "asked",
            [column],
            unique=True,
            postgresql_where=sa.text(where),
            sqlite_where=sa.text(where),
        )
    op.create_index("ix_asked_application_id", "asked", ["application_id"], unique=False)
    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("set_aside_at", INSTANT, nullable=True))
        batch_op.drop_constraint("uq_recommendation_application_id", type_="unique")
    op.create_index(
        "ix_recommendation_standing",
        "recommendation",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("set_aside_at IS NULL"),
        sqlite_where=sa.text("set_aside_at IS NULL"),
    )
    _move_in()


def _move_in() -> None:
    connection = op.get_bind()
    found = connection.execute(
        sa.select(RETURN.c.id, RETURN.c.extra, AWARD.c.application_id)
        .join(AWARD, AWARD.c.id == RETURN.c.award_id)
        .order_by(RETURN.c.id)
    ).all()
    for number, extra, application in found:
        if KEPT not in extra:
            continue
        for position, kept in enumerate(extra[KEPT], start=1):
            row = {
                "application_id": application,
                "return_id": number,
                "person_id": int(re.findall(r"person (\d+)\)$", kept["asked_by"])[0]),
                "question": kept["question"],
                "asked_at": _instant(kept["asked_at"]),
                "answer": kept["answer"],
                "ended_by": kept["ended_by"],
                "ended_at": _instant(kept["ended_at"]),
            }
            asked = connection.execute(sa.insert(ASKED).values(**row).returning(ASKED.c.id)).scalar_one()
            _name_in_message(connection, number, position, asked)
        rest = {name: value for name, value in extra.items() if name != KEPT}
        connection.execute(sa.update(RETURN).where(RETURN.c.id == number).values(extra=rest))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _name_in_message(connection: sa.Connection, number: int, position: int, asked: int) -> None:
    """A mail that is still to go out names the question by its row."""
    query = sa.select(MESSAGE.c.id, MESSAGE.c.payload).where(MESSAGE.c.kind == "return_queried")
    for message, payload in connection.execute(query).all():
        if payload == {"return_id": number, "question": position}:
            connection.execute(sa.update(MESSAGE).where(MESSAGE.c.id == message).values(payload={"asked_id": asked}))


def downgrade() -> None:
    """Undo. Questions about applications, and recommendations that were set aside, have no place in the old tables."""
    _move_out()
    op.drop_index("ix_recommendation_standing", table_name="recommendation")
    op.execute("DELETE FROM recommendation WHERE set_aside_at IS NOT NULL")
    with op.batch_alter_table("recommendation", schema=None) as batch_op:
        batch_op.drop_column("set_aside_at")
        batch_op.create_unique_constraint("uq_recommendation_application_id", ["application_id"])
    op.drop_table("asked")


def _move_out() -> None:
    connection = op.get_bind()
    query = (
        sa.select(ASKED, PERSON.c.name, PERSON.c.role)
        .join(PERSON, PERSON.c.id == ASKED.c.person_id)
        .where(ASKED.c.return_id.is_not(None))
        .order_by(ASKED.c.id)
    )
    kept: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings().all():
        kept.setdefault(row["return_id"], []).append(
            {
                "question": row["question"],
                "asked_by": f"{row['name']} ({row['role']}, person {row['person_id']})",
                "asked_at": _said(row["asked_at"]),
                "answer": row["answer"],
                "ended_by": row["ended_by"],
                "ended_at": _said(row["ended_at"]),
            }
        )
    for number, questions in kept.items():
        extra = connection.execute(sa.select(RETURN.c.extra).where(RETURN.c.id == number)).scalar_one()
        connection.execute(sa.update(RETURN).where(RETURN.c.id == number).values(extra={**extra, KEPT: questions}))


def _said(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).isoformat()
