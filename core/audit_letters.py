"""What the story of an award calls each letter that was mailed."""

from __future__ import annotations

from collections.abc import Mapping

_LETTERS: Mapping[str, str] = {
    "receipt": "the receipt",
    "offer": "the offer",
    "declined": "the letter that declines it",
    "withdrawn": "the confirmation that it is withdrawn",
    "award_started": "the letter that the award has begun",
    "offer_refused": "the confirmation that the offer was refused",
    "offer_expired": "the letter that the offer has run out",
    "offer_extended": "the letter that the offer stays open longer",
    "offer_withdrawn": "the letter that the offer is withdrawn",
    "decline_undone": "the letter that the decline no longer holds",
    "measures_agreed": "the letter that the measures are changed as proposed",
    "measures_declined": "the letter that the measures stay as they are",
    "bank_details": "the letter that bank details were given",
    "return_received": "the thanks for the return",
    "question": "the question about it",
    "contacts_changed": "the letter that says whom we write to now",
    "corrected": "the receipt for its correction",
    "return_queried": "the question about the return",
    "more_time_agreed": "the agreement to more time",
    "more_time_declined": "the letter that declines more time",
    "issue_closed": "the answer to the issue",
    "meeting_invited": "the invitation to a meeting",
    "meeting_moved": "the letter that a meeting is changed",
    "meeting_cancelled": "the letter that a meeting is cancelled",
    "meeting_time_declined": "the answer to another time for a meeting",
    "meeting_notes": "the notes of a meeting",
    "forum_invitation": "the invitation to a Provider Forum",
    "document_refused": "the letter that a document was refused",
    "nudge": "a reminder",
}


CONTACTS: Mapping[str, str] = {
    "contact_name": "the first contact's name",
    "contact_email": "the first contact's address",
    "second_name": "the second contact's name",
    "second_email": "the second contact's address",
}
"""What the story calls each part of whom the office writes to."""


def letter(kind: str) -> str:
    """A kind of letter in words."""
    return _LETTERS.get(kind, kind.replace("_", " "))
