"""Where the bytes of documents are: a folder that nobody else may look into, or another store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.document_store import DocumentStore, StoreAway
from tests.conftest import Clock


def test_the_store(tmp_path: Path, clock: Clock) -> None:
    store = DocumentStore((tmp_path / "deep" / "down").as_uri())
    assert list(store.all_keys()) == []
    store.check(now=clock())
    key = store.put(b"x", now=clock())
    assert list(store.all_keys()) == [(date(2026, 11, 23), key)]
    assert (tmp_path / "deep" / "down").stat().st_mode & 0o777 == 0o700
    store.remove(key)
    store.remove(key)
    with pytest.raises(StoreAway):
        store.read(key)
    with pytest.raises(ValueError, match="nowhere"):
        DocumentStore("nowhere://x")


def test_another_store_than_a_folder(clock: Clock) -> None:
    store = DocumentStore("memory://award-desk-tests")
    key = store.put(b"x", now=clock())
    assert store.read(key) == b"x"
    assert [one for _, one in store.all_keys()] == [key]
    store.remove(key)
    assert list(store.all_keys()) == []
