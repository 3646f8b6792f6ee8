"""The commands about the keys that bank details are encrypted with."""

from __future__ import annotations

import click

from core import bank_details
from core.field_cipher import KEY_ID, new_key
from core.rules.words import counted
from desk.settings import FIELD_KEYS_FILE, PREFIX
from desk.terminal import Said, as_json, opened, plainly, show, table, who


@click.group("keys")
def keys_() -> None:
    """The keys that bank details are encrypted with: FIELD_KEYS."""


@keys_.command("make")
@click.argument("name")
@plainly
def keys_make(name: str) -> None:
    """Print a new key called NAME, for the front of FIELD_KEYS. Nothing is kept and nothing is changed.

    Example: award-desk keys make 2027-04
    """
    if not KEY_ID.fullmatch(name):
        raise Said("A key's name has letters, digits, - and _, at most 32 of them: a month will do, such as 2027-04.")
    click.echo(f"{name}:{new_key()}")


@keys_.command("list")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def keys_list(json_: bool) -> None:
    """Say which keys there are, and how many bank details each is needed for. Never prints a key.

    Example: award-desk keys list
    """
    with opened() as desk:
        with desk.office.reading() as session:
            needed = bank_details.by_key(session)
        there = list(desk.chosen.field_keys)
    rows = [
        {"key": name, "there": name in there, "needed_for": needed.get(name, 0)}
        for name in dict.fromkeys([*there, *needed])
    ]
    if json_:
        as_json(rows)
        return
    made = table("Key", "Is", "Needed for")
    for row in rows:
        state = "missing" if not row["there"] else "encrypts" if row["key"] == there[0] else "decrypts"
        made.add_row(str(row["key"]), state, str(row["needed_for"]))
    show(made)


@keys_.command("rotate")
@plainly
def keys_rotate() -> None:
    """Encrypt everything with the first of FIELD_KEYS again. The others can then be taken out.

    Example: award-desk keys rotate
    """
    with opened() as desk:
        with desk.office.sessions.begin() as session:
            changed = bank_details.lock_again(session, office=desk.office, actor=who(), now=desk.office.clock())
        first, *others = desk.chosen.field_keys
    where = f"{PREFIX}FIELD_KEYS (or {FIELD_KEYS_FILE} in the data folder)"
    click.echo(f"{counted(changed, 'row')} encrypted again with the key '{first}'.")
    if others:
        click.echo(f"Take {', '.join(others)} out of {where}, unless an old backup still needs it.")
