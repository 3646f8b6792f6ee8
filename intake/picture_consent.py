"""What is said of a picture when it is sent: who is in it, that they agreed, and whether the public may see it (R1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.rules.answers import clean_short
from core.rules.documents import Consent, DocumentKind
from core.rules.questions import Fault
from intake import pages

SHOWS, AGREED, PUBLISH = "shows", "agreed", "publish"
"""The fields of the form."""

LONGEST = 300
"""Characters of who is in it."""


def typed() -> dict[str, str]:
    """What was said in the form that came in."""
    return pages.typed((SHOWS, AGREED, PUBLISH))


def read(raw: Mapping[str, str]) -> tuple[Consent | None, list[Fault]]:
    """What was said of a picture, or None and every fault."""
    shows, publish = clean_short(raw.get(SHOWS, "")), raw.get(PUBLISH, "")
    faults = []
    if not shows:
        faults.append(_fault(SHOWS, "Say who is in the picture, or that nobody is"))
    elif len(shows) > LONGEST:
        faults.append(_fault(SHOWS, f"Who is in it must be {LONGEST} characters or fewer. It has {len(shows)}"))
    if raw.get(AGREED) != "yes":
        said = "Send a picture only where everybody in it agreed, and confirm that they did"
        faults.append(_fault(AGREED, said))
    if publish not in ("yes", "no"):
        faults.append(_fault(PUBLISH, "Say whether we may publish it"))
    return (None, faults) if faults else (Consent(shows, publish == "yes"), [])


def _fault(field: str, message: str) -> Fault:
    return Fault(field, DocumentKind.PICTURE.value, message, f"/{field}")


def fields(raw: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The three fields with what was said in them, as the macros of the form take them."""
    found: dict[str, dict[str, Any]] = {
        SHOWS: {
            "id": SHOWS,
            "name": SHOWS,
            "value": raw.get(SHOWS, ""),
            "label": {"text": "Who is in the picture?", "classes": "govuk-label--s"},
            "hint": {"text": "Such as “two of our coaches and six young people”. Say “nobody” if nobody can be seen."},
        },
        AGREED: {
            "name": AGREED,
            "idPrefix": AGREED,
            "values": [text for text in (raw.get(AGREED, ""),) if text == "yes"],
            "items": [
                {"value": "yes", "text": "Everybody in it agreed that you send it to us, for a child a parent or carer"}
            ],
            "fieldset": {"legend": {"text": "Did they agree?", "classes": "govuk-fieldset__legend--s"}},
        },
        PUBLISH: {
            "name": PUBLISH,
            "idPrefix": PUBLISH,
            "value": raw.get(PUBLISH, ""),
            "classes": "govuk-radios--inline",
            "items": [{"value": "yes", "text": "Yes, they agreed to that"}, {"value": "no", "text": "No"}],
            "fieldset": {"legend": {"text": "May we publish it?", "classes": "govuk-fieldset__legend--s"}},
            "hint": {"text": "On our website, or in our Annual Report. Without a yes nobody but our office sees it."},
        },
    }
    for name, params in found.items():
        if name in wrong:
            params["errorMessage"] = {"text": wrong[name]}
    return found
