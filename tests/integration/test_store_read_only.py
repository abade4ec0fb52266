"""A database that was opened for reading alone cannot be changed, and a request's reads see one moment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from digest.errors import StoreError
from digest.model import SourceReport, SourceStatus
from digest.store.database import Database
from digest.store.sources import SourceStore
from digest.store.upgrade import ensure_current

NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)


def _report(db: Database) -> None:
    SourceStore(db).report(
        SourceReport(
            source="arxiv",
            started_at=NOW,
            finished_at=NOW,
            status=SourceStatus.OK,
            announced=1,
            read=1,
            new=1,
            updated=0,
            rejected=0,
            error=None,
        )
    )


def _check(url: str) -> None:
    writer = Database(url)
    ensure_current(writer)
    reader = Database(writer.url, read_only=True)
    _report(writer)
    sources = SourceStore(reader)
    with pytest.raises(StoreError, match="reading alone"):
        _report(reader)
    with pytest.raises((StoreError, DBAPIError)), reader.read() as connection:  # and one that hides in a query
        connection.execute(text("DELETE FROM source_runs"))
    with reader.snapshot():
        before = sources.runs(since=NOW, until=NOW)
        _report(writer)
        assert sources.runs(since=NOW, until=NOW) == before
    assert len(sources.runs(since=NOW, until=NOW)) == len(before) + 1
    reader.close()
    writer.close()


def test_reading_alone_on_sqlite(tmp_path: Path) -> None:
    """Neither a write transaction nor an UPDATE in a read one gets through; a snapshot stands still."""
    _check(f"sqlite:///{tmp_path / 'a.db'}")


@pytest.mark.postgres
@pytest.mark.slow
def test_reading_alone_on_postgresql(postgres_url: str) -> None:
    """Likewise, and what is committed meanwhile by others is not seen before the snapshot ends."""
    _check(postgres_url)
