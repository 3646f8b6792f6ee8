"""The commands for whoever audits: whether the record can be relied on, and the story of one award."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator

import click

from core.audit import Verified, unwatched
from core.audit import verify as verified
from core.audit_story import Story, story
from core.audit_told import Detail, Entry
from core.office import LONDON
from core.rules.words import counted, listed
from desk.terminal import VERDICTS, as_json, opened, plainly

NARROWEST, WIDEST = 40, 110
"""Columns of text: a terminal may be wider, but lines of text are not read well then."""


@click.group("audit")
def audit() -> None:
    """Whether the record can be relied on, and the story of one award."""


@audit.command("verify")
@click.option("--head", default="", metavar="HASH", help="The hash of the last line, as noted down earlier.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def audit_verify(head: str, json_: bool) -> None:
    """Find every change made behind the desk's back: in the trail, the decisions, the awards, the money.

    Exit status 1 if there is one. Note the hash down that it prints: with --head it proves later that nothing up to
    then was rewritten.

    Example: award-desk audit verify
    """
    with opened() as desk, desk.office.reading() as session:
        found = verified(session, head=head, progress=_progress if sys.stderr.isatty() else unwatched)
    _end_of_progress()
    if json_:
        as_json(found.as_data())
    else:
        for line in _told(found, head):
            click.echo(line)
    sys.exit(0 if found.sound else 1)


def _progress(count: int, what: str) -> None:
    click.echo(f"\r{count:,} {what} read\x1b[K", nl=False, err=True)


def _end_of_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _told(found: Verified, head: str) -> Iterator[str]:
    for fault in found.faults:
        yield _clean(fault.said)
    if found.more:
        yield f"... and {found.more:,} more"
    if not found.sound:
        wrong = counted(len(found.faults) + found.more, "fault")
        yield f"The record does not hold: {wrong} in {counted(found.lines, 'line')} and {counted(found.rows, 'row')}."
        return
    noted = ", the one noted down among them" if head else ""
    yield (
        f"The record holds: {counted(found.lines, 'line')}{noted}, the last {found.head} "
        "(note it down: 'award-desk audit verify --head HASH' later proves that nothing before it was rewritten)."
    )


@audit.command("show")
@click.argument("reference")
@click.option("--private", is_flag=True, help="Personal details too: address, postcode, reasons of interests.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def audit_show(reference: str, private: bool, json_: bool) -> None:
    """Tell the story of one application and its award, in order of time, as an auditor would read it.

    Example: award-desk audit show YF-2026-7K4MPX
    """
    with opened() as desk, desk.office.reading() as session:
        told = story(
            session,
            reference,
            office=desk.office,
            today=desk.office.today(),
            private=private,
            progress=_progress if sys.stderr.isatty() else unwatched,
        )
    _end_of_progress()
    if json_:
        as_json(told.as_data())
        return
    for line in printed(told, width()):
        click.echo(line)


def width() -> int:
    """How wide text may be: the terminal, within reason."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def printed(told: Story, columns: int) -> Iterator[str]:
    """A story as lines of text no wider than so many columns."""
    yield told.reference
    for detail in told.standing:
        yield from _detail(detail, columns, 2)
    yield ""
    yield from _wrapped("What happened, in London time; in brackets the line of the trail", columns)
    yield ""
    told_before: dict[tuple[str, ...], int] = {}
    for entry in told.entries:
        yield from _entry(entry, columns)
        yield from _findings(entry, columns, told_before)
    if told.to_come:
        yield from ("", "What is still to come", "")
        for entry in told.to_come:
            yield from _entry(entry, columns, timed=False)
    yield from ("", "What is published", "")
    for detail in told.published:
        yield from _detail(detail, columns, 2)
    yield ""
    yield from _wrapped(told.reliance.said, columns)


def _entry(entry: Entry, columns: int, *, timed: bool = True) -> Iterator[str]:
    local = entry.at.astimezone(LONDON)
    head = f"{local:%-d %b %Y %H:%M}" if timed else f"{local:%-d %b %Y}"
    by = f" - {entry.by}" if entry.by else ""
    line = f" [{entry.line}]" if entry.line else ""
    yield from _wrapped(f"{head}  {entry.what}{by}{line}", columns, after=4)
    for detail in entry.details:
        yield from _detail(detail, columns, 4)


def _findings(entry: Entry, columns: int, told_before: dict[tuple[str, ...], int]) -> Iterator[str]:
    """What the rules said; what an earlier line has word for word is named, and not said again."""
    again: dict[int, list[str]] = {}
    for finding in entry.findings:
        verdict, rule, because, remedy, paragraph = (
            str(finding.get(name) or "") for name in ("verdict", "rule", "because", "remedy", "paragraph")
        )
        said = (verdict, rule, because, remedy, paragraph)
        if said in told_before:
            again.setdefault(told_before[said], []).append(rule)
            continue
        told_before[said] = entry.line or 0
        text = f"{VERDICTS.get(verdict, verdict):<8}{rule:<4}{f'{because} {remedy}'.strip()} ({paragraph})"
        yield from _wrapped(text, columns, before=4, after=16)
    for line, rules in again.items():
        yield from _wrapped(
            f"The rest is word for word as in line {line}: {listed(rules)}.", columns, before=4, after=8
        )


def _detail(detail: Detail, columns: int, indent: int) -> Iterator[str]:
    yield from _wrapped(f"{detail.label}: {detail.text}", columns, before=indent, after=indent + 4)


def _wrapped(text: str, columns: int, *, before: int = 0, after: int = 0) -> Iterator[str]:
    """A text no wider than so many columns; its own lines stay lines, further in."""
    for number, line in enumerate(text.splitlines() or [""]):
        indent = " " * (before if number == 0 else after)
        yield from textwrap.wrap(
            _clean(line),
            columns,
            initial_indent=indent,
            subsequent_indent=" " * after,
            break_on_hyphens=False,
        ) or [""]


def _clean(text: str) -> str:
    """A text without what would act on the terminal instead of being read: somebody else typed it."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
