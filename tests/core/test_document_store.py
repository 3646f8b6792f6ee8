"""Where the bytes of documents are: a folder that nobody else may look into, or another store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import fsspec
import pytest

from core.document_store import DocumentStore, StoreAway
from tests.away_store import AwayFiles, RememberingFiles, ServiceError
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


@pytest.mark.one_database
def test_whatever_a_store_raises_it_is_away(away: type[AwayFiles], clock: Clock) -> None:
    """Stores raise errors of their own kinds: none of them is an OSError."""
    store = DocumentStore("away://bucket/documents")
    key = store.put(b"x", now=clock())
    away.fails = True
    with pytest.raises(StoreAway, match=r"could not be kept: the bucket does not answer, try later$") as raised:
        store.put(b"y", now=clock())
    assert isinstance(raised.value.__cause__, ServiceError)
    with pytest.raises(StoreAway, match="could not be read"):
        store.read(key)
    with pytest.raises(StoreAway, match="could not be listed"):
        list(store.all_keys())
    with pytest.raises(StoreAway):
        store.check(now=clock())
    store.remove(key)  # found again as an orphan
    away.fails = False
    assert store.read(key) == b"x"
    assert [one for _, one in store.all_keys()] == [key]


@pytest.mark.one_database
def test_a_store_that_remembers_what_it_listed_is_listed_afresh(clock: Clock) -> None:
    """As those of clouds do: what another process keeps or removes meanwhile is in no listing of theirs."""
    fsspec.register_implementation("remembering", RememberingFiles, clobber=True)
    here, another = DocumentStore("remembering://bucket/one"), DocumentStore("remembering://bucket/one")
    first, second = another.put(b"x", now=clock()), another.put(b"y", now=clock())
    assert {one for _, one in here.all_keys()} == {first, second}
    third = another.put(b"z", now=clock())
    another.remove(first)
    assert {one for _, one in here.all_keys()} == {second, third}
    another.remove(second)
    another.remove(third)


@pytest.mark.one_database
def test_a_store_that_is_away_at_the_start_is_opened_later(away: type[AwayFiles], clock: Clock) -> None:
    away.opens = False
    store = DocumentStore("away://bucket/later")
    with pytest.raises(StoreAway, match="cannot be opened: ServiceError"):
        store.put(b"x", now=clock())
    away.opens = True
    assert store.read(store.put(b"x", now=clock())) == b"x"
