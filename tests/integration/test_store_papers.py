"""Papers in a real database: identity, merging, and what the ranker is given."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from digest.model import AnnounceType, Entry, Identifier, Scheme
from digest.store.database import Database
from digest.store.intake import Counts, Intake
from digest.store.papers import PaperStore
from digest.store.schema import identifiers, observations, papers, records
from digest.store.upgrade import ensure_current
from tests.support.entries import NOW, arxiv_entry, doi_entry, hf_entry


@pytest.fixture
def db() -> Iterator[Database]:
    database = Database("sqlite:///:memory:")
    ensure_current(database)
    yield database
    database.close()


def ingest(db: Database, *entries: Entry, now: dt.datetime = NOW) -> Counts:
    with db.write() as connection:
        return Intake(db).ingest(connection, entries, now=now)


def snapshot(db: Database) -> dict[str, list[tuple[object, ...]]]:
    with db.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in (papers, identifiers, records, observations)
        }


def partition(db: Database) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    with db.read() as connection:
        for row in connection.execute(select(records.c.source, records.c.key, records.c.paper_id)):
            groups.setdefault(row.paper_id, set()).add(f"{row.source}/{row.key}")
    return {frozenset(group) for group in groups.values()}


def test_the_same_batch_twice_changes_nothing(db: Database) -> None:
    """Reading a feed again an hour later leaves every row as it was."""
    batch = [
        arxiv_entry("2605.00001", "A study of things that work"),
        hf_entry("2605.00002", "Another study", upvotes=7),
    ]
    assert ingest(db, *batch) == Counts(new=2, updated=0)
    before = snapshot(db)
    assert ingest(db, *batch, now=NOW + dt.timedelta(hours=1)) == Counts()
    assert snapshot(db) == before


def test_two_providers_make_one_paper_with_votes(db: Database) -> None:
    """arXiv's and Hugging Face's entries of one id are one paper, and its votes are kept."""
    ingest(db, arxiv_entry("2605.00001", "Sparse attention for everyone"))
    assert ingest(db, hf_entry("2605.00001", "Sparse Attention For Everyone", upvotes=12)) == Counts(new=0, updated=1)
    store = PaperStore(db)
    assert store.count() == 1
    (reading,) = store.observed(since=NOW - dt.timedelta(days=1), until=NOW)
    assert (reading.value, reading.paper_id) == (12.0, 1)
    assert set(store.get([1])[1].sources) == {"arxiv", "huggingface"}


def test_a_missing_link_merges_two_papers_and_leaves_a_redirect(db: Database) -> None:
    """When one entry proves two stored papers to be the same, names and history follow into the older one."""
    ingest(db, arxiv_entry("2605.00001", "On the geometry of deep lattices"))
    ingest(db, doi_entry("10.1000/xyz", "A different headline altogether, really"))
    assert PaperStore(db).count() == 2
    ingest(db, arxiv_entry("2605.00001", "On the geometry of deep lattices", version=2, doi="10.1000/xyz"))
    store = PaperStore(db)
    assert store.count() == 1
    assert store.find([Identifier(Scheme.DOI, "10.1000/xyz")]) == {Identifier(Scheme.DOI, "10.1000/xyz"): 1}
    assert store.get([2])[2].id == 1, "the merged paper's old id leads to the new one"


def test_a_new_version_updates_the_paper(db: Database) -> None:
    """v2 with another title is the same paper, under its newest title."""
    ingest(db, arxiv_entry("2605.00001", "A first title for the thing"))
    v2 = arxiv_entry("2605.00001", "A second title for the thing", version=2, announce_type=AnnounceType.REPLACE)
    assert ingest(db, v2) == Counts(new=0, updated=1)
    assert PaperStore(db).get([1])[1].title == "A second title for the thing"


ENTRIES = [
    arxiv_entry("2605.00001", "On the geometry of deep lattices"),
    arxiv_entry("2605.00001", "On the geometry of deep lattices", version=2, doi="10.1000/xyz"),
    hf_entry("2605.00001", "On the Geometry of Deep Lattices", upvotes=3),
    doi_entry("10.1000/xyz", "Deep lattices and their geometry"),
    arxiv_entry("2605.00002", "Entirely other matters of interest", authors=["Grace Hopper"]),
    doi_entry("10.1000/abc", "Entirely other matters of interest", authors=["Grace Hopper"]),
    arxiv_entry("2605.00003", "Entirely other matters of interest", authors=["Alan Turing"]),
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(ENTRIES), cuts=st.sets(st.integers(1, len(ENTRIES) - 1)))
def test_order_of_arrival_does_not_matter(order: Sequence[Entry], cuts: set[int]) -> None:
    """However the entries arrive and are batched, the same records make the same papers."""
    at_once = Database("sqlite:///:memory:")
    ensure_current(at_once)
    ingest(at_once, *ENTRIES)
    one_by_one = Database("sqlite:///:memory:")
    ensure_current(one_by_one)
    bounds = [0, *sorted(cuts), len(order)]
    for start, end in itertools.pairwise(bounds):
        ingest(one_by_one, *order[start:end])
    assert partition(one_by_one) == partition(at_once)
    assert PaperStore(one_by_one).count() == PaperStore(at_once).count()
    at_once.close()
    one_by_one.close()


def test_candidates_are_news_and_not_withdrawn(db: Database) -> None:
    """Old, withdrawn and not yet known papers are not offered to the ranker."""
    ingest(db, arxiv_entry("2605.00001", "A paper that is news today"))
    ingest(db, arxiv_entry("2605.00002", "A paper that was withdrawn", withdrawn=True, authors=["B. C."]))
    ingest(
        db,
        arxiv_entry("2605.00003", "A paper of last month, really", authors=["D. E."]),
        now=NOW - dt.timedelta(days=30),
    )
    ingest(db, arxiv_entry("2605.00004", "A paper from the future", authors=["F. G."]), now=NOW + dt.timedelta(days=1))
    store = PaperStore(db)
    store.put_features("test", dict.fromkeys(range(1, 5), b"x"))
    found = store.candidates("test", since=NOW - dt.timedelta(days=8), until=NOW)
    assert [row.paper_id for row in found] == [1]


def test_a_changed_paper_loses_its_features(db: Database) -> None:
    """New text must be embedded again before it is ranked."""
    ingest(db, arxiv_entry("2605.00001", "A first title for the thing"))
    store = PaperStore(db)
    store.put_features("test", {1: b"x"})
    assert store.without_features("test", 10) == []
    ingest(db, arxiv_entry("2605.00001", "A second title for the thing", version=2))
    assert store.without_features("test", 10) == [1]


def test_every_row_of_a_batch_or_none(db: Database) -> None:
    """A batch that fails half-way leaves nothing behind."""

    def fail_after_writing() -> None:
        with db.write() as connection:
            Intake(db).ingest(connection, ENTRIES, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(papers)) == 0


def test_a_replacement_that_was_never_seen_new_is_no_news(db: Database) -> None:
    """v5 of an old paper in today's feed is stored, but is not offered to the ranker."""
    ingest(
        db, arxiv_entry("2405.00001", "An old paper in a new version", version=5, announce_type=AnnounceType.REPLACE)
    )
    store = PaperStore(db)
    store.put_features("test", {1: b"x"})
    assert store.count() == 1
    assert store.candidates("test", since=NOW - dt.timedelta(days=8), until=NOW) == []


def test_feeds_that_tell_of_one_paper_in_turn_change_nothing(db: Database) -> None:
    """New in one category's feed, cross-listed in another's, read every hour: one record, no updates."""
    new = arxiv_entry("2605.00001", "A study of things that work")
    cross = dataclasses.replace(new, announce_type=AnnounceType.CROSS)
    ingest(db, new, cross)
    before = snapshot(db)
    assert ingest(db, cross) == Counts()
    assert ingest(db, cross, new) == Counts()
    assert snapshot(db) == before


def test_a_poorer_telling_takes_nothing_back(db: Database) -> None:
    """What the API said of a comment and a date survives the feed that has neither."""
    rich = dataclasses.replace(
        arxiv_entry("2605.00001", "A study of things that work"), comment="12 pages", published_at=NOW
    )
    ingest(db, rich)
    assert ingest(db, arxiv_entry("2605.00001", "A study of things that work")) == Counts()
    paper = PaperStore(db).get([1])[1]
    assert (paper.comment, paper.published_at) == ("12 pages", NOW)
