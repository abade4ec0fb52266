"""What sources say → papers: identified, matched, merged and written within the caller's transaction.

entries ─▶ drafts ─▶ strangers ─────────────────────────────────────────────────▶ shelving: papers, names, records
   │                    └── the others ─▶ component: what is stored of theirs ─▶ decide ─▶ shelving
   └── readings ───────────────────────────────────────────────────────────────▶ readings: each paper's history
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from digest.catalog.combining import combine
from digest.catalog.deciding import decide
from digest.catalog.separation import RecordKey
from digest.model import Entry, Reading, Withdrawal
from digest.store.codec import entry_from_json
from digest.store.component import component, records_by_key
from digest.store.database import Database
from digest.store.drafts import Draft, draft, drafts
from digest.store.readings import observe
from digest.store.separations import decide_alone, read_separations
from digest.store.shelving import Shelf
from digest.store.strangers import strangers, told_before
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
        lifted = lift(connection, told)
        known = records_by_key(connection, told_before(connection, told))
        paper_of = {name: row.paper_id for name, row in known.items()}
        fresh = {one.name: one for one in _news(told, known, lifted, now)}
        alone = [one for one in strangers(connection, list(fresh.values())) if one.name not in known]
        ids = self._shelf.add(connection, alone, now)
        counts = Counts(new=len(alone))
        for one, paper_id in zip(alone, ids, strict=True):
            paper_of[one.name] = paper_id
            del fresh[one.name]
        if fresh:
            changes = decide(component(connection, fresh, known, now), read_separations(connection))
            changed = self._shelf.write_papers(connection, changes, fresh, now)
            self._shelf.write_records(connection, zip(changes, changed, strict=True), fresh, now)
            for change, paper_id in zip(changes, changed, strict=True):
                paper_of.update({(record.entry.source, record.entry.key): paper_id for record in change.records})
            new = sum(change.paper_id is None for change in changes)
            counts += Counts(new=new, updated=len(changes) - new)
            ids += changed
        keep_withdrawn(connection, ids)
        self.observe(connection, [(paper_of[one.name], reading) for one in told for reading in one.readings])
        return counts

    def withdraw(self, connection: Connection, told: Sequence[Withdrawal], *, now: dt.datetime) -> Counts:
        """Names that providers took back: what bears one is never sent, be it stored already or still to come."""
        return Counts(updated=withdraw(connection, self._db.insert, told, now))

    def observe(self, connection: Connection, readings: Sequence[tuple[int, Reading]], *, repeat: bool = False) -> None:
        """Append readings of attention: :func:`digest.store.readings.observe`."""
        observe(connection, self._db.insert, readings, repeat=repeat)


def _news(
    told: Iterable[Draft], known: Mapping[RecordKey, Row[Any]], lifted: Container[RecordKey], now: dt.datetime
) -> Iterator[Draft]:
    """What is told for the first time, or otherwise than before; the latter joined with what was said before."""
    for one in told:
        row = known.get(one.name)
        if row is None:
            yield one
        elif row.content_hash != one.content_hash or one.name in lifted:
            joined = draft(combine(entry_from_json(*one.name, row.body), one.entry), now=now)
            if joined.content_hash != row.content_hash or one.name in lifted:
                yield joined
