"""Where the bytes of documents are: a folder of ours, or whatever else fsspec can reach. Never under the web's root.

A key is random and says nothing of whose the bytes are. They are written before the row that names them, so that a
crash in between leaves bytes that no row names: `core.documents.orphans` finds those. One store serves one record.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fsspec


class StoreAway(Exception):  # noqa: N818 - it comes back
    """The store does not answer, or has not got what it should have. The text says what happened."""


class DocumentStore:
    """Bytes by key, under an fsspec URL such as `file:///var/lib/award-desk` or `s3://bucket/documents`.

    Raises ValueError for a URL that nothing here can open. A store that is away now is opened when it is needed; each
    raises errors of its own kind, so that whatever goes wrong in one counts as its being away.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: tuple[Any, str] | None = None
        with suppress(StoreAway):
            self._open()

    @property
    def _files(self) -> Any:
        """The store's file system. Raises StoreAway, and ValueError as the class says."""
        return self._open()[0]

    @property
    def _root(self) -> str:
        return self._open()[1]

    @property
    def _local(self) -> bool:
        return "file" in self._files.protocol

    def _open(self) -> tuple[Any, str]:
        if self._opened is None:
            with _away("the store of documents cannot be opened"):
                try:
                    files, root = fsspec.core.url_to_fs(self.url)
                except (ImportError, ValueError) as error:
                    wrong = str(error)
                else:
                    self._opened = files, str(root).rstrip("/")
                    return self._opened
            raise ValueError(wrong)
        return self._opened

    def put(self, content: bytes, *, now: datetime) -> str:
        """Keep bytes, on the disk before this answers; answers their key. Raises StoreAway."""
        key = f"{now.astimezone(UTC):%Y-%m-%d}/{secrets.token_hex(16)}"
        try:
            with _away("a document could not be kept"):
                path = self._path(key)
                self._prepare(path)
                with self._files.open(path, "wb") as file:
                    file.write(content)
                    if self._local:
                        file.flush()
                        os.fsync(file.fileno())
        except StoreAway:
            self.remove(key)
            raise
        return key

    def _prepare(self, path: str) -> None:
        """Make the folder: of our own one, nobody else on the machine may look into it."""
        folder = path.rpartition("/")[0]
        if self._local:
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files.makedirs(folder, exist_ok=True)

    def read(self, key: str) -> bytes:
        """The bytes of a key. Raises StoreAway where they are not there."""
        with _away(f"document {key} could not be read"):
            return bytes(self._files.cat_file(self._path(key)))

    def remove(self, key: str) -> None:
        """Take bytes away. What is not there, or cannot be taken away now, is found again as an orphan."""
        with suppress(StoreAway), _away(f"document {key} could not be taken away"):
            self._files.rm_file(self._path(key))

    def all_keys(self) -> Iterator[tuple[date, str]]:
        """Every key that there is now, with the day on which it was made. Raises StoreAway.

        What a store remembers of an earlier look (as those of clouds do, for as long as the process runs) is not asked.
        """
        with _away("the documents could not be listed"):
            root = self._root
            self._files.invalidate_cache()  # without a path: of a folder alone, what is in it would still be remembered
            try:
                found = self._files.find(root)
            except FileNotFoundError:
                return
        for path in found:
            day, _, name = str(path)[len(root) :].lstrip("/").partition("/")
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


@contextmanager
def _away(what: str) -> Iterator[None]:
    """Whatever goes wrong inside is StoreAway, with what it was in one line."""
    try:
        yield
    except StoreAway:
        raise
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise StoreAway(f"{what}: {said}") from error
