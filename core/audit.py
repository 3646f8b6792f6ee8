"""Whether the trail holds, and whether the record is as the trail says: every change made behind the desk's back (A4).

Reads in one snapshot, a few rows at a time: memory stays flat, and time grows with the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from core import events
from core.audit_words import DECISIONS, differences, named
from core.notes import LastSeal, Notes, seals_in
from core.policy_file import PolicyError, stored_policy
from core.reading import Row, Unreadable, batches_of, chosen, rows_of
from core.reconciling import reconcile
from core.records import Application, PolicyVersion, Record
from core.rules.calendar import year_label
from core.rules.money import display
from core.rules.words import counted
from core.seals import digest, key_of, seal_key, sealed_tables

MOST_FAULTS = 1_000
"""How many faults are told in words; the others are counted."""

Progress = Callable[[int, str], None]
"""Hears how many lines, or rows, have been read, and of what."""


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it should be: what it is about, and a sentence that says what is wrong."""

    about: str
    said: str
    line: int | None = None
    reference: str | None = None

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Verified:
    """What came of verifying: lines and rows that were read, the hash of the last line, and every fault.

    `more` is how many faults there are beyond those in `faults`.
    """

    lines: int
    head: str
    rows: int
    faults: tuple[Fault, ...]
    more: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def as_data(self) -> dict[str, Any]:
        """As `award-desk audit verify --json` prints it."""
        return {
            "sound": self.sound,
            "lines": self.lines,
            "head": self.head,
            "rows": self.rows,
            "faults": [fault.as_data() for fault in self.faults],
            "more": self.more,
        }


def unwatched(_count: int, _what: str) -> None:
    """Nobody watches the progress."""


def verify(session: Session, *, head: str = "", progress: Progress = unwatched) -> Verified:
    """Verify the trail and every row that it seals. A `session` that has read nothing yet reads all as of one moment.

    `head` is the hash of a line that somebody noted down earlier: that line must still be there.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    with Notes() as notes:
        return _Verifying(session, notes, head.strip().casefold(), progress).run()


class _Verifying:
    """One verification: what has been read so far, and what was wrong with it."""

    def __init__(self, session: Session, notes: Notes, head: str, progress: Progress) -> None:
        self._session = session
        self._notes = notes
        self._head = head
        self._head_found = not head
        self._progress = progress
        self._faults: list[Fault] = []
        self._count = 0
        self._told: set[str] = set()
        self._lines = self._rows = 0
        self._last = (0, events.START)

    def run(self) -> Verified:
        """Read everything once, in this order: the trail, what it tells of decisions, the rows, policies, money."""
        for check in (self._trail, self._end, self._decisions, self._sealed_rows, self._policies, self._ledger):
            for fault in check():
                self._count += 1
                if len(self._faults) < MOST_FAULTS:
                    self._faults.append(fault)
        return Verified(self._lines, self._last[1], self._rows, tuple(self._faults), self._count - len(self._faults))

    # ------------------------------------------------------------------------------------------------- the trail

    def _trail(self) -> Iterator[Fault]:
        for line in events.reread(self._session):
            self._lines += 1
            if self._lines % 1_000 == 0:
                self._progress(self._lines, "lines of the trail")
            said = line.said
            if line.wrong:
                reference = str(said["reference"]) if said else None
                yield Fault(f"line {line.sequence}", f"Line {line.sequence} {line.wrong}.", line.broken, reference)
            if said is None:
                self._last = (line.sequence, "")
                continue
            self._last = (line.sequence, str(said["hash"]))
            self._head_found = self._head_found or said["hash"] == self._head
            yield from self._note(line.sequence, said)

    def _note(self, number: int, said: Mapping[str, Any]) -> Iterator[Fault]:
        if said["kind"] == events.RESUMED:
            gone = "somebody took away the note of where the trail ended. Lines may have gone with it."
            yield Fault(f"line {number}", f"Before line {number} {gone}", number)
        for key, was, left in seals_in(said):
            before = self._notes.seal(number, key, was, left, inherited=said["kind"] == events.SEALED)
            if before is not None:
                self._told.add(key)
                yield self._changed_between(key, before, number, said)
        if said["kind"] in DECISIONS:
            self._notes.decided(str(said["reference"]), _decision_in(said), number)
        if said["kind"] == "money" and isinstance(said["data"], dict):
            self._notes.money(_movement(said["data"], said["actor"]), lines=1)

    def _changed_between(self, key: str, before: LastSeal, number: int, said: Mapping[str, Any]) -> Fault:
        what = named(before.name, before.row, said["reference"])
        since = f"between line {before.line} and line {number}" if before.line else f"before line {number}"
        how = "was changed" if before.digest else "was put in"
        return Fault(key, f"{what} {how} behind the desk's back, {since}.", number, str(said["reference"]))

    def _end(self) -> Iterator[Fault]:
        noted = events.noted_end(self._session)
        last, last_hash = self._last
        if noted is None and last:
            yield Fault("end", "The note of where the trail ends is gone.", last)
        elif noted is not None and noted[0] > last:
            gone = noted[0] - last
            lines = "line was" if gone == 1 else "lines were"
            yield Fault(
                "end", f"The trail ends with line {last}, and went on to {noted[0]}: {gone} {lines} cut off.", last
            )
        elif noted is not None and noted[0] < last:
            yield Fault("end", f"The desk's last line is {noted[0]}; what follows it was put in.", noted[0] + 1)
        elif noted is not None and noted[1] != last_hash:
            yield Fault("end", f"The last line, {last}, is not the one that the desk wrote.", last)
        if not self._head_found:
            yield Fault("head", f"No line has the hash {self._head}: the trail was rewritten since it was noted down.")

    # ---------------------------------------------------------------------------------------------- the decisions

    def _decisions(self) -> Iterator[Fault]:
        """Each decision is as its line tells it: by whom, on which facts, with which findings, under which policy."""
        stored = self._session.execute(select(PolicyVersion.id, PolicyVersion.fingerprint))
        policies = {row.id: row.fingerprint for row in stored}
        for batch in batches_of(self._session.connection(), Record.metadata.tables["decision"]):
            rows = [row for row in batch if not isinstance(row, Unreadable)]
            references = self._references([row["application_id"] for row in rows])
            lines = {
                row["id"]: self._notes.decision_line(references.get(row["application_id"], ""), row["id"])
                for row in rows
            }
            said = self._lines_of([line for line in lines.values() if line is not None])
            for row in rows:
                reference, line = references.get(row["application_id"]), lines[row["id"]]
                told = said.get(line) if line is not None else None
                fault = self._decision(row, reference, told, policies)
                if fault is not None:
                    self._told.add(fault.about)
                    yield fault
        for reference, line in self._notes.decisions_not_found():
            yield Fault(
                f"line {line}", f"Line {line} tells of a decision on {reference}, which is gone.", line, reference
            )

    def _decision(self, row: Row, reference: str | None, told: Row | None, policies: Mapping[int, str]) -> Fault | None:
        key, what = seal_key("decision", row["id"]), named("decision", row["id"], reference)
        if told is None:
            return Fault(key, f"{what} is in no line of the trail.", None, reference)
        values = {**row, "policy": policies.get(row["policy_version_id"])}
        wrong = differences("decision", values, [told])
        return (
            Fault(key, f"{what} is not as the trail tells it. {wrong}", told["sequence"], reference) if wrong else None
        )

    def _references(self, applications: list[int]) -> dict[int, str]:
        query = select(Application.id, Application.reference).where(Application.id.in_(applications))
        return {row.id: row.reference or "" for row in self._session.execute(query)}

    def _lines_of(self, numbers: list[int]) -> dict[int, Row]:
        rows = chosen(self._session.connection(), events.TRAIL, events.TRAIL.c.sequence.in_(numbers))
        return {row["sequence"]: row for row in rows}

    # --------------------------------------------------------------------------------------------------- the rows

    def _sealed_rows(self) -> Iterator[Fault]:
        for name, table in sealed_tables().items():
            for key, fault in self._rows_of(name, table):
                if key not in self._told:
                    yield fault

    def _rows_of(self, name: str, table: Table) -> Iterator[tuple[str, Fault]]:
        """The rows of a table beside the trail's last seals of them, both by row number."""
        last_seals = self._notes.last_seals(name)
        last = next(last_seals, None)
        key = key_of(table).name
        for row in rows_of(self._session.connection(), table):
            self._rows += 1
            if self._rows % 1_000 == 0:
                self._progress(self._rows, "rows of the record")
            number = row.key if isinstance(row, Unreadable) else row[key]
            while last is not None and last.row < number:
                yield from self._gone(last)
                last = next(last_seals, None)
            mine = last if last is not None and last.row == number else None
            yield from self._row(name, number, row, mine)
            if mine is not None:
                last = next(last_seals, None)
        while last is not None:
            yield from self._gone(last)
            last = next(last_seals, None)

    def _row(self, name: str, number: int, row: Row | Unreadable, last: LastSeal | None) -> Iterator[tuple[str, Fault]]:
        key = seal_key(name, number)
        try:
            found = digest(name, row) if not isinstance(row, Unreadable) else ""
        except (TypeError, ValueError, AttributeError):  # what no row of ours ever held, such as bytes
            found = ""
        if found == (last.digest if last else None):
            if name == "ledger_entry" and not isinstance(row, Unreadable) and last is not None and not last.inherited:
                self._notes.money(_movement(row, row["actor"]), entries=1)
            return
        reference = self._reference_of(row)
        what = named(name, number, reference)
        if last is None or last.digest is None:
            told = "is in no line of the trail: it was put in behind the desk's back."
            yield key, Fault(key, f"{what} {told}", None, reference)
            return
        told = f"{what} is not as line {last.line} left it."
        if isinstance(row, Unreadable) or found is None:
            wrong = (
                row.why if isinstance(row, Unreadable) else "It was made a draft again, which nothing that was sent is."
            )
        else:
            wrong = differences(name, row, self._lines_about(reference, last.line)) or _NOT_REPEATED
        yield key, Fault(key, f"{told} {wrong}", last.line, reference)

    def _gone(self, last: LastSeal) -> Iterator[tuple[str, Fault]]:
        if last.digest is None:
            return
        key = seal_key(last.name, last.row)
        told = self._lines_of([last.line]).get(last.line)
        reference = str(told["reference"]) if told else None
        what = named(last.name, last.row, reference)
        yield key, Fault(key, f"{what} is gone; line {last.line} tells of it.", last.line, reference)

    def _reference_of(self, row: Row | Unreadable) -> str | None:
        """Which case a row belongs to, as far as that can still be told."""
        if isinstance(row, Unreadable):
            return None
        if row.get("reference"):
            return str(row["reference"])
        tables = Record.metadata.tables
        for column, name in (("application_id", "application"), ("award_id", "award")):
            if row.get(column) is not None:
                table = tables[name]
                query = select(table.c.reference).where(table.c.id == row[column])
                return self._session.connection().execute(query).scalar_one_or_none()
        return None

    def _lines_about(self, reference: str | None, last: int) -> list[Row]:
        """The lines in which a row's columns may be told: those of its case, and the one that sealed it."""
        trail = events.TRAIL.c
        mine = trail.sequence == last
        where = mine if reference is None else mine | (trail.reference == reference)
        return chosen(self._session.connection(), events.TRAIL, where)

    # ------------------------------------------------------------------------------------------ policies and money

    def _policies(self) -> Iterator[Fault]:
        for row in rows_of(self._session.connection(), Record.metadata.tables["policy_version"]):
            if isinstance(row, Unreadable) or seal_key("policy_version", row["id"]) in self._told:
                continue
            key, fingerprint = seal_key("policy_version", row["id"]), row["fingerprint"]
            if hashlib.sha256(str(row["toml"]).encode()).hexdigest() != fingerprint:
                yield Fault(key, f"The text of policy {fingerprint[:12]} is not the one that has this fingerprint.")
                continue
            if wrong := _fault_of_policy(row["toml"]):
                yield Fault(key, f"Policy {fingerprint[:12]} cannot be read by this desk: {wrong}")

    def _ledger(self) -> Iterator[Fault]:
        """Entries and lines one to one, and entries that sum to the balances."""
        for moved, lines, entries in self._notes.money_that_differs():
            told = f"{counted(lines, 'line')} of the trail tell of it, and {counted(entries, 'entry', 'entries')}"
            yield Fault("ledger", f"{_movement_text(moved)}: {told} of the ledger.")
        try:
            differences = reconcile(self._session)
        except (TypeError, ValueError, AttributeError, KeyError):  # what no row of ours ever held
            yield Fault("ledger", "The ledger cannot be added up: some of its rows cannot be read.")
            return
        for difference in differences:
            yield Fault("ledger", f"{difference}.")


def _decision_in(said: Mapping[str, Any]) -> int:
    """The row of the decision that a line made; 0 where it names none."""
    return next((int(key.partition(":")[2]) for key, _, _ in seals_in(said) if key.startswith("decision:")), 0)


_NOT_REPEATED = (
    "What was changed is in no line in words, so this cannot say what it was: compare the row with a backup."
)


@lru_cache(maxsize=32)
def _fault_of_policy(toml: str) -> str:
    """What is wrong with a policy's text; "" where it can be read. Reading one takes longer than all else about it."""
    try:
        stored_policy(toml, "it")
    except PolicyError as error:
        return str(error)
    return ""


def _movement(values: Mapping[str, Any], actor: str) -> str:
    """A movement of money as its line and its entry both have it."""
    told = [values.get(name) for name in ("fund", "year", "pot", "kind", "amount", "note")]
    return json.dumps([*told, actor], ensure_ascii=False, default=str)


def _movement_text(moved: str) -> str:
    fund, year, pot, kind, amount, _, actor = json.loads(moved)
    where = " ".join(str(part) for part in (fund, year_label(year) if type(year) is int else year, pot) if part)
    shown = display(amount) if type(amount) is int else amount
    return f"{where}: {str(kind).replace('_', ' ')} of {shown} by {actor}"
