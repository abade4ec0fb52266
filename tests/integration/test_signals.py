"""Signals through the pipeline and the store: claims, marks, failures, merges, two processes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import select

from digest.app import App
from digest.editions.recipe import part_text
from digest.model import Entry, Signal, SourceStatus
from digest.pipeline.desk import source_health
from digest.signals.base import SignalProvider
from digest.store.attention import CLAIM, AttentionStore
from digest.store.schema import attention_asks, observations, paper_texts
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry, doi_entry, hf_entry
from tests.support.watching import FakeProvider, failing

LISTED = dt.datetime(2026, 5, 20, 3, 0, tzinfo=dt.UTC)
ONE, TWO = "2605.00001", "2605.00002"


def hours(count: float) -> dt.timedelta:
    return dt.timedelta(hours=count)


def app_with(
    folder: Path,
    clock: Hands,
    *providers: SignalProvider,
    entries: Sequence[Entry] | None = None,
    more: str = "",
    readers: Mapping[str, str] = MappingProxyType({}),
) -> App:
    """An App whose store holds papers of LISTED."""
    papers = [arxiv_entry(ONE, "Sparse attention at four bits"), arxiv_entry(TWO, "Proteins that fold at last")]
    clock.now = LISTED
    app = make_app(
        folder, clock, readers=dict(readers), sources=[FakeSource("arxiv", page_of(*(entries or papers)))], more=more
    )
    app.__dict__["signals"] = providers
    app.ingest()
    return app


def values(app: App) -> list[tuple[int, float, dt.datetime]]:
    with app.db.read() as connection:
        rows = connection.execute(select(observations).order_by(observations.c.observed_at, observations.c.paper_id))
        return [(row.paper_id, row.value, row.observed_at) for row in rows]


def test_a_mark_is_read_once_and_the_next_one_again(tmp_path: Path) -> None:
    """Also when nothing has changed since, and also of papers that are not known there."""
    clock, fake = Hands(LISTED), FakeProvider(known={ONE: 12.0})
    app = app_with(tmp_path, clock, fake)
    for age_h in (1, 8, 9, 23, 24, 25, 39, 41, 100):
        clock.now = LISTED + hours(age_h)
        app.read_signals()
    assert fake.asked == [[ONE, TWO], [ONE, TWO]]
    assert values(app) == [(1, 12.0, LISTED + hours(8)), (1, 12.0, LISTED + hours(24))]
    app.close()


def test_how_it_went_is_stored_beside_the_sources(tmp_path: Path) -> None:
    """Due, known, readings, unknown; a quiet run too. It never stands in a reader's mail."""
    clock = Hands(LISTED)
    app = app_with(tmp_path, clock, FakeProvider(known={ONE: 12.0}))
    clock.now = LISTED + hours(8)
    (report,) = app.read_signals()
    assert (report.status, report.announced, report.read, report.new, report.rejected) == (SourceStatus.OK, 2, 1, 1, 1)
    (quiet,) = app.read_signals()
    assert (quiet.status, quiet.announced) == (SourceStatus.QUIET, 0)
    runs = app.rooms.sources.runs(since=LISTED, until=clock.now)
    assert [run.source for run in runs] == ["arxiv", "signal:fake", "signal:fake"]
    assert [health.name for health in source_health(runs)] == ["arXiv"]
    app.close()


def test_what_a_failure_left_unanswered_is_asked_again(tmp_path: Path) -> None:
    """What was answered before it stays answered, and other providers go on."""
    clock = Hands(LISTED)
    broken, other = FakeProvider(known={TWO: 3.0}, error=failing(), first=1), FakeProvider("signal:other")
    app = app_with(tmp_path, clock, broken, other)
    clock.now = LISTED + hours(8)
    first, second = app.read_signals()
    assert (first.status, first.error) == (SourceStatus.INCOMPLETE, str(failing()))
    assert second.status is SourceStatus.OK
    app.read_signals()
    assert broken.asked == [[ONE, TWO], [ONE]]
    assert other.asked == [[ONE, TWO]]
    app.close()


def test_a_bug_in_a_provider_is_its_own_affair(tmp_path: Path) -> None:
    """It is told, and its papers stay due."""
    clock = Hands(LISTED)
    broken = FakeProvider(error=ZeroDivisionError("oops"), first=0)
    app = app_with(tmp_path, clock, broken)
    clock.now = LISTED + hours(8)
    (report,) = app.read_signals()
    assert report.status is SourceStatus.FAILED
    assert "unexpected ZeroDivisionError" in str(report.error)
    app.read_signals()
    assert broken.asked == [[ONE, TWO]] * 2
    app.close()


def test_two_processes_share_the_work(tmp_path: Path) -> None:
    """What one has claimed the other does not ask, even if it saw the same papers due a moment before."""
    clock, fake = Hands(LISTED), FakeProvider()
    app = app_with(tmp_path, clock, fake)
    now = LISTED + hours(8)
    mine, theirs = app.rooms.attention, AttentionStore(app.db)
    due = mine.due(fake.watch, now=now)
    assert len(theirs.due(fake.watch, now=now)) == 2
    assert mine.claim(fake.watch.name, due[:1], now=now) == due[:1]
    assert theirs.claim(fake.watch.name, due, now=now) == due[1:]
    assert mine.due(fake.watch, now=now) == []
    app.close()


def test_what_another_process_has_answered_meanwhile_is_not_claimed(tmp_path: Path) -> None:
    """Between looking and claiming, somebody else may have come and gone."""
    clock, fake = Hands(LISTED), FakeProvider()
    app = app_with(tmp_path, clock, fake)
    clock.now = LISTED + hours(8)
    due = app.rooms.attention.due(fake.watch, now=clock.now)
    app.read_signals()
    assert app.rooms.attention.claim(fake.watch.name, due, now=clock.now) == []
    app.close()


def test_a_claim_of_a_process_that_died_lapses(tmp_path: Path) -> None:
    """Nothing is lost for good."""
    clock, fake = Hands(LISTED), FakeProvider()
    app = app_with(tmp_path, clock, fake)
    clock.now = LISTED + hours(8)
    app.rooms.attention.claim(fake.watch.name, app.rooms.attention.due(fake.watch, now=clock.now), now=clock.now)
    app.read_signals()
    assert fake.asked == []
    clock.now += CLAIM
    app.read_signals()
    assert fake.asked == [[ONE, TWO]]
    app.close()


def test_the_budget_leaves_the_oldest_for_the_next_run(tmp_path: Path) -> None:
    """`most_requests` bounds what is claimed."""
    clock, fake = Hands(LISTED), FakeProvider()
    app = app_with(tmp_path, clock, fake, more="signals: {most_requests: 1}")
    clock.now = LISTED + hours(8)
    app.read_signals()
    app.read_signals()
    app.read_signals()
    assert fake.asked == [[TWO], [ONE]]
    app.close()


def test_votes_are_counted_from_the_time_of_listing(tmp_path: Path) -> None:
    """A paper that no list has is not asked about; a reading that a source brings does the mark."""
    clock, fake = Hands(LISTED), FakeProvider(known={ONE: 9.0}, since=Signal.HF_UPVOTES)
    listed = hf_entry(ONE, "Sparse attention at four bits", upvotes=0, at=LISTED)
    app = app_with(tmp_path, clock, fake, entries=[listed, arxiv_entry(TWO, "Proteins that fold at last")])
    clock.now = LISTED + hours(8)
    app.read_signals()
    assert fake.asked == [[ONE]]
    clock.now = LISTED + hours(24.5)
    again = FakeSource("arxiv", page_of(hf_entry(ONE, "Sparse attention at four bits", upvotes=30, at=clock.now)))
    app.__dict__["sources"] = (again,)
    app.ingest()
    app.read_signals()
    assert fake.asked == [[ONE]]
    app.close()


def test_an_unchanged_count_is_stored_at_a_mark_however_lately_it_was_read(tmp_path: Path) -> None:
    """A source that reads again leaves out what has not changed; at a mark, that is what the reading tells."""
    clock, fake = Hands(LISTED), FakeProvider(known={ONE: 9.0}, since=Signal.HF_UPVOTES)
    app = app_with(tmp_path, clock, fake, entries=[hf_entry(ONE, "Sparse attention", upvotes=9, at=LISTED + hours(5))])
    clock.now = LISTED + hours(13.5)
    app.__dict__["sources"] = (
        FakeSource("arxiv", page_of(hf_entry(ONE, "Sparse attention", upvotes=9, at=LISTED + hours(12)))),
    )
    app.ingest()
    app.read_signals()
    assert [at - LISTED for _, _, at in values(app)] == [hours(5), hours(12), hours(13.5)]
    app.close()


def test_what_was_asked_follows_a_merged_paper(tmp_path: Path) -> None:
    """The paper that remains is not asked about again, and keeps the text."""
    clock, fake = Hands(LISTED), FakeProvider(tldr="It works.")
    title = "A long title that is the same in both of them"
    app = app_with(tmp_path, clock, fake, entries=[arxiv_entry(ONE, title), doi_entry("10.1234/x", "Elsewhere")])
    clock.now = LISTED + hours(8)
    app.read_signals()
    app.__dict__["sources"] = (FakeSource("arxiv", page_of(arxiv_entry(ONE, title, doi="10.1234/x"))),)
    app.ingest()
    (paper,) = app.rooms.papers.get([1]).values()
    texts = app.rooms.attention.texts([paper.id], "tldr", "semantic-scholar", until=clock.now)
    assert texts[paper.id].text == "It works."
    app.read_signals()
    assert fake.asked == [[ONE]]
    app.close()


def test_a_text_keeps_the_time_of_its_words(tmp_path: Path) -> None:
    """The same words again are no news; what was not known at a moment is not told of it."""
    clock, fake = Hands(LISTED), FakeProvider(tldr="It works.", marks_h=(8, 24))
    app = app_with(tmp_path, clock, fake)
    for age_h in (8, 24):
        clock.now = LISTED + hours(age_h)
        app.read_signals()
    store = app.rooms.attention
    assert store.texts([1], "tldr", "semantic-scholar", until=clock.now)[1].made_at == LISTED + hours(8)
    assert store.texts([1], "tldr", "semantic-scholar", until=LISTED) == {}
    with app.db.read() as connection:
        assert len(connection.execute(select(paper_texts)).all()) == 2
        assert {row.claimed_until for row in connection.execute(select(attention_asks))} == {None}
    app.close()


# ── texts in the mail ───────────────────────────────────────────────────────────────────────────────────────

ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
frequency: daily
lanes: [{name: Attention, phrases: [sparse attention]}]
"""


def mail_with(folder: Path, *, more: str) -> str:
    """What ada's preview says an hour after the signal was read."""
    clock = Hands(LISTED)
    folder.mkdir()
    app = app_with(folder, clock, FakeProvider(tldr="Four bits are enough."), more=more, readers={"ada": ADA})
    clock.now = LISTED + hours(8)
    app.read_signals()
    clock.now = LISTED + hours(9)
    shown = app.preview("ada")
    text = part_text(shown.recipe, shown.fragments)
    app.close()
    return text


def test_a_foreign_summary_stands_in_the_mail_only_when_wanted_and_with_its_maker(tmp_path: Path) -> None:
    """By default the abstract's own words do."""
    own = mail_with(tmp_path / "own", more="")
    assert "Four bits are enough." not in own
    assert "Semantic Scholar" not in own
    theirs = mail_with(tmp_path / "theirs", more="summaries: {semantic_scholar: true}")
    assert "Four bits are enough. (TLDR by Semantic Scholar)" in " ".join(theirs.split())
