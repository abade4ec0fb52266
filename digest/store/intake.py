"""What sources say → papers: identified, matched, merged and written within the caller's transaction.

entries ─▶ component: what is stored that they could concern ─▶ decide ─▶ shelving: papers, names, records
   └── readings ─────────────────────────────────────────────────────────▶ readings: each paper's history
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from digest.catalog.combining import combine
from digest.catalog.deciding import decide
from digest.model import Entry, Reading
from digest.store.codec import content_hash, entry_from_json, entry_to_json
from digest.store.component import component, records_by_key
from digest.store.database import Database
from digest.store.readings import observe
from digest.store.shelving import write_papers, write_records


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

    def ingest(self, connection: Connection, entries: Sequence[Entry], *, now: dt.datetime) -> Counts:
        """Identify, match and merge one batch within the caller's transaction. The same batch twice changes nothing."""
        if self._db.dialect == "postgresql":
            # Two processes must not decide about one component at once; SQLite has one writer anyway.
            connection.execute(text("SELECT pg_advisory_xact_lock(7368213)"))
        told: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            name = (entry.source, entry.key)
            told[name] = combine(told[name], entry) if name in told else entry
        known = records_by_key(connection, told)
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
            changes = decide(component(connection, fresh, known, now))
            ids = write_papers(connection, self._db.insert, changes, now)
            written = [
                (record, paper_id) for change, paper_id in zip(changes, ids, strict=True) for record in change.records
            ]
            for record, paper_id in written:
                paper_of[(record.entry.source, record.entry.key)] = paper_id
            changed = [(record, paper_id) for record, paper_id in written if record.changed]
            write_records(connection, changed, bodies, hashes, now)
            new = sum(change.paper_id is None for change in changes)
            counts = Counts(new=new, updated=len(changes) - new)
        self.observe(
            connection, [(paper_of[name], reading) for name, entry in unique.items() for reading in entry.readings]
        )
        return counts

    def observe(self, connection: Connection, readings: Sequence[tuple[int, Reading]], *, repeat: bool = False) -> None:
        """Append readings of attention: :func:`digest.store.readings.observe`."""
        observe(connection, self._db.insert, readings, repeat=repeat)
