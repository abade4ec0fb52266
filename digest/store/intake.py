"""What sources say → papers: identified, matched, merged and written within the caller's transaction.

entries ─▶ drafts ─▶ component: what is stored that they could concern ─▶ decide ─▶ shelving: papers, names, records
   └── readings ──────────────────────────────────────────────────────────────────▶ readings: each paper's history
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from digest.catalog.combining import combine
from digest.catalog.deciding import decide
from digest.model import Entry, Reading, Withdrawal
from digest.store.codec import entry_from_json
from digest.store.component import component, records_by_key
from digest.store.database import Database
from digest.store.drafts import Draft, draft, drafts
from digest.store.readings import observe
from digest.store.separations import decide_alone, read_separations
from digest.store.shelving import Shelf
from digest.store.withdrawals import keep_withdrawn, lift, withdraw


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
        self._shelf = Shelf(db)

    def ingest(self, connection: Connection, entries: Sequence[Entry], *, now: dt.datetime) -> Counts:
        """Identify, match and merge one batch within the caller's transaction. The same batch twice changes nothing."""
        return self.take(connection, drafts(entries, now=now), now=now)

    def take(self, connection: Connection, told: Sequence[Draft], *, now: dt.datetime) -> Counts:
        """Like :meth:`ingest`, for drafts that were made at ``now``, each of another (source, key)."""
        decide_alone(connection)
        lifted = lift(connection, [one.entry for one in told])
        known = records_by_key(connection, [(one.entry.source, one.entry.key) for one in told])
        paper_of = {name: row.paper_id for name, row in known.items()}
        fresh: dict[tuple[str, str], Draft] = {}
        for one in told:
            name = (one.entry.source, one.entry.key)
            row = known.get(name)
            if row is None:
                fresh[name] = one
            elif row.content_hash != one.content_hash or name in lifted:
                joined = draft(combine(entry_from_json(*name, row.body), one.entry), now=now)
                if joined.content_hash != row.content_hash or name in lifted:
                    fresh[name] = joined
        counts = Counts()
        if fresh:
            changes = decide(component(connection, fresh, known, now), read_separations(connection))
            ids = self._shelf.write_papers(connection, changes, fresh, now)
            self._shelf.write_records(connection, zip(changes, ids, strict=True), fresh, now)
            keep_withdrawn(connection, ids)
            for change, paper_id in zip(changes, ids, strict=True):
                paper_of.update({(record.entry.source, record.entry.key): paper_id for record in change.records})
            new = sum(change.paper_id is None for change in changes)
            counts = Counts(new=new, updated=len(changes) - new)
        self.observe(
            connection,
            [(paper_of[(one.entry.source, one.entry.key)], reading) for one in told for reading in one.entry.readings],
        )
        return counts

    def withdraw(self, connection: Connection, told: Sequence[Withdrawal], *, now: dt.datetime) -> Counts:
        """Names that providers took back: what bears one is never sent, be it stored already or still to come."""
        return Counts(updated=withdraw(connection, self._db.insert, told, now))

    def observe(self, connection: Connection, readings: Sequence[tuple[int, Reading]], *, repeat: bool = False) -> None:
        """Append readings of attention: :func:`digest.store.readings.observe`."""
        observe(connection, self._db.insert, readings, repeat=repeat)
