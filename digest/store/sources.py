"""What is remembered of the sources: validators, cursors, and how every run went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from digest.model import SourceReport, SourceStatus, Validators
from digest.store.database import Database
from digest.store.schema import http_cache, source_cursors, source_runs

_LAST_RUN = select(func.max(source_runs.c.id))


class SourceStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._insert = db.insert

    # ── written together with a page of entries ─────────────────────────────────────────────────────────────

    def remember(self, connection: Connection, validators: Iterable[Validators], *, now: dt.datetime) -> None:
        rows = [{"url": v.url, "etag": v.etag, "last_modified": v.last_modified, "fetched_at": now} for v in validators]
        if rows:
            statement = self._insert(http_cache)
            changed = {name: statement.excluded[name] for name in ("etag", "last_modified", "fetched_at")}
            connection.execute(statement.on_conflict_do_update(index_elements=[http_cache.c.url], set_=changed), rows)

    def set_cursor(self, connection: Connection, source: str, state: Mapping[str, object]) -> None:
        statement = self._insert(source_cursors).values(source=source, state=dict(state))
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[source_cursors.c.source], set_={"state": statement.excluded.state}
            )
        )

    def cursor(self, source: str) -> Mapping[str, Any]:
        with self._db.read() as connection:
            return connection.scalar(select(source_cursors.c.state).where(source_cursors.c.source == source)) or {}

    # ── health ──────────────────────────────────────────────────────────────────────────────────────────────

    def report(self, report: SourceReport) -> None:
        with self._db.write() as connection:
            connection.execute(
                insert(source_runs).values(
                    source=report.source,
                    started_at=report.started_at,
                    finished_at=report.finished_at,
                    status=str(report.status),
                    announced=report.announced,
                    read=report.read,
                    new=report.new,
                    updated=report.updated,
                    rejected=report.rejected,
                    error=report.error,
                )
            )

    def last_run(self) -> int:
        """The number of the newest run of any source or signal, 0 for none: it grows when papers or readings may."""
        with self._db.read() as connection:
            return connection.scalar(_LAST_RUN) or 0

    def last_run_at(self) -> dt.datetime | None:
        """When that run ended."""
        with self._db.read() as connection:
            return connection.scalar(select(source_runs.c.finished_at).order_by(source_runs.c.id.desc()).limit(1))

    def runs(self, *, since: dt.datetime, until: dt.datetime) -> list[SourceReport]:
        """Every run in a span, oldest first."""
        query = (
            select(source_runs)
            .where(source_runs.c.started_at >= since, source_runs.c.started_at <= until)
            .order_by(source_runs.c.started_at, source_runs.c.id)
        )
        with self._db.read() as connection:
            return [
                SourceReport(
                    source=row.source,
                    started_at=row.started_at,
                    finished_at=row.finished_at,
                    status=SourceStatus(row.status),
                    announced=row.announced,
                    read=row.read,
                    new=row.new,
                    updated=row.updated,
                    rejected=row.rejected,
                    error=row.error,
                )
                for row in connection.execute(query)
            ]

    def last_success(self) -> dict[str, dt.datetime]:
        """When each source was last read without a fault."""
        good = [str(SourceStatus.OK), str(SourceStatus.UNCHANGED), str(SourceStatus.QUIET)]
        query = (
            select(source_runs.c.source, func.max(source_runs.c.started_at).label("at"))
            .where(source_runs.c.status.in_(good))
            .group_by(source_runs.c.source)
        )
        with self._db.read() as connection:
            return {row.source: row.at for row in connection.execute(query)}
