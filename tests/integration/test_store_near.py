"""Near-equal text in a real database: found by keys, decided as a whole, whatever came first."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from digest.model import Entry
from digest.store.database import Database
from digest.store.intake import Intake
from digest.store.schema import near_keys, records
from digest.store.upgrade import ensure_current
from tests.support.entries import NOW, arxiv_entry, doi_entry

ABSTRACT = (
    "Quasar light curves show a damped random walk on time scales of months. We fit the amplitude and the damping time "
    "of nine thousand spectroscopically confirmed quasars in the southern stripe. The damping time grows with the mass "
    "of the black hole and hardly with luminosity, which supports thermal fluctuations of the accretion disc as origin "
    "of the optical variability. A catalogue of all fitted parameters accompanies this article."
)
TITLE = "Damped random walks of nine thousand quasars in the southern stripe"
AUTHORS = ("Jana Novak", "Ada Lovelace", "Max Weber")


def like(entry: Entry, title: str, abstract: str = ABSTRACT) -> Entry:
    return dataclasses.replace(entry, title=title, abstract=abstract, authors=AUTHORS)


ENTRIES = (
    like(arxiv_entry("2605.00001", "x"), TITLE),
    like(arxiv_entry("2605.00002", "x"), f"{TITLE} (extended version)"),
    like(doi_entry("10.1000/a", "x"), "Nine thousand southern quasars as damped random walks"),
    like(
        doi_entry("10.1000/b", "x"), "QuasarWalk: damped random walks of quasars in the southern stripe", ABSTRACT[:300]
    ),
    like(doi_entry("10.48550/none.1", "x"), "QuasarWalk: nine thousand quasars in the southern stripe", ABSTRACT[:250]),
    like(arxiv_entry("2605.00003", "x"), f"{TITLE}, Part II"),
    like(doi_entry("10.1000/c", "x"), f"Erratum: {TITLE}"),
    like(
        doi_entry("10.1000/d", "x"), "Damped random walks of nine thousand blazars", ABSTRACT.replace("uasar", "lazar")
    ),
)


def stored(*batches: Sequence[Entry]) -> tuple[Database, set[frozenset[str]]]:
    db = Database("sqlite:///:memory:")
    ensure_current(db)
    for batch in batches:
        with db.write() as connection:
            Intake(db).ingest(connection, batch, now=NOW)
    with db.read() as connection:
        rows = connection.execute(select(records.c.paper_id, records.c.key).order_by(records.c.paper_id)).all()
    papers = itertools.groupby(rows, key=lambda row: row.paper_id)
    return db, {frozenset(row.key for row in members) for _, members in papers}


def test_near_equal_records_are_one_paper() -> None:
    """A resubmission and other tellings join; the second publisher's DOI, part, erratum and other object stay apart."""
    db, papers = stored(ENTRIES)
    db.close()
    paper_of = {key: paper for paper in papers for key in paper}
    twin, again, journal, other_journal, preprint, *apart = (paper_of[entry.key] for entry in ENTRIES)
    assert twin == again
    assert twin in {journal, other_journal}
    assert preprint in {journal, other_journal}
    assert journal != other_journal
    assert all(len(paper) == 1 for paper in apart)


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(ENTRIES), cuts=st.sets(st.integers(1, len(ENTRIES) - 1)))
def test_order_of_arrival_does_not_matter(order: Sequence[Entry], cuts: set[int]) -> None:
    """However near-equal entries arrive and are batched, the same records make the same papers."""
    at_once, expected = stored(ENTRIES)
    at_once.close()
    bounds = [0, *sorted(cuts), len(order)]
    db, papers = stored(*(order[start:end] for start, end in itertools.pairwise(bounds)))
    db.close()
    assert papers == expected


def test_a_merged_paper_is_found_by_its_former_texts() -> None:
    """After a merge the swallowed paper's text leads on to the paper that it is now."""
    bridge = dataclasses.replace(ENTRIES[0], source="s2", key="bridge", identifiers=ENTRIES[0].identifiers)
    far = like(doi_entry("10.48550/none.2", "x"), "Unlike anything", "An abstract of other words altogether, really.")
    far = dataclasses.replace(far, identifiers=(*far.identifiers, *ENTRIES[0].identifiers))
    db, papers = stored([far], [like(doi_entry("10.48550/none.3", "x"), TITLE)], [bridge], [ENTRIES[4]])
    db.close()
    assert len(papers) == 1


def test_the_same_batch_twice_adds_no_keys() -> None:
    """Keys are rows of their own; telling the same again writes none."""
    counts = []
    for batches in ((ENTRIES,), (ENTRIES, ENTRIES)):
        db, _ = stored(*batches)
        with db.read() as connection:
            counts.append(connection.scalar(select(func.count()).select_from(near_keys)) or 0)
        db.close()
    assert counts[0] == counts[1] > len(ENTRIES)


def test_many_tellings_of_one_text_take_linear_work() -> None:
    """A thousand papers in one bucket are compared with few of it each, and stay apart by their numbers."""
    batches = [
        [like(doi_entry(f"10.1000/{number}", "x"), f"{TITLE}, part {number}") for number in range(start, start + 100)]
        for start in range(0, 1000, 100)
    ]
    db, papers = stored(*batches)
    db.close()
    assert len(papers) == 1000
