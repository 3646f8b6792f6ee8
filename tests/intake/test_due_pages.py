"""Each kind that falls due has its page at the desk, and from there a way to what it is about."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from core.office import Office
from core.rules.falling_due import KINDS, named
from core.rules.words import capital
from tests.core.every_kind import EVERY
from tests.intake.conftest import Browser
from tests.intake.test_staff_awards import text_of

SEEN_TO = {
    "return": "/desk/returns/",
    "meeting": "/desk/meetings/",
    "decision": "/desk/applications/",
    "answer": "/desk/applications/",
    "retention": "/desk/applications/",
    "forum": "/desk/forums",
    "bid": "/desk/bids/",
    "opportunity": "/desk/opportunities/",
    "publication": "/desk/dates/",
    "annual-report": "/desk/dates/",
}
"""Where it is seen to, of what is not seen to on the page of its award."""

BY_ITSELF = ("window-opens", "window-closes")


@pytest.mark.one_database
@pytest.mark.parametrize("kind", KINDS)
def test_it_has_a_page_that_leads_to_where_it_is_seen_to(
    signed_in: Callable[..., Browser], office: Office, kind: str
) -> None:
    _, due = EVERY[kind].made(office, kind)
    browser = signed_in()
    page = text_of(browser.get(f"/desk/deadlines/{due.id}"))
    assert named(kind).noun in page or capital(named(kind).noun) in page
    where = re.findall(r'<a class="govuk-link" href="([^"]+)">Open (?:the|what) ', page)
    if kind in BY_ITSELF:
        assert where == []
        return
    assert len(where) == 1
    assert where[0].startswith(SEEN_TO.get(kind, "/desk/awards/"))
    assert browser.get(where[0]).status_code == 200
