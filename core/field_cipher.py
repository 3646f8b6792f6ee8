"""Encryption of single fields of the record: AES-256 in Galois/Counter mode, under keys that each have an id.

What is locked says which key opens it, and is bound to what it is about: copied to another row it does not open.
The first key locks, every key opens; so a new key is put in front, everything is locked again, and the old one goes.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEY_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""What a key may be called."""


class CannotOpen(Exception):  # noqa: N818 - as core.errors: what it says is for people
    """A locked field does not open: its key is not among ours, or it was changed or copied from elsewhere."""


class FieldCipher:
    """Locks and opens fields. Never shows a key, neither by `repr` nor in an error."""

    def __init__(self, keys: Mapping[str, bytes] | None = None) -> None:
        """`keys` by their ids, each of 32 bytes; the first locks. Raises ValueError for a key or an id that is none."""
        for name, key in (keys or {}).items():
            if not KEY_ID.fullmatch(name):
                raise ValueError("a key's id has letters, digits, - and _, at most 32 of them")
            if len(key) != KEY_BYTES:
                raise ValueError(f"the key '{name}' is not {KEY_BYTES} bytes long")
        self._keys = {name: AESGCM(key) for name, key in (keys or {}).items()}

    def __repr__(self) -> str:
        """The ids of the keys only."""
        return f"FieldCipher({', '.join(self._keys)})"

    @property
    def current(self) -> str:
        """The id of the key that locks; "" where there is none."""
        return next(iter(self._keys), "")

    def lock(self, text: str, about: str) -> str:
        """Lock a text. `about` is what it belongs to, such as "bank_details of award 7". Raises CannotOpen."""
        if not self._keys:
            raise CannotOpen("There is no key to encrypt with: the setting FIELD_KEYS is empty.")
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self.current].encrypt(nonce, text.encode(), _bound(self.current, about))
        return f"{self.current}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, locked: str, about: str) -> str:
        """What was locked as being about this. Raises CannotOpen."""
        name = key_of(locked)
        key = self._keys.get(name)
        if key is None:
            raise CannotOpen(f"It is encrypted with the key '{name}', which is not in the setting FIELD_KEYS.")
        try:
            sealed = base64.urlsafe_b64decode(locked.partition(":")[2])
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(name, about)).decode()
        except (InvalidTag, ValueError, binascii.Error):
            raise CannotOpen(
                f"The key '{name}' does not open it: it is another key, or what is stored was changed or belongs "
                "elsewhere."
            ) from None


def key_of(locked: str) -> str:
    """The id of the key that a locked field names."""
    return locked.partition(":")[0]


def _bound(name: str, about: str) -> bytes:
    return f"{name}\n{about}".encode()


def new_key() -> str:
    """A new key as the setting writes it: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def read_keys(setting: str) -> dict[str, bytes]:
    """The keys of a setting `id:key,id:key`, in their order. Raises ValueError, which never repeats a key."""
    keys: dict[str, bytes] = {}
    for number, entry in enumerate((part.strip() for part in setting.split(",") if part.strip()), 1):
        name, _, written = entry.partition(":")
        if not KEY_ID.fullmatch(name) or not written:
            raise ValueError(f"entry {number} is not id:key; give what 'award-desk keys make NAME' prints")
        if name in keys:
            raise ValueError(f"two keys are called '{name}'; give each an id of its own")
        try:
            key = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(
                f"the key '{name}' is not {KEY_BYTES} bytes in base64; give what 'award-desk keys make NAME' prints"
            )
        keys[name] = key
    return keys
