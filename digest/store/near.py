"""Near-equal text in the store: which papers have a record that says nearly the same as new entries?

Look-ups and rows are of whole batches. What shares a key is read from the index alone, with a sketch of its title; the
few that the sketch lets through are read in full and asked (likeness.near_equal). Only papers that agree are returned,
so a component grows along real evidence and not along shared words.

Rows are only ever added: those of a text that a record no longer has lead to a paper whose records then disagree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from digest.catalog.likeness import near_equal
from digest.catalog.near_text import near_keys, title_sketch, worth_reading
from digest.model import Entry
from digest.store.codec import entry_from_json
from digest.store.database import chunks
from digest.store.schema import near_keys as near_keys_table
from digest.store.schema import papers, records

_ROWS = select(near_keys_table.c.key, near_keys_table.c.paper_id, near_keys_table.c.sketch).where(
    near_keys_table.c.key.in_(bindparam("keys", expanding=True, type_=BigInteger))
)
_NOW = select(papers.c.id, func.coalesce(papers.c.redirect_to, papers.c.id))


def near_papers(connection: Connection, entries: Sequence[Entry], known: Collection[int] = ()) -> set[int]:
    """The papers, beyond ``known``, with a record that is the same paper as one of ``entries`` by its text."""
    asking: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        for key in near_keys(entry):
            asking[key].append(entry)
    candidates: dict[int, list[Entry]] = defaultdict(list)
    for chunk in chunks(sorted(asking)):
        for key, paper_id, sketch in connection.execute(_ROWS, {"keys": list(chunk)}):
            if paper_id not in known:
                candidates[paper_id] += [e for e in asking[key] if worth_reading(sketch, title_sketch(e.title))]
    return _agreeing(connection, {paper_id: told for paper_id, told in candidates.items() if told}, known)


def _agreeing(connection: Connection, candidates: dict[int, list[Entry]], known: Collection[int]) -> set[int]:
    wanted: dict[int, list[Entry]] = defaultdict(list)
    for chunk in chunks(sorted(candidates)):
        for paper_id, now_id in connection.execute(_NOW.where(papers.c.id.in_(chunk))):
            if now_id not in known:
                wanted[now_id] += candidates[paper_id]
    found: set[int] = set()
    for chunk in chunks(sorted(wanted)):
        columns = select(records.c.source, records.c.key, records.c.body, records.c.paper_id)
        for source, name, body, paper_id in connection.execute(columns.where(records.c.paper_id.in_(chunk))):
            if paper_id not in found:
                stored = entry_from_json(source, name, body)
                if any(near_equal(entry, stored) for entry in wanted[paper_id]):
                    found.add(paper_id)
    return found


def near_rows(entry: Entry, paper_id: int) -> list[tuple[int, int, int]]:
    """Rows of the table near_keys (key, paper_id, sketch) that let the text of a record be found from now on."""
    sketch = title_sketch(entry.title)
    return [(key, paper_id, sketch) for key in near_keys(entry)]
