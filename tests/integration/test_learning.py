"""The forecast goes on learning from what a service has stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.app import App
from digest.model import Batch
from digest.pipeline.desk import Desk
from digest.pipeline.ingest import index, learn, store_page
from digest.pipeline.learning import forecast
from digest.ranking.forecast import Forecast
from digest.sources.base import Page
from digest.store.learnt import FORECAST, Learnt
from tests.support.apps import Hands, make_app
from tests.support.entries import arxiv_entry, hf_entry

DAY = dt.datetime(2026, 7, 1, 6, 0, tzinfo=dt.UTC)
LATER = DAY + dt.timedelta(days=14)


@pytest.fixture
def clock() -> Hands:
    return Hands(DAY)


@pytest.fixture
def app(tmp_path: Path, clock: Hands) -> Iterator[App]:
    """Two papers of a day on which the list was read, one of them on it, with votes that grew."""
    app = make_app(tmp_path, clock, readers={})
    tell(app, *(arxiv_entry(f"2607.0000{n}", f"Paper of a new author, part {n}", announced_at=DAY) for n in (1, 2)))
    for hours, votes in ((0, 0), (8, 12), (72, 60)):
        clock.now = DAY + dt.timedelta(hours=hours)
        tell(app, hf_entry("2607.00001", "Paper of a new author, part 1", upvotes=votes, at=clock.now))
    yield app
    app.close()


def tell(app: App, *entries: object) -> None:
    store_page(app.rooms, "test", Page(batch=Batch(entries=tuple(entries))))  # type: ignore[arg-type]
    index(app.rooms)


def said(app: App) -> str | None:
    learned = app.rooms.learnt.get(FORECAST)
    return learned.said if learned else None


def test_settled_days_are_learnt_once_a_day(app: App, clock: Hands) -> None:
    """Not before votes have settled, not twice, and ranking uses it from then on."""
    learn(app.rooms)
    assert said(app) is None
    clock.now = LATER
    learn(app.rooms)
    first = said(app)
    assert first is not None
    assert "learnt until 2026-07-03 from 1 listed papers and 2 authors" in first
    shipped, now = Forecast.shipped(), forecast(app.rooms, now=LATER)
    assert len(now.past.listings) == len(shipped.past.listings) + 1
    clock.now = LATER + dt.timedelta(hours=1)
    learn(app.rooms)
    assert said(app) == first
    clock.now = DAY + dt.timedelta(days=4)
    tell(app, hf_entry("2607.00003", "Another one", upvotes=5, at=clock.now, authors=["Eve Else"]))
    clock.now = LATER + dt.timedelta(days=2)
    learn(app.rooms)
    again = said(app)
    assert again is not None
    assert "until 2026-07-05 from 2 listed papers and 3 authors" in again


def test_the_past_is_ranked_without_what_came_later(app: App, clock: Hands) -> None:
    """A replayed day knows only what was known then."""
    clock.now = LATER
    learn(app.rooms)
    assert forecast(app.rooms, now=DAY) is Forecast.shipped()
    assert forecast(app.rooms, now=LATER) is not Forecast.shipped()


def test_what_cannot_be_read_is_learnt_anew(app: App, clock: Hands, caplog: pytest.LogCaptureFixture) -> None:
    """Damaged experience stops nobody's mail and is replaced; a desk opens before and after."""
    clock.now = LATER
    assert app.rooms.learnt.put(FORECAST, Learnt(b"PK nonsense", "nonsense", DAY), instead_of=None)
    Desk(app.rooms, now=LATER)
    assert "learnt anew" in caplog.text
    learn(app.rooms)
    line = said(app)
    assert line is not None
    assert "from 1 listed papers" in line


def test_of_two_who_learn_one_writes(app: App) -> None:
    """What was written meanwhile is not overwritten."""
    learned = Learnt(b"a", "first", DAY)
    assert app.rooms.learnt.put(FORECAST, learned, instead_of=None)
    assert not app.rooms.learnt.put(FORECAST, Learnt(b"b", "second", LATER), instead_of=None)
    assert app.rooms.learnt.put(FORECAST, Learnt(b"c", "third", LATER), instead_of=DAY)
    assert app.rooms.learnt.get(FORECAST) == Learnt(b"c", "third", LATER)
