"""The buttons of a card, by how the application stands. What each does, and who may, is in `bot.actions`.

Three buttons decide and stand alone in their row; what is pressed less stands beside them, the rest in a menu: a row of
a phone holds three. Whoever presses is told if it is not for them, or not yet: a card cannot know who reads it.
"""

from __future__ import annotations

from bot import blocks
from bot.action import MENU, Carried
from bot.blocks import Block, Part
from bot.card_facts import ApplicationCard
from core.rules.lifecycle import RUNNING, ApplicationState


def rows(facts: ApplicationCard) -> list[Block]:
    """The rows of buttons; none where there is nothing left to do or to look at."""
    second = [_button(facts, label, action) for label, action in _beside(facts)]
    if facts.register_url and not facts.open:
        says = f"Open {facts.reference}"
        second.append(blocks.button("Open on the register", "open", url=facts.register_url, says=says))
    choices = _menu(facts)
    if choices:
        packed = Carried("application", facts.id, facts.version)
        second.append(blocks.menu(MENU, [(label, packed.to_do(action)) for label, action in choices]))
    made = [blocks.actions(f"more-{facts.version}", *second)]
    if not facts.open:
        return made
    first = "recommend" if facts.recommendation is None else "approve"
    deciding = [
        _button(facts, "Recommend…", "recommend", "primary" if first == "recommend" else ""),
        _button(facts, "Approve…", "approve", "primary" if first == "approve" else ""),
        _button(facts, "Decline…", "decline", "danger"),
    ]
    return [blocks.actions(f"card-{facts.version}", *deciding), *made]


def _button(facts: ApplicationCard, label: str, action: str, style: str = "") -> Part:
    value = Carried("application", facts.id, facts.version).packed()
    return blocks.button(label, action, value=value, style=style, says=f"{label.rstrip('…')}: {facts.reference}")


def _beside(facts: ApplicationCard) -> list[tuple[str, str]]:
    """What stands in the second row."""
    found = []
    if facts.open and facts.taken is None:
        found.append(("Take it", "take"))
    if facts.state in (ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED):
        found.append(("Ask the applicant…", "ask"))
    if facts.state is ApplicationState.QUERIED:
        found.append(("Take the question back", "take_back"))
    return [*found, ("Read it all", "read")]


def _menu(facts: ApplicationCard) -> list[tuple[str, str]]:
    """What stands in the menu, of which Slack shows five. A recommended one is not taken over: it waits for others."""
    found = [("Documents…", "documents")]
    if facts.state in (ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED):
        found.append(("Send back to be corrected…", "send_back"))
    if facts.open:
        found.append(("Declare an interest…", "interest"))
        on_list = ("Take off the panel's list", "take_off_list")
        found.append(on_list if facts.sitting else ("Put on the next panel's list", "put_on_list"))
    if facts.may_undo:
        found.append(("Undo your recommendation…" if facts.open else "Undo your decision…", "undo"))
    elif facts.open and facts.taken is not None:
        found.append(("Take it over", "take_over"))
    if facts.award in RUNNING:
        found.append(("Who looks after it…", "give_award"))
    return found
