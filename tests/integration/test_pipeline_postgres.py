"""The same pipeline on PostgreSQL: papers, readers, outbox and replay behave as on SQLite."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from digest.model import Identifier, Scheme, Signal, Withdrawal
from digest.store.database import Database
from digest.store.history import history_of
from digest.store.intake import Intake
from digest.store.outbox import Outbox
from digest.store.papers import PaperStore
from digest.store.schema import metadata
from digest.store.splitting import Splitting
from digest.store.upgrade import ensure_current
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import NOW, arxiv_entry, doi_entry, hf_entry
from tests.support.watching import FakeProvider

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
explore: false
lanes: [{name: Attention, phrases: [sparse attention]}]
"""


def test_a_day_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """Ingest, merge, rank, plan, build, deliver, replay, and the day after nothing twice."""
    papers = [
        arxiv_entry(f"2605.0000{n}", f"Sparse attention number {n}", authors=[f"Author {n}"]) for n in range(1, 6)
    ]
    source = FakeSource("arxiv", page_of(*papers, hf_entry("2605.00001", "Sparse attention number 1", upvotes=9)))
    clock = Hands(MORNING)
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[source], more=f"store: {postgres_url}")
    app.reread()
    (report,) = app.ingest()
    assert (report.read, report.new) == (6, 5)
    (again,) = app.ingest()
    assert (again.new, again.updated) == (0, 0)
    votes = FakeProvider(known={"2605.00001": 12.0}, since=Signal.HF_UPVOTES, marks_h=(1,))
    app.__dict__["signals"] = (votes,)
    clock.now = NOW + dt.timedelta(hours=1)
    app.read_signals()
    app.read_signals()
    assert votes.asked == [["2605.00001"]]
    clock.now = MORNING + dt.timedelta(hours=1)
    assert app.tick().accepted == 1
    assert app.tick().is_idle
    (mail,) = (tmp_path / "outbox").rglob("*.eml")
    assert app.preview("ada", date=dt.date(2026, 5, 20)).message() == mail.read_bytes()
    assert app.why("ada", "2605.00001")[2].decisions
    assert app.archive(tmp_path / "site").written == 0, "a trial was never sent"
    app.close()


def test_a_merge_moves_everything_on_postgresql(postgres_url: str) -> None:
    """Redirects, identifiers and readings follow, with the other dialect's ON CONFLICT."""
    db = Database(postgres_url)
    ensure_current(db)
    for entry in (
        hf_entry("2605.00001", "On the geometry of deep lattices", upvotes=3),
        doi_entry("10.1000/xyz", "A different headline altogether, really"),
        arxiv_entry("2605.00001", "On the geometry of deep lattices", doi="10.1000/xyz"),
    ):
        with db.write() as connection:
            Intake(db).ingest(connection, [entry], now=MORNING)
    store = PaperStore(db)
    assert store.count() == 1
    doi = Identifier(Scheme.DOI, "10.1000/xyz")
    assert store.find([doi]) == {doi: 1}
    db.close()


def test_near_equal_text_on_postgresql(postgres_url: str) -> None:
    """A later batch that tells a stored paper in other words finds it by its keys, read as arrays of numbers."""
    abstract = (
        "Quasar light curves show a damped random walk on time scales of months. We fit the amplitude and the damping "
        "time of nine thousand spectroscopically confirmed quasars in the southern stripe."
    )
    told = [
        dataclasses.replace(entry, title=title, abstract=abstract, authors=("Jana Novak",))
        for entry, title in (
            (arxiv_entry("2605.00001", "x"), "Damped random walks of nine thousand quasars"),
            (doi_entry("10.1000/a", "x"), "QuasarWalk: damped random walks of nine thousand southern quasars"),
        )
    ]
    db = Database(postgres_url)
    ensure_current(db)
    for entry in told:
        with db.write() as connection:
            counts = Intake(db).ingest(connection, [entry], now=MORNING)
    db.close()
    assert (counts.new, counts.updated) == (0, 1)


def test_a_merge_is_undone_and_a_name_taken_back_on_postgresql(postgres_url: str) -> None:
    """The swallowed paper comes back under its id, search finds both, and a withdrawal comes and goes."""
    gone = Withdrawal("arxiv", Identifier(Scheme.ARXIV, "2605.00001"))
    arxiv = arxiv_entry("2605.00001", "On the geometry of deep lattices", authors=["Jörg Müller"], doi="10.1000/xyz")
    db = Database(postgres_url)
    ensure_current(db)
    for entry in (
        hf_entry("2605.00001", "On the geometry of deep lattices", upvotes=3),
        doi_entry("10.1000/xyz", "A different headline on lattices, really"),
        arxiv,
    ):
        with db.write() as connection:
            Intake(db).ingest(connection, [entry], now=MORNING)
    store, splitting = PaperStore(db), Splitting(db)
    kept, back = splitting.split(1, [("feed:journal.example", "10.1000/xyz")], now=MORNING)
    assert (kept.paper_id, back.paper_id, back.revived) == (1, 2, True)
    assert {apart.reason for apart in splitting.explain(1).apart} == {"split by hand"}
    assert {paper.id for paper in store.search("LATTICES")} == {1, 2}
    assert [paper.id for paper in store.search("müller")] == [1]
    assert history_of(db, 1).signals[0].value == 3
    with db.write() as connection:
        assert Intake(db).withdraw(connection, [gone, gone], now=MORNING).updated == 1
    assert store.get([1])[1].withdrawn
    with db.write() as connection:
        Intake(db).ingest(connection, [arxiv], now=MORNING)
    assert not store.get([1])[1].withdrawn
    assert len(splitting.unsplit(1, now=MORNING)) == 1
    assert Outbox(db).recall_withdrawn(MORNING) == 0
    db.close()


def test_the_schema_on_postgresql_is_the_schema(postgres_url: str) -> None:
    """What is made there has no differences to the tables as written down."""
    db = Database(postgres_url)
    ensure_current(db)
    ensure_current(db)
    with db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    db.close()
