"""What sources say → papers: matched, merged and written in few statements, within the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, text, tuple_, update

from digest.catalog.combining import combine
from digest.catalog.deciding import PaperChange, StoredRecord, decide
from digest.catalog.merging import Record, merge
from digest.catalog.titles import title_key
from digest.model import Entry, Paper, Reading
from digest.store.codec import content_hash, entry_from_json, entry_to_json
from digest.store.database import Database, chunks
from digest.store.schema import features, identifiers, observations, papers, records, sent_papers

REPEAT_AFTER = dt.timedelta(hours=6)
"""An unchanged reading is stored again only after this long, so that re-reading a feed adds nothing."""

# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_INSERT_PAPERS = insert(papers).returning(papers.c.id, sort_by_parameter_order=True)
_UPDATE_PAPERS = update(papers).where(papers.c.id == bindparam("known_id"))
_UPDATE_RECORDS = update(records).where(records.c.id == bindparam("known_id"))


@dataclass(frozen=True, slots=True)
class Counts:
    """What a batch changed."""

    new: int = 0
    updated: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.new + other.new, self.updated + other.updated)


class Intake:
    """The only writer of papers, names, records and readings."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._insert = db.insert

    def ingest(self, connection: Connection, entries: Sequence[Entry], *, now: dt.datetime) -> Counts:
        """Identify, match and merge one batch within the caller's transaction. The same batch twice changes nothing."""
        if self._db.dialect == "postgresql":
            # Two processes must not decide about one component at once; SQLite has one writer anyway.
            connection.execute(text("SELECT pg_advisory_xact_lock(7368213)"))
        told: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            name = (entry.source, entry.key)
            told[name] = combine(told[name], entry) if name in told else entry
        known = self._records_by_key(connection, told)
        unique = {
            name: combine(entry_from_json(*name, known[name].body), entry) if name in known else entry
            for name, entry in told.items()
        }
        bodies = {name: entry_to_json(entry) for name, entry in unique.items()}
        hashes = {name: content_hash(body) for name, body in bodies.items()}
        fresh = {
            name: entry
            for name, entry in unique.items()
            if name not in known or known[name].content_hash != hashes[name]
        }
        paper_of = {name: row.paper_id for name, row in known.items()}
        counts = Counts()
        if fresh:
            changes = decide(self._component(connection, fresh, known, now))
            ids = self._write_papers(connection, changes, now)
            written = [
                (record, paper_id) for change, paper_id in zip(changes, ids, strict=True) for record in change.records
            ]
            for record, paper_id in written:
                paper_of[(record.entry.source, record.entry.key)] = paper_id
            changed = [(record, paper_id) for record, paper_id in written if record.changed]
            self._write_records(connection, changed, bodies, hashes, now)
            new = sum(change.paper_id is None for change in changes)
            counts = Counts(new=new, updated=len(changes) - new)
        self.observe(
            connection, [(paper_of[name], reading) for name, entry in unique.items() for reading in entry.readings]
        )
        return counts

    def observe(self, connection: Connection, readings: Sequence[tuple[int, Reading]]) -> None:
        """Append readings of attention; a value that has not changed for less than REPEAT_AFTER is not repeated."""
        if not readings:
            return
        last = self._last_readings(connection, {paper_id for paper_id, _ in readings})
        rows = []
        for paper_id, reading in readings:
            previous = last.get((paper_id, str(reading.signal)))
            if previous and previous[1] == reading.value and abs(reading.observed_at - previous[0]) < REPEAT_AFTER:
                continue
            rows.append(
                {
                    "paper_id": paper_id,
                    "signal": str(reading.signal),
                    "observed_at": reading.observed_at,
                    "value": reading.value,
                }
            )
        if rows:
            connection.execute(self._insert(observations).on_conflict_do_nothing(), rows)

    def _records_by_key(
        self, connection: Connection, names: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], Row[Any]]:
        found: dict[tuple[str, str], Row[Any]] = {}
        for chunk in chunks(list(names)):
            query = select(records).where(tuple_(records.c.source, records.c.key).in_(chunk))
            found.update({(row.source, row.key): row for row in connection.execute(query)})
        return found

    def _component(
        self,
        connection: Connection,
        fresh: Mapping[tuple[str, str], Entry],
        known: Mapping[tuple[str, str], Row[Any]],
        now: dt.datetime,
    ) -> list[StoredRecord]:
        """The fresh entries with every stored record that shares a name or a title with them, transitively."""
        component: dict[tuple[str, str], StoredRecord] = {}
        for name, entry in fresh.items():
            row = known.get(name)
            component[name] = StoredRecord(
                entry=entry,
                first_seen_at=row.first_seen_at if row else now,
                id=row.id if row else None,
                paper_id=row.paper_id if row else None,
                changed=True,
            )
        wanted_papers = {row.paper_id for name, row in known.items() if name in fresh}
        seen_papers: set[int] = set()
        frontier = list(component.values())
        while frontier or wanted_papers:
            touched = wanted_papers | self._touched(connection, [record.entry for record in frontier])
            wanted_papers = set()
            frontier = []
            new_papers = touched - seen_papers
            seen_papers |= touched
            for chunk in chunks(sorted(new_papers)):
                for row in connection.execute(select(records).where(records.c.paper_id.in_(chunk))):
                    name = (row.source, row.key)
                    if name not in component:
                        component[name] = StoredRecord(
                            entry=entry_from_json(row.source, row.key, row.body),
                            first_seen_at=row.first_seen_at,
                            id=row.id,
                            paper_id=row.paper_id,
                        )
                        frontier.append(component[name])
        return list(component.values())

    def _touched(self, connection: Connection, entries: Sequence[Entry]) -> set[int]:
        found: set[int] = set()
        names = sorted({(str(i.scheme), i.value) for entry in entries for i in entry.identifiers})
        for chunk in chunks(names):
            query = select(identifiers.c.paper_id).where(tuple_(identifiers.c.scheme, identifiers.c.value).in_(chunk))
            found.update(connection.scalars(query))
        titles = sorted({key for entry in entries if (key := title_key(entry.title))})
        for title_chunk in chunks(titles):
            found.update(connection.scalars(select(records.c.paper_id).where(records.c.title_key.in_(title_chunk))))
        return found

    def _write_papers(self, connection: Connection, changes: Sequence[PaperChange], now: dt.datetime) -> list[int]:
        """Write papers with few statements, whatever their number; returns the id of each."""
        merged = [
            merge(change.paper_id or 0, [Record(entry=r.entry, first_seen_at=r.first_seen_at) for r in change.records])
            for change in changes
        ]
        rows = [_paper_values(paper, now) for paper in merged]
        new = [row for row, change in zip(rows, changes, strict=True) if change.paper_id is None]
        old = [{"known_id": c.paper_id, **row} for row, c in zip(rows, changes, strict=True) if c.paper_id is not None]
        made: Iterator[int] = iter(())
        if new:
            made = iter(connection.scalars(_INSERT_PAPERS, new).all())
        if old:
            connection.execute(_UPDATE_PAPERS, old)
            connection.execute(delete(features).where(features.c.paper_id.in_([row["known_id"] for row in old])))
        ids = [next(made) if change.paper_id is None else change.paper_id for change in changes]
        for change, paper_id in zip(changes, ids, strict=True):
            for other in change.redirects:
                self._redirect(connection, other, paper_id)
            moved = [record.id for record in change.records if record.id is not None and record.paper_id != paper_id]
            if moved:
                connection.execute(update(records).where(records.c.id.in_(moved)).values(paper_id=paper_id))
        names = [
            {"scheme": str(i.scheme), "value": i.value, "paper_id": paper_id}
            for paper, paper_id in zip(merged, ids, strict=True)
            for i in paper.identifiers
        ]
        if names:
            connection.execute(self._insert(identifiers).on_conflict_do_nothing(), names)
        return ids

    def _redirect(self, connection: Connection, source: int, target: int) -> None:
        """Let history, names and picks of one paper follow it into another."""
        connection.execute(update(papers).where(papers.c.id == source).values(redirect_to=target, candidate=False))
        connection.execute(update(papers).where(papers.c.redirect_to == source).values(redirect_to=target))
        connection.execute(update(identifiers).where(identifiers.c.paper_id == source).values(paper_id=target))
        connection.execute(delete(features).where(features.c.paper_id == source))
        for table, key in (
            (observations, ("signal", "observed_at", "value")),
            (sent_papers, ("delivery_id", "subscriber_id", "position")),
        ):
            columns = [table.c[name] for name in key]
            rows = select(bindparam("target", target).label("paper_id"), *columns).where(table.c.paper_id == source)
            moved = self._insert(table).from_select(["paper_id", *key], rows).on_conflict_do_nothing()
            connection.execute(moved)
            connection.execute(delete(table).where(table.c.paper_id == source))

    def _write_records(
        self,
        connection: Connection,
        changed: Sequence[tuple[StoredRecord, int]],
        bodies: Mapping[tuple[str, str], Mapping[str, Any]],
        hashes: Mapping[tuple[str, str], str],
        now: dt.datetime,
    ) -> None:
        new, old = [], []
        for record, paper_id in changed:
            name = (record.entry.source, record.entry.key)
            values = {
                "paper_id": paper_id,
                "title_key": title_key(record.entry.title),
                "content_hash": hashes[name],
                "body": dict(bodies[name]),
                "seen_at": now,
            }
            if record.id is not None:
                old.append({"known_id": record.id, **values})
            else:
                new.append({"source": name[0], "key": name[1], "first_seen_at": record.first_seen_at, **values})
        if new:
            connection.execute(insert(records), new)
        if old:
            connection.execute(_UPDATE_RECORDS, old)

    def _last_readings(self, connection: Connection, ids: set[int]) -> dict[tuple[int, str], tuple[dt.datetime, float]]:
        last: dict[tuple[int, str], tuple[dt.datetime, float]] = {}
        for chunk in chunks(sorted(ids)):
            query = select(observations).where(observations.c.paper_id.in_(chunk)).order_by(observations.c.observed_at)
            for row in connection.execute(query):
                last[(row.paper_id, row.signal)] = (row.observed_at, row.value)
        return last


def _paper_values(paper: Paper, now: dt.datetime) -> dict[str, Any]:
    return {
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "primary_category": paper.primary_category or "",
        "url": paper.url,
        "comment": paper.comment,
        "code_url": paper.code_url,
        "version": paper.version,
        "withdrawn": paper.withdrawn,
        "candidate": paper.candidate,
        "sources": list(paper.sources),
        "published_at": paper.published_at,
        "announced_at": paper.announced_at,
        "first_seen_at": paper.first_seen_at,
        "news_at": int(_news_at(paper).timestamp()),
        "updated_at": now,
    }


def _news_at(paper: Paper) -> dt.datetime:
    """When the paper became news to us.

    A list that presents a paper as new makes it news when we first see it there: feeds go stale while their dates look
    current, so unseen ids are trusted and dates are not. A paper that nobody announced is as old as it says.
    """
    if paper.announced_at is not None or paper.published_at is None:
        return paper.first_seen_at
    return min(paper.published_at, paper.first_seen_at)
