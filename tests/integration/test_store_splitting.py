"""A merge undone in a real database: it stays undone, whatever comes later, and history goes where it came from."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from digest.catalog.separation import RecordKey
from digest.errors import NotFound
from digest.model import DeliveryState, Entry, Identifier, Scheme
from digest.store.database import Database
from digest.store.history import history_of
from digest.store.intake import Intake
from digest.store.outbox import Outbox
from digest.store.papers import PaperStore
from digest.store.schema import deliveries, observations, records, sent_papers, separations, subscribers
from digest.store.splitting import Splitting
from digest.store.upgrade import ensure_current
from tests.support.entries import NOW, arxiv_entry, doi_entry, hf_entry

LATER = NOW + dt.timedelta(hours=1)
TITLE = "On the geometry of deep lattices"
ARXIV = arxiv_entry("2605.00001", TITLE)
LISTED = hf_entry("2605.00001", TITLE, upvotes=3)
JOURNAL = doi_entry("10.1000/xyz", "Deep lattices and their geometry")
BRIDGE = arxiv_entry("2605.00001", TITLE, version=2, doi="10.1000/xyz")
JOURNAL_KEY = ("feed:journal.example", "10.1000/xyz")
DOI = Identifier(Scheme.DOI, "10.1000/xyz")


@pytest.fixture
def db() -> Iterator[Database]:
    database = Database("sqlite:///:memory:")
    ensure_current(database)
    yield database
    database.close()


def ingest(db: Database, *entries: Entry, now: dt.datetime = NOW) -> None:
    with db.write() as connection:
        Intake(db).ingest(connection, entries, now=now)


def paper_of(db: Database) -> dict[RecordKey, int]:
    with db.read() as connection:
        return {
            (row.source, row.key): row.paper_id
            for row in connection.execute(select(records.c.source, records.c.key, records.c.paper_id))
        }


def send(db: Database, delivery: int, *paper_ids: int, reader: str = "ada") -> None:
    """Put an accepted mail with these papers on record."""
    with db.write() as connection:
        if connection.scalar(select(func.count()).select_from(subscribers).where(subscribers.c.id == reader)) == 0:
            connection.execute(
                insert(subscribers).values(
                    id=reader,
                    email="a@x.org",
                    origin="file",
                    state="active",
                    settings={},
                    times_hash="",
                    updated_at=NOW,
                )
            )
        connection.execute(
            insert(deliveries).values(
                id=delivery,
                subscriber_id=reader,
                edition=NOW.date() + dt.timedelta(days=delivery),
                trial=False,
                state=DeliveryState.ACCEPTED,
                due_at=NOW,
                not_before=NOW,
                expires_at=NOW,
                created_at=NOW,
                updated_at=NOW,
            )
        )
        rows = [
            {"delivery_id": delivery, "paper_id": paper_id, "subscriber_id": reader, "position": position}
            for position, paper_id in enumerate(paper_ids, start=1)
        ]
        connection.execute(insert(sent_papers), rows)


def gone(db: Database) -> set[int]:
    return Outbox(db).sent_paper_ids(["ada"])["ada"]


def rows_of(db: Database, paper_id: int) -> tuple[list[float], list[int]]:
    """(values read, mails) under one id."""
    with db.read() as connection:
        read = connection.scalars(select(observations.c.value).where(observations.c.paper_id == paper_id))
        mails = connection.scalars(select(sent_papers.c.delivery_id).where(sent_papers.c.paper_id == paper_id))
        return sorted(read), sorted(mails)


def test_a_split_stays_whatever_is_read_again_or_comes_later(db: Database) -> None:
    """The same feeds, a third version and another source that names both sides: the two never become one again."""
    ingest(db, ARXIV, JOURNAL, BRIDGE)
    assert set(paper_of(db).values()) == {1}
    kept, split_off = Splitting(db).split(1, [JOURNAL_KEY], now=LATER)
    assert (kept.paper_id, kept.revived, split_off.records) == (1, False, (JOURNAL_KEY,))
    other = split_off.paper_id
    assert other is not None
    assert other != 1
    ingest(db, ARXIV, JOURNAL, BRIDGE, now=LATER)
    ingest(db, arxiv_entry("2605.00001", TITLE, version=3, doi="10.1000/xyz"), now=LATER)
    ingest(db, dataclasses.replace(JOURNAL, title=TITLE), now=LATER)
    both = Entry(source="s2", key="1", identifiers=(Identifier(Scheme.ARXIV, "2605.00001"), DOI), title=TITLE)
    ingest(db, both, now=LATER)
    joined = paper_of(db)
    assert {joined[key] for key in joined if key[0] in {"arxiv", "s2"}} == {1}
    assert joined[JOURNAL_KEY] == other
    assert PaperStore(db).claimants([DOI]) == {DOI: [1, other]}


def test_a_swallowed_paper_comes_back_with_its_own_history(db: Database) -> None:
    """Its id, readings and mails of before the merge are its own again; what was sent since stays with the other."""
    ingest(db, ARXIV)
    ingest(db, dataclasses.replace(JOURNAL, readings=LISTED.readings))
    send(db, 1, 1)
    send(db, 2, 2)
    ingest(db, BRIDGE, now=LATER)
    send(db, 3, 1)
    assert (rows_of(db, 1), rows_of(db, 2)) == (([3.0], [1, 2, 3]), ([], []))
    assert history_of(db, 1).former_ids == (2,)
    kept, back = Splitting(db).split(1, [JOURNAL_KEY], now=LATER)
    assert (kept.paper_id, back.paper_id, back.revived) == (1, 2, True)
    assert (rows_of(db, 1), rows_of(db, 2)) == (([], [1, 3]), ([3.0], [2]))
    assert gone(db) == {1, 2}
    assert PaperStore(db).get([2])[2].id == 2
    assert PaperStore(db).find([DOI]) == {DOI: 1}, "both claim it; the one known longer answers to it"


def test_two_papers_of_one_mail_are_both_sent_before_and_after(db: Database) -> None:
    """Where both were in one mail their two rows cannot become one: nothing is lost, and undoing gives each its own."""
    ingest(db, ARXIV)
    ingest(db, JOURNAL)
    send(db, 1, 1, 2)
    ingest(db, BRIDGE, now=LATER)
    assert gone(db) >= {1}
    assert sum(history_of(db, 1).editions[NOW.date() + dt.timedelta(days=1)].values()) == 1
    Splitting(db).split(1, [JOURNAL_KEY], now=LATER)
    assert rows_of(db, 1) == ([], [1])
    assert rows_of(db, 2) == ([], [1])
    assert gone(db) == {1, 2}


def test_a_chain_of_merges_is_undone_link_by_link(db: Database) -> None:
    """3 went into 2 and 2 into 1: splitting off what was 2 brings 2 back, and 3 leads to it again."""
    old = doi_entry("10.1000/old", "An older matter of wholly other lattices", authors=["Eve Old"])
    link = dataclasses.replace(old, source="crossref", key="link", identifiers=(*old.identifiers, *ARXIV.identifiers))
    ingest(db, old)
    ingest(db, ARXIV)
    ingest(db, JOURNAL)
    send(db, 1, 3)
    ingest(db, BRIDGE)
    ingest(db, link)
    assert set(paper_of(db).values()) == {1}
    assert history_of(db, 1).former_ids == (2, 3)
    mine = [("arxiv", "2605.00001v1"), ("arxiv", "2605.00001v2"), JOURNAL_KEY]
    parts = Splitting(db).split(1, mine, now=LATER)
    assert [(part.paper_id, part.revived) for part in parts] == [(1, False), (2, True)]
    assert history_of(db, 2).former_ids == (3,)
    assert rows_of(db, 2) == ([], [1])
    Splitting(db).split(2, [JOURNAL_KEY], now=LATER)
    assert rows_of(db, 3) == ([], [1])
    assert paper_of(db)[JOURNAL_KEY] == 3


def test_undoing_a_split_lets_the_evidence_decide_again(db: Database) -> None:
    """Merged again under the same id; and split once more, the other takes up its id again."""
    ingest(db, ARXIV, JOURNAL, BRIDGE)
    splitting = Splitting(db)
    _, part = splitting.split(1, [JOURNAL_KEY], now=LATER)
    (whole,) = splitting.unsplit(1, now=LATER)
    assert (whole.paper_id, len(whole.records)) == (1, 3)
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(separations)) == 0
    with pytest.raises(NotFound, match="never split"):
        splitting.unsplit(1, now=LATER)
    _, again = splitting.split(1, [JOURNAL_KEY], now=LATER)
    assert again.paper_id == part.paper_id
    assert again.revived


def test_a_dry_run_says_the_same_and_changes_nothing(db: Database) -> None:
    """What would come of it is told by the same decision, and not a row is written."""
    ingest(db, ARXIV, JOURNAL, BRIDGE)
    before = paper_of(db)
    splitting = Splitting(db)
    tried = splitting.split(1, [JOURNAL_KEY], now=LATER, dry_run=True)
    assert paper_of(db) == before
    assert [part.records for part in splitting.split(1, [JOURNAL_KEY], now=LATER)] == [part.records for part in tried]
    assert len(splitting.unsplit(1, now=LATER, dry_run=True)) == 1
    assert len(set(paper_of(db).values())) == 2


@pytest.mark.parametrize("keys", [[], [("arxiv", "nothing")], [("arxiv", "2605.00001v1")]])
def test_a_split_needs_records_on_both_sides(db: Database, keys: list[RecordKey]) -> None:
    """No record, a stranger's record, or all records: refused, and nothing is written."""
    ingest(db, ARXIV)
    with pytest.raises(NotFound):
        Splitting(db).split(1, keys, now=LATER)
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(separations)) == 0


def test_features_of_both_are_made_anew(db: Database) -> None:
    """The text of both has changed, so neither keeps the vector of the mixture."""
    ingest(db, ARXIV, JOURNAL, BRIDGE)
    store = PaperStore(db)
    store.put_features("test", {1: b"x"})
    Splitting(db).split(1, [JOURNAL_KEY], now=LATER)
    assert len(store.without_features("test", 10)) == 2


def test_an_explanation_names_rules_evidence_and_what_was_refused(db: Database) -> None:
    """After a split the shared DOI is shown as refused by hand, and the joins of the rest remain."""
    ingest(db, ARXIV, LISTED, JOURNAL, BRIDGE)
    splitting = Splitting(db)
    joins = {(join.rule, join.evidence) for join in splitting.explain(1).joins}
    assert joins == {("arXiv id", "arxiv:2605.00001"), ("identifier", "doi:10.1000/xyz")}
    splitting.split(1, [JOURNAL_KEY], now=LATER)
    explained = splitting.explain(1)
    assert {(apart.rule, apart.evidence, apart.reason) for apart in explained.apart} == {
        ("identifier", "doi:10.1000/xyz", "split by hand")
    }
    assert explained.taken_from["title"] == "arxiv"


ENTRIES = [
    ARXIV,
    BRIDGE,
    LISTED,
    JOURNAL,
    doi_entry("10.1000/abc", TITLE),
    Entry(source="s2", key="1", identifiers=(Identifier(Scheme.ARXIV, "2605.00001"), DOI), title=TITLE),
]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(ENTRIES), st.integers(2, len(ENTRIES)), st.data())
def test_a_split_holds_in_every_order_of_arrival(order: Sequence[Entry], before: int, data: st.DataObject) -> None:
    """Split after some have come, then read all: no two separated records meet, and nothing depends on the order."""
    database = Database("sqlite:///:memory:")
    ensure_current(database)
    for entry in order[:before]:
        ingest(database, entry)
    placed = paper_of(database)
    whole = sorted(key for key in placed if placed[key] == min(placed.values()))
    chosen = data.draw(st.sets(st.sampled_from(whole), min_size=1))
    if len(chosen) < len(whole):
        Splitting(database).split(min(placed.values()), chosen, now=LATER)
        partitions = set()
        for entry in [*order, *reversed(order)]:
            ingest(database, entry, now=LATER)
            now_at = paper_of(database)
            assert not {now_at[key] for key in chosen} & {now_at[key] for key in set(whole) - chosen}
            if len(now_at) == len(ENTRIES):
                partitions.add(frozenset(frozenset(k for k in now_at if now_at[k] == i) for i in now_at.values()))
        assert len(partitions) == 1, "once all are there, reading again in any order changes nothing"
        assert PaperStore(database).count() == len(set(paper_of(database).values()))
    database.close()
