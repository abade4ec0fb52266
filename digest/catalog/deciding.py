"""Which stored papers do new entries belong to? A pure decision over one affected component.

The store collects every record that the new entries could possibly touch, this module says which paper each record
belongs to, and the store writes that down. Since the whole component is decided afresh each time, the order in which
entries arrived makes no difference to the outcome.

A merge can be undone: a record remembers the paper that it was in before (``merged_from``). When its group is separated
from the paper that swallowed that one, the old paper comes back under its own id, and its history with it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from digest.catalog.matching import group
from digest.catalog.separation import Separation
from digest.model import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One provider's entry with its place in the store; ``id`` and ``paper_id`` are None while it is new."""

    entry: Entry
    first_seen_at: dt.datetime
    id: int | None = None
    paper_id: int | None = None
    merged_from: int | None = None
    """The paper it was in before that one was merged into ``paper_id``."""
    changed: bool = False
    """True for a record that is new, or that says something else than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperChange:
    """One paper to write: its id (None = a new paper), all its records, and what becomes of other ids."""

    paper_id: int | None
    records: tuple[StoredRecord, ...]
    redirects: tuple[int, ...] = ()
    """Papers that it swallows."""
    returns: tuple[int, ...] = ()
    """Ids that led to another paper until now and whose history belongs here; its own, when it comes back to life."""
    shrunk: bool = False
    """Some of its records now belong to another paper, so that it may have lost names."""


def decide(records: Sequence[StoredRecord], separations: Sequence[Separation] = ()) -> tuple[PaperChange, ...]:
    """Group the records of one affected component into papers; only papers that change are returned.

    A paper keeps the id of its oldest record, so history, picks and links stay valid; the ids of papers that were
    merged into it are its ``redirects``. Ids are never taken by two groups: where evidence or an operator now separates
    records that shared a paper, the group with the oldest record keeps the id. Another group takes up the id that its
    records had before a merge, if all that had it are in it; else it becomes a new paper.
    """
    entries = [record.entry for record in records]
    groups = [[records[index] for index in indexes] for indexes in group(entries, separations)]
    groups.sort(key=_oldest)
    members = Counter(record.paper_id for record in records)
    former = Counter(record.merged_from for record in records)
    taken: set[int] = set()
    changes = []
    for group_records in groups:
        own = Counter(record.paper_id for record in group_records)
        free = sorted(paper_id for paper_id in own if paper_id is not None and paper_id not in taken)
        whole = _whole(group_records, former) - taken
        paper_id = free[0] if free else min(whole, default=None)
        # An id is a redirect only when no record of that paper is left elsewhere.
        redirects = tuple(other for other in free[1:] if own[other] == members[other])
        led_elsewhere = {
            record.merged_from for record in group_records if record.paper_id not in {paper_id, *redirects}
        }
        returns = tuple(sorted(whole & led_elsewhere))
        taken.update(redirects, returns, () if paper_id is None else (paper_id,))
        moved = any(record.paper_id != paper_id for record in group_records)
        shrunk = bool(free) and members[paper_id] > own[paper_id]
        if moved or shrunk or any(record.changed for record in group_records):
            changes.append(
                PaperChange(
                    paper_id=paper_id,
                    records=tuple(group_records),
                    redirects=redirects,
                    returns=returns,
                    shrunk=shrunk,
                )
            )
    return tuple(changes)


def _whole(group_records: Sequence[StoredRecord], former: Counter[int | None]) -> set[int]:
    """The swallowed papers of which every record is in this group."""
    here = Counter(record.merged_from for record in group_records)
    return {paper_id for paper_id, number in here.items() if paper_id is not None and number == former[paper_id]}


def _oldest(group_records: Sequence[StoredRecord]) -> tuple[bool, int, dt.datetime, str, str]:
    oldest = min(group_records, key=lambda r: (r.id is None, r.id or 0, r.first_seen_at, r.entry.source, r.entry.key))
    return (oldest.id is None, oldest.id or 0, oldest.first_seen_at, oldest.entry.source, oldest.entry.key)
