"""What the deadlines channel is told of a recipient: that they ask for more time, raise an issue, or propose another
time for a meeting (D0, R2).
"""

from __future__ import annotations

from bot import blocks
from bot.blocks import Message
from bot.words import Typed, day, escaped
from core.office import london_moment
from core.records import Award, Issue, MeetingProposal, TimeRequest

SHOWN = 600
"""How many characters of what a recipient wrote are shown: the record has all of it."""


def message_for_time_request(request: TimeRequest) -> Message:
    """A request for more time, its reason in the recipient's own words."""
    asked = f"The return due on {day(request.due)} would be due on {day(request.until)}."
    return _message(
        request.award,
        "More time is asked for",
        asked,
        Typed(request.reason),
        "Until it is agreed the return stays due on its day. Answer soon: the reminders go on.",
    )


def message_for_issue(issue: Issue) -> Message:
    """An issue, with whose it is."""
    owner = f"It is for {issue.owner.name}." if issue.owner else "Nobody is on the staff list to own it."
    return _message(
        issue.award,
        "An issue is raised",
        owner,
        Typed(issue.text),
        "It is open until it is closed with what came of it; the recipient gets that by e-mail.",
    )


def message_for_meeting_time(proposal: MeetingProposal, public_url: str) -> Message:
    """Another time that a recipient proposes for a meeting, with where it is answered."""
    meeting = proposal.meeting
    line = f"{london_moment(proposal.starts_at)}, instead of {london_moment(meeting.starts_at)}."
    return _message(
        meeting.award,
        "Another time for a meeting",
        f"The recipient proposes {line}",
        Typed(proposal.words or "(no words with it)"),
        f"{meeting.invited_by.name} sent the invitation. Until it is answered the meeting stays when it is.",
        page=("Answer it", f"{public_url}/desk/meetings/{meeting.deadline_id}"),
    )


def _message(
    award: Award, heading: str, line: str, said: Typed, next_step: str, page: tuple[str, str] | None = None
) -> Message:
    name = Typed(award.application.organisation_name or "")
    return Message(
        escaped(f"{heading}: {award.reference}. {line}", 400),
        [
            blocks.header(f"{heading}: {award.reference}"),
            blocks.rich(
                blocks.paragraph(blocks.words(name, 80, bold=True)),
                blocks.paragraph(blocks.words(line)),
                blocks.quote(said, SHOWN),
            ),
            blocks.context(blocks.plain(next_step)),
            *([_open(*page, award)] if page else []),
        ],
    )


def _open(label: str, address: str, award: Award) -> blocks.Block:
    button = blocks.button(label, "open", url=address, says=f"{label}: {award.reference}, on the staff pages")
    return blocks.actions("open", button)
