"""Near-equal text in the store: which papers have a record that says nearly the same as new entries?

    keys of a batch ─▶ index: (paper, sketch of its title) ─▶ the few nearest by sketch ─▶ records in full ─▶ near_equal

What shares a key is read from the index alone, in one statement of the driver's own; only what the sketches let through
is read and asked. Only papers that agree are returned, so a component grows along real evidence and not along words.

The work is bounded however many papers share a key (a generator's thousand tellings of one text): of a key the first
MOST_SHARING papers are looked at, and of those the MOST_READ with the most alike titles are read for an entry.

Rows are only ever added: those of a text that a record no longer has lead to a paper whose records then disagree.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import nlargest
from typing import Any, Final

from sqlalchemy import Connection

from digest.catalog.likeness import near_equal
from digest.catalog.near_text import near_keys, sketches_alike, title_sketch, worth_reading
from digest.model import Entry
from digest.store.codec import entry_from_json, from_text

MOST_SHARING: Final = 256
MOST_READ: Final = 16

_SHARING: Final = {
    "sqlite": "SELECT near.key, near.paper_id, near.sketch FROM json_each(?) AS asked"
    " CROSS JOIN near_keys AS near ON near.key = asked.value",
    "postgresql": "SELECT key, paper_id, sketch FROM near_keys WHERE key = ANY(%s)",
}
_RECORDS: Final = {
    "sqlite": "SELECT record.source, record.key, record.body, record.paper_id, paper.id FROM json_each(?) AS asked"
    " CROSS JOIN papers AS paper ON paper.id = asked.value"
    " CROSS JOIN records AS record ON record.paper_id = COALESCE(paper.redirect_to, paper.id)",
    "postgresql": "SELECT record.source, record.key, record.body::text, record.paper_id, paper.id FROM papers AS paper"
    " JOIN records AS record ON record.paper_id = COALESCE(paper.redirect_to, paper.id) WHERE paper.id = ANY(%s)",
}
"""Plain statements with all numbers in one parameter: an IN list is made anew and prepared anew for every batch."""


def near_papers(connection: Connection, entries: Sequence[Entry], known: Collection[int] = ()) -> set[int]:
    """The papers, beyond ``known``, with a record that is the same paper as one of ``entries`` by its text."""
    sharing = _sharing(connection, {key for entry in entries for key in near_keys(entry)}, known)
    asking: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        sketch = title_sketch(entry.title)
        alike: dict[int, float] = {}
        for key in near_keys(entry):
            for paper_id, other in sharing.get(key, ()):
                if worth_reading(other, sketch):
                    alike[paper_id] = max(alike.get(paper_id, 0), sketches_alike(other, sketch))
        for paper_id in nlargest(MOST_READ, sorted(alike), key=alike.__getitem__):
            asking[paper_id].append(entry)
    return _agreeing(connection, asking, known)


def _sharing(connection: Connection, keys: Collection[int], known: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """For each key, the papers that have it, each with the sketch of a title of its."""
    found: dict[int, list[tuple[int, int]]] = {}
    for key, paper_id, sketch in _rows(connection, _SHARING, keys):
        sharing = found.setdefault(key, [])
        if paper_id not in known and len(sharing) < MOST_SHARING:
            sharing.append((paper_id, sketch))
    return found


def _agreeing(connection: Connection, asking: dict[int, list[Entry]], known: Collection[int]) -> set[int]:
    found: set[int] = set()
    for source, name, body, paper_id, asked_id in _rows(connection, _RECORDS, asking):
        if paper_id not in found and paper_id not in known:
            stored = entry_from_json(source, name, from_text(body))
            if any(near_equal(entry, stored) for entry in asking[asked_id]):
                found.add(paper_id)
    return found


def _rows(connection: Connection, statements: dict[str, str], numbers: Collection[int]) -> Sequence[Any]:
    if not numbers:
        return ()
    ordered = sorted(numbers)  # neighbours in the index are read one after the other
    dialect = connection.dialect.name
    value = json.dumps(ordered) if dialect == "sqlite" else ordered
    # The driver's own rows: wrapping them takes longer than reading them.
    return connection.exec_driver_sql(statements[dialect], (value,)).cursor.fetchall()


def near_rows(entry: Entry, paper_id: int) -> list[tuple[int, int, int]]:
    """Rows of the table near_keys (key, paper_id, sketch) that let the text of a record be found from now on."""
    sketch = title_sketch(entry.title)
    return [(key, paper_id, sketch) for key in near_keys(entry)]
