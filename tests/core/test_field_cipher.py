"""Fields are locked under keys by id, bound to what they are about, and opened by no other key and nowhere else."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.field_cipher import CannotOpen, FieldCipher, key_of, new_key, read_keys

OLD, NEW = os.urandom(32), os.urandom(32)
ABOUT = "bank_details of award 7"


@given(st.text())
def test_what_was_locked_opens(text: str) -> None:
    cipher = FieldCipher({"new": NEW, "old": OLD})
    locked = cipher.lock(text, ABOUT)
    assert key_of(locked) == "new"
    assert cipher.open(locked, ABOUT) == text


def test_the_same_text_is_never_locked_the_same() -> None:
    cipher = FieldCipher({"k": NEW})
    assert len({cipher.lock("309430", ABOUT) for _ in range(50)}) == 50


def test_every_key_opens_and_the_first_locks() -> None:
    before = FieldCipher({"old": OLD})
    locked = before.lock("309430", ABOUT)
    after = FieldCipher({"new": NEW, "old": OLD})
    assert after.open(locked, ABOUT) == "309430"
    assert after.current == "new"
    with pytest.raises(CannotOpen, match="'old', which is not in the setting"):
        FieldCipher({"new": NEW}).open(locked, ABOUT)
    with pytest.raises(CannotOpen, match="'old' does not open it"):
        FieldCipher({"old": NEW}).open(locked, ABOUT)


def test_copied_renamed_cut_or_changed_it_does_not_open() -> None:
    cipher = FieldCipher({"a": NEW, "b": NEW})
    locked = cipher.lock("309430", ABOUT)
    raw = bytearray(base64.urlsafe_b64decode(locked.partition(":")[2]))
    raw[-1] ^= 1
    changed = f"a:{base64.urlsafe_b64encode(raw).decode()}"
    for about, text in [
        ("bank_details of award 8", locked),
        (ABOUT, locked.replace("a:", "b:", 1)),
        (ABOUT, locked[:-4]),
        (ABOUT, changed),
        (ABOUT, "a:"),
        (ABOUT, "a:not base64 at all"),
        (ABOUT, ""),
    ]:
        with pytest.raises(CannotOpen) as raised:
            cipher.open(text, about)
        assert "309430" not in str(raised.value)


def test_without_a_key_nothing_is_locked() -> None:
    with pytest.raises(CannotOpen, match="FIELD_KEYS is empty"):
        FieldCipher().lock("309430", ABOUT)


def test_no_key_is_ever_shown() -> None:
    key = new_key()
    cipher = FieldCipher(read_keys(f"2027-04:{key}"))
    assert repr(cipher) == "FieldCipher(2027-04)"
    assert new_key() != key


@pytest.mark.parametrize(
    "setting",
    [
        "justakey",
        "name:",
        ":AAAA",
        "bad name:" + "A" * 43,
        "k:" + "A" * 42,
        "k:" + "!" * 43,
        "k:secret-of-mine",
        f"k:{'A' * 43},k:{'B' * 43}",
    ],
)
def test_a_setting_that_is_wrong_is_refused_and_never_repeated(setting: str) -> None:
    with pytest.raises(ValueError, match="give") as raised:
        read_keys(setting)
    assert "secret-of-mine" not in str(raised.value)
    assert "AAAAA" not in str(raised.value)


def test_a_setting_is_read_in_its_order() -> None:
    first, second = new_key(), new_key()
    assert list(read_keys(f" b:{first} , a:{second.rstrip('=')},")) == ["b", "a"]
    assert read_keys("") == {}


@pytest.mark.parametrize(("name", "length"), [("", 32), ("a b", 32), ("k" * 33, 32), ("k", 31), ("k", 33)])
def test_a_key_has_an_id_and_its_length(name: str, length: int) -> None:
    key = (NEW * 2)[:length]
    with pytest.raises(ValueError, match="key"):
        FieldCipher({name: key})
