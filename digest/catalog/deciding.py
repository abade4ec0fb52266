"""Which stored papers do new entries belong to? A pure decision over one affected component.

The store collects every record that the new entries could possibly touch, this module says which paper each record
belongs to, and the store writes that down. Since the whole component is decided afresh each time, the order in which
entries arrived makes no difference to the outcome.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from digest.catalog.matching import group
from digest.model import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One provider's entry with its place in the store; ``id`` and ``paper_id`` are None while it is new."""

    entry: Entry
    first_seen_at: dt.datetime
    id: int | None = None
    paper_id: int | None = None
    changed: bool = False
    """True for a record that is new, or that says something else than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperChange:
    """One paper to write: its id (None = a new paper), all its records, and the papers that it swallows."""

    paper_id: int | None
    records: tuple[StoredRecord, ...]
    redirects: tuple[int, ...] = ()


def decide(records: Sequence[StoredRecord]) -> tuple[PaperChange, ...]:
    """Group the records of one affected component into papers; only papers that change are returned.

    A paper keeps the id of its oldest record, so history, picks and links stay valid; the ids of papers that were
    merged into it are its ``redirects``. Ids are never taken by two groups: where evidence now separates records that
    shared a paper, the group with the oldest record keeps the id and the others become new papers.
    """
    groups = [[records[index] for index in indexes] for indexes in group([record.entry for record in records])]
    groups.sort(key=_oldest)
    taken: set[int] = set()
    members: dict[int, int] = {}
    for record in records:
        if record.paper_id is not None:
            members[record.paper_id] = members.get(record.paper_id, 0) + 1
    changes = []
    for group_records in groups:
        owned = {record.paper_id for record in group_records if record.paper_id is not None}
        free = sorted(owned - taken)
        paper_id = free[0] if free else None
        if paper_id is not None:
            taken.add(paper_id)
        # An id is a redirect only when no record of that paper is left elsewhere.
        redirects = tuple(
            other for other in free[1:] if sum(record.paper_id == other for record in group_records) == members[other]
        )
        taken.update(redirects)
        moved = any(record.paper_id != paper_id for record in group_records)
        shrunk = paper_id is not None and members[paper_id] > sum(r.paper_id == paper_id for r in group_records)
        if moved or shrunk or any(record.changed for record in group_records):
            changes.append(PaperChange(paper_id=paper_id, records=tuple(group_records), redirects=redirects))
    return tuple(changes)


def _oldest(group_records: Sequence[StoredRecord]) -> tuple[bool, int, dt.datetime, str, str]:
    oldest = min(group_records, key=lambda r: (r.id is None, r.id or 0, r.first_seen_at, r.entry.source, r.entry.key))
    return (oldest.id is None, oldest.id or 0, oldest.first_seen_at, oldest.entry.source, oldest.entry.key)
