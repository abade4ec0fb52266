"""What papers are made of, and an operator's word on it: a merge is undone, and stays undone, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert

from digest.catalog.deciding import PaperChange, StoredRecord, decide
from digest.catalog.explaining import Explanation, explain, key_of
from digest.catalog.merging import Record, merge
from digest.catalog.separation import RecordKey, Separation
from digest.errors import NotFound
from digest.store.component import around, records_by_key
from digest.store.database import Database
from digest.store.schema import events, separated_records, separations
from digest.store.separations import decide_alone, numbered_separations, read_separations
from digest.store.shelving import Shelf
from digest.store.withdrawals import keep_withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the papers that records belong to after a split or its undoing."""

    paper_id: int | None
    """None in a dry run, where it would be a new one."""
    title: str
    records: tuple[RecordKey, ...]
    revived: bool = False
    """It had been merged away, and comes back under its old id and with its own history."""


class Splitting:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._shelf = Shelf(db)

    def explain(self, paper_id: int) -> Explanation:
        """Why the records of a paper are one paper."""
        with self._db.read() as connection:
            return explain(paper_id, around(connection, [paper_id]), read_separations(connection))

    def split(
        self, paper_id: int, keys: Collection[RecordKey], *, now: dt.datetime, dry_run: bool = False
    ) -> tuple[Part, ...]:
        """Separate some of a paper's records from its others for good; returns the papers they now are.

        The paper that keeps the oldest record keeps the id and whatever was sent while they were one.

        Raises:
            NotFound: a record that is not the paper's; or nothing would be left on one side.
        """
        with self._db.write() as connection:
            decide_alone(connection)
            component = around(connection, [paper_id])
            own = {key_of(record) for record in component if record.paper_id == paper_id}
            if strangers := sorted(set(keys) - own):
                raise NotFound(f"paper #{paper_id} has no record {' '.join(strangers[0])}")
            if not keys or set(keys) == own:
                raise NotFound(f"paper #{paper_id} has {len(own)} records; a split leaves at least one on each side")
            separation = Separation(one=frozenset(own - set(keys)), other=frozenset(keys))
            changes = decide(component, [*read_separations(connection), separation])
            if not dry_run:
                _remember(connection, separation, now)
            return self._write(connection, "papers.split", paper_id, changes, own, now, dry_run)

    def unsplit(self, paper_id: int, *, now: dt.datetime, dry_run: bool = False) -> tuple[Part, ...]:
        """Forget every separation that names a record of the paper: the evidence alone decides again.

        Raises:
            NotFound: there is none.
        """
        with self._db.write() as connection:
            decide_alone(connection)
            own = {key_of(r) for r in around(connection, [paper_id]) if r.paper_id == paper_id}
            known = numbered_separations(connection)
            undone = {number: s for number, s in known.items() if own & (s.one | s.other)}
            if not undone:
                raise NotFound(f"paper #{paper_id} was never split")
            named = own.union(*(s.one | s.other for s in undone.values()))
            component = around(connection, {row.paper_id for row in records_by_key(connection, named).values()})
            changes = decide(component, [s for number, s in known.items() if number not in undone])
            if not dry_run:
                for table in (separated_records.c.separation_id, separations.c.id):
                    connection.execute(delete(table.table).where(table.in_(undone)))
            parts = self._write(connection, "papers.unsplit", paper_id, changes, named, now, dry_run)
            return parts or (_part(paper_id, [record for record in component if record.paper_id == paper_id]),)

    def _write(
        self,
        connection: Connection,
        act: str,
        paper_id: int,
        changes: Sequence[PaperChange],
        concerned: Collection[RecordKey],
        now: dt.datetime,
        dry_run: bool,
    ) -> tuple[Part, ...]:
        ids: Iterable[int | None] = [change.paper_id for change in changes]
        if not dry_run:
            ids = written = self._shelf.write_papers(connection, changes, {}, now)
            keep_withdrawn(connection, written)
            detail = {"paper": paper_id, "into": written}
            connection.execute(insert(events).values(at=now, kind=act, detail=detail))
        parts = [
            _part(known, change.records, revived=known in change.returns)
            for known, change in zip(ids, changes, strict=True)
            if any(key_of(record) in concerned for record in change.records)
        ]
        return tuple(sorted(parts, key=lambda part: (part.paper_id != paper_id, part.paper_id or 0)))


def _remember(connection: Connection, separation: Separation, now: dt.datetime) -> None:
    number = connection.scalar(insert(separations).values(created_at=now).returning(separations.c.id))
    rows = [
        {"separation_id": number, "source": source, "key": key, "side": side}
        for side, keys in ((False, separation.one), (True, separation.other))
        for source, key in sorted(keys)
    ]
    connection.execute(insert(separated_records), rows)


def _part(paper_id: int | None, records: Sequence[StoredRecord], *, revived: bool = False) -> Part:
    paper = merge(paper_id or 0, [Record(entry=r.entry, first_seen_at=r.first_seen_at) for r in records])
    return Part(
        paper_id=paper_id, title=paper.title, records=tuple(sorted(key_of(r) for r in records)), revived=revived
    )
