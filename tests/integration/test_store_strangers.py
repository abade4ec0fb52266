"""Papers that share nothing with any other are written without a decision, and it is the one that would be made."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from digest.catalog.matching import group
from digest.model import Entry, Identifier, Scheme
from digest.store.database import Database
from digest.store.drafts import draft, drafts
from digest.store.intake import Intake
from digest.store.schema import metadata, records
from digest.store.strangers import strangers, told_before
from tests.support.entries import NOW, arxiv_entry

_TITLES = (
    "Damped random walks of nine thousand quasars in the southern stripe",
    "Damped random walks of nine thousand quasars in the southern stripe (extended version)",
    "Erratum: Damped random walks of nine thousand quasars in the southern stripe",
    "On the geometry of deep lattices",
    "Editorial",
)
_ABSTRACTS = (
    "",
    "We fit amplitude and damping time of nine thousand spectroscopically confirmed quasars in the southern stripe.",
    "Lattices whose shortest vectors are hard to find have a geometry that we describe by means of spherical caps.",
)
_NAMES = (
    Identifier(Scheme.ARXIV, "2605.00001"),
    Identifier(Scheme.ARXIV, "2605.00002"),
    Identifier(Scheme.DOI, "10.1000/a"),
    Identifier(Scheme.URL, "https://lab.example/papers"),
)
_ENTRIES = st.lists(
    st.builds(
        Entry,
        source=st.sampled_from(["arxiv", "feed:lab"]),
        key=st.integers(0, 99).map(str),
        identifiers=st.lists(st.sampled_from(_NAMES), unique=True, max_size=2).map(tuple),
        title=st.sampled_from(_TITLES),
        abstract=st.sampled_from(_ABSTRACTS),
        authors=st.sampled_from([(), ("Jana Novak", "Max Weber"), ("Alan Turing",)]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda entry: (entry.source, entry.key),
)


def store(*batches: Sequence[Entry]) -> Database:
    db = Database("sqlite:///:memory:")
    metadata.create_all(db.engine)
    for batch in batches:
        with db.write() as connection:
            Intake(db).ingest(connection, batch, now=NOW)
    return db


@settings(max_examples=30, deadline=None)
@given(entries=_ENTRIES, cuts=st.sets(st.integers(1, 7)))
def test_the_store_holds_the_papers_that_the_rules_make_of_all_records(entries: list[Entry], cuts: set[int]) -> None:
    """However entries are batched, those written without a decision and the others are the groups of the catalog."""
    bounds = [0, *sorted(cut for cut in cuts if cut < len(entries)), len(entries)]
    db = store(*(entries[start:end] for start, end in itertools.pairwise(bounds)))
    with db.read() as connection:
        rows = connection.execute(select(records.c.paper_id, records.c.source, records.c.key)).all()
    db.close()
    papers: dict[int, set[tuple[str, str]]] = {}
    for paper_id, source, key in rows:
        papers.setdefault(paper_id, set()).add((source, key))
    names = [(entry.source, entry.key) for entry in entries]
    decided = {frozenset(names[index] for index in members) for members in group(entries)}
    assert {frozenset(members) for members in papers.values()} == decided


def test_a_new_title_of_a_known_record_is_evidence_within_its_own_batch() -> None:
    """A record that is told anew under another title meets the paper of that title which comes beside it."""
    old = Entry(source="arxiv", key="a", identifiers=_NAMES[:1], title="Some early name", authors=("Jana Novak",))
    renamed = Entry(source="arxiv", key="a", identifiers=_NAMES[:1], title=_TITLES[0], authors=("Jana Novak",))
    journal = Entry(source="feed:lab", key="b", identifiers=_NAMES[2:3], title=_TITLES[0], authors=("Jana Novak",))
    db = store([old], [journal, renamed])
    with db.read() as connection:
        assert len(set(connection.scalars(select(records.c.paper_id)))) == 1
    db.close()


def test_most_papers_of_a_day_are_strangers() -> None:
    """What shares no name, title or text with anything is told apart, and what does is not."""
    db = store([arxiv_entry("2605.00001", "On the geometry of deep lattices")])
    told = drafts(
        [
            arxiv_entry("2605.00001", "Another title altogether for it", version=2),
            arxiv_entry("2605.00002", "On the geometry of deep lattices"),
            arxiv_entry("2605.00003", "Two that come together say the same"),
            arxiv_entry("2605.00004", "Two that come together say the same"),
            arxiv_entry("2605.00005", "Entirely other matters of interest", authors=["Grace Hopper"]),
        ],
        now=NOW,
    )
    with db.read() as connection:
        assert [one.names for one in strangers(connection, told)] == [(("arxiv", "2605.00005"),)]
        assert told_before(connection, told) == set()
        known = drafts([arxiv_entry("2605.00001", "On the geometry of deep lattices")], now=NOW)
        assert told_before(connection, known) == {known[0].name}
    db.close()


def test_rows_written_in_bulk_hold_instants_as_all_others_do() -> None:
    """SQLite compares instants as text, so there is one way to write them."""
    db = store([arxiv_entry("2605.00001", "On the geometry of deep lattices")])
    with db.read() as connection:
        assert connection.scalars(select(records.c.key).where(records.c.first_seen_at == NOW)).all() == ["2605.00001v1"]
    db.close()


def test_a_draft_remembers_its_entry() -> None:
    """What is sent between processes holds all that an entry says, but for readings, which are kept beside it."""
    entry = arxiv_entry("2605.00001", "On the geometry of deep lattices", version=2)
    later = dt.timedelta(hours=1)
    assert draft(entry, now=NOW).entry == entry
    assert draft(entry, now=NOW + later).paper.first_seen_at == NOW + later
