"""Letters in both databases: each is one process's at a time, and is counted by the hash of its address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from digest.model import Letter
from digest.store.database import Database
from digest.store.letters import LEASE, SENT, LetterStore
from digest.store.upgrade import ensure_current

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def store(database_url: str) -> Iterator[LetterStore]:
    yield from made(database_url)


def made(url: str) -> Iterator[LetterStore]:
    db = Database(url)
    ensure_current(db)
    yield LetterStore(db)
    db.close()


def test_a_letter_s_life(store: LetterStore) -> None:
    """Claimed once, retried, decided, sent, counted, forgotten; whose claim lapsed changes nothing any more."""
    store.put(Letter.JOIN, address="Ada@uni.example", body={"a": [1]}, expires_at=NOW + DAY, now=NOW)
    store.put(Letter.GOODBYE, address="bob@uni.example", reader_id="bob", expires_at=NOW + DAY, now=NOW)
    first, second = store.claim(5, now=NOW)
    assert (first.kind, first.body, first.attempts) == (Letter.JOIN, {"a": [1]}, 0)
    assert (second.kind, second.reader_id, second.body) == (Letter.GOODBYE, "bob", {})
    assert store.claim(5, now=NOW) == []
    store.retry(first, "450", at=NOW + dt.timedelta(minutes=1))
    store.settle(second, SENT)
    later = NOW + dt.timedelta(minutes=1)
    (lapsed,) = store.claim(5, now=later)
    assert lapsed.attempts == 1
    later += LEASE + dt.timedelta(seconds=1)
    (again,) = store.claim(5, now=later)
    store.settle(lapsed, "by a zombie")
    assert store.waiting() == 1
    store.decide(again, Letter.CONFIRM, "r-1")
    store.settle(again, SENT)
    assert (store.waiting(), store.claim(5, now=NOW + DAY)) == (0, [])
    assert store.sent_lately(again.to_hash, Letter.CONFIRM, since=NOW - DAY) == 1
    assert store.sent_lately(again.to_hash, Letter.CONFIRM, since=NOW) == 0
    assert store.sent_lately(again.to_hash, Letter.JOIN, since=NOW - DAY) == 0
    assert store.forget(before=NOW) == 0
    assert store.forget(before=NOW + DAY) == 2
