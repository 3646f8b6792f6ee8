"""Table: applications that the office enters for somebody who cannot use the form."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.applications import Application
from core.records.people import Person
from core.records.record import Record


class EnteredFor(Record):
    """That somebody of the office enters an application for its applicant; `consent` says who agreed, how and when."""

    __tablename__ = "entered_for"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    consent: Mapped[str]
    begun_at: Mapped[datetime]

    application: Mapped[Application] = relationship()
    person: Mapped[Person] = relationship()
