"""The database itself: schema and migrations, pace between processes, fragments, and errors a person can act on."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import text

from digest.errors import StoreError
from digest.model import SourceReport, SourceStatus, Validators
from digest.store.database import Database
from digest.store.fragments import FragmentStore
from digest.store.ledger import LedgerStore
from digest.store.sources import SourceStore
from digest.store.upgrade import ensure_current

NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)


def test_opening_twice_is_harmless(tmp_path: Path) -> None:
    """The second opening finds everything in order."""
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    ensure_current(db)
    ensure_current(db)
    db.close()


def test_a_newer_database_is_refused_in_words(tmp_path: Path) -> None:
    """An old program does not touch what a newer one has written."""
    db = Database(f"sqlite:///{tmp_path / 'a.db'}")
    ensure_current(db)
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer than this program"):
        ensure_current(db)
    db.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [("nonsense", "not a database URL"), ("mysql://x/y", "not supported"), ("sqlite:////proc/nowhere/a.db", "nowhere")],
)
def test_a_bad_store_is_one_clear_error(url: str, words: str) -> None:
    """What is wrong with the URL is said, whatever it is."""
    with pytest.raises(StoreError, match=words):
        ensure_current(Database(url))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Pointing the store at something else fails with the path in the message."""
    (tmp_path / "a.db").write_text("this is not a database, it is a letter to grandmother" * 100)
    with pytest.raises(StoreError, match=r"a\.db"):
        ensure_current(Database(f"sqlite:///{tmp_path / 'a.db'}"))


def test_fragments_validators_cursors_and_runs_come_back() -> None:
    """What is written is read."""
    db = Database("sqlite:///:memory:")
    ensure_current(db)
    fragments, sources, ledger = FragmentStore(db), SourceStore(db), LedgerStore(db)
    fragments.put({"a" * 32: b"card", "b" * 32: b"shell"}, now=NOW)
    fragments.put({"a" * 32: b"card"}, now=NOW)
    assert fragments.get(["a" * 32, "c" * 32]) == {"a" * 32: b"card"}
    seen = Validators(url="https://a.example/feed", etag='"x"')
    with db.write() as connection:
        sources.remember(connection, [seen], now=NOW)
        sources.set_cursor(connection, "arxiv", {"start": 200})
        sources.set_cursor(connection, "arxiv", {"start": 400})
    assert ledger.validators(seen.url) == seen
    assert sources.cursor("arxiv") == {"start": 400}
    report = SourceReport(source="arxiv", started_at=NOW, finished_at=NOW, status=SourceStatus.OK, read=3, new=3)
    sources.report(report)
    assert sources.runs(since=NOW, until=NOW) == [report]
    assert sources.last_success() == {"arxiv": NOW}
    db.close()


def test_a_store_can_be_opened_for_reading_alone(tmp_path: Path) -> None:
    """With mode=ro the file is not touched and none is made; a write is refused in words."""
    url = f"sqlite:///{tmp_path}/my digest.db"
    db = Database(url)
    ensure_current(db)
    db.close()
    file = tmp_path / "my digest.db"
    before = file.stat().st_mtime_ns, file.read_bytes()
    read_only = Database(f"{url}?mode=ro")
    ensure_current(read_only)
    assert SourceStore(read_only).cursor("arxiv") == {}
    with pytest.raises(StoreError, match="mode=ro"):
        FragmentStore(read_only).put({"a": b"b"}, now=NOW)
    read_only.close()
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before
    with pytest.raises(StoreError, match="unable to open"):
        ensure_current(Database(f"sqlite:///{tmp_path}/none.db?mode=ro"))
    assert not (tmp_path / "none.db").exists()
