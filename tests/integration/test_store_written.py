"""A model's answers and its budget in the store, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from digest.store.database import Database
from digest.store.intake import Intake
from digest.store.upgrade import ensure_current
from digest.store.written import WrittenStore
from tests.support.entries import arxiv_entry

NOON = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
MODEL = "small-model"


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    ensure_current(database)
    yield database
    database.close()


def test_a_budget_is_never_spent_twice(db: Database) -> None:
    """Four who ask at once get no more than there is, and what was not asked for goes back."""
    store = WrittenStore(db)
    with ThreadPoolExecutor(4) as pool:
        granted = list(pool.map(lambda _: store.take(MODEL, 10, budget=25, now=NOON), range(4)))
    assert sorted(granted) == [0, 5, 10, 10]
    store.settle(MODEL, now=NOON, kept=3, unasked=7)
    assert store.take(MODEL, 10, budget=25, now=NOON) == 7
    (day,) = store.days(MODEL, since=NOON.date())
    assert (day.asked, day.kept) == (25, 3)
    assert store.take("another", 10, budget=25, now=NOON) == 10


def test_a_rest_lasts_beyond_midnight(db: Database) -> None:
    """The next day has its own budget, but a model that is left alone stays so until its time."""
    store, late = WrittenStore(db), NOON.replace(hour=23, minute=55)
    assert store.take(MODEL, 3, budget=3, now=late) == 3
    store.settle(MODEL, now=late, failed=3, failure="it said 500", rests_until=late + dt.timedelta(minutes=15))
    assert store.take(MODEL, 3, budget=3, now=late + dt.timedelta(minutes=10)) == 0
    assert store.take(MODEL, 3, budget=3, now=late + dt.timedelta(minutes=16)) == 3


def test_an_answer_belongs_to_its_question_and_its_moment(db: Database) -> None:
    """Another question has no answer, nobody knew it before it was given, and a refusal is an answer."""
    with db.write() as connection:
        Intake(db).ingest(connection, [arxiv_entry("2605.00001", "Sparse attention")], now=NOON)
    store = WrittenStore(db)
    store.keep({1: ("a" * 32, "It works.")}, now=NOON)
    assert store.answers({1: "a" * 32}, until=NOON) == {1: "It works."}
    assert store.answers({1: "b" * 32}, until=NOON) == {}
    assert store.answers({1: "a" * 32}, until=NOON - dt.timedelta(seconds=1)) == {}
    store.keep({1: ("b" * 32, "")}, now=NOON)
    assert store.answers({1: "b" * 32}, until=NOON) == {1: ""}
    assert store.answers({1: "a" * 32}, until=NOON) == {}
