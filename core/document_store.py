"""Where the bytes of documents are: a folder of ours, or whatever else fsspec can reach. Never under the web's root.

A key is random and says nothing of whose the bytes are. They are written before the row that names them, so that a
crash in between leaves bytes that no row names: `core.documents.orphans` finds those. One store serves one record.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import fsspec


class StoreAway(Exception):  # noqa: N818 - it comes back
    """The store does not answer, or has not got what it should have. The text says what happened."""


class DocumentStore:
    """Bytes by key, under an fsspec URL such as `file:///var/lib/award-desk` or `s3://bucket/documents`.

    Raises ValueError for a URL that nothing here can open.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ValueError(str(error)) from None
        self._root = str(root).rstrip("/")
        self._local = "file" in self._files.protocol

    def put(self, content: bytes, *, now: datetime) -> str:
        """Keep bytes, on the disk before this answers; answers their key. Raises StoreAway."""
        key = f"{now.astimezone(UTC):%Y-%m-%d}/{secrets.token_hex(16)}"
        path = self._path(key)
        try:
            self._prepare(path)
            with self._files.open(path, "wb") as file:
                file.write(content)
                if self._local:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            self.remove(key)
            raise StoreAway(f"a document could not be kept: {error}") from error
        return key

    def _prepare(self, path: str) -> None:
        """Make the folder: of our own one, nobody else on the machine may look into it."""
        folder = path.rpartition("/")[0]
        if self._local:
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files.makedirs(folder, exist_ok=True)

    def read(self, key: str) -> bytes:
        """The bytes of a key. Raises StoreAway where they are not there."""
        try:
            return bytes(self._files.cat_file(self._path(key)))
        except OSError as error:
            raise StoreAway(f"document {key} could not be read: {error}") from error

    def remove(self, key: str) -> None:
        """Take bytes away. What is not there, or cannot be taken away now, is found again as an orphan."""
        with suppress(OSError):
            self._files.rm_file(self._path(key))

    def all_keys(self) -> Iterator[tuple[date, str]]:
        """Every key that there is, with the day on which it was made. Raises StoreAway."""
        try:
            found = self._files.find(self._root)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreAway(f"the documents could not be listed: {error}") from error
        for path in found:
            day, _, name = str(path)[len(self._root) :].lstrip("/").partition("/")
            with suppress(ValueError):
                yield date.fromisoformat(day), f"{day}/{name}"

    def check(self, *, now: datetime) -> None:
        """Keep something, read it and take it away again. Raises StoreAway."""
        key = self.put(b"award-desk check", now=now)
        try:
            self.read(key)
        finally:
            self.remove(key)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"
