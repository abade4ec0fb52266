"""Before a decision: every stored record that new entries could possibly concern, read in few statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from digest.catalog.deciding import StoredRecord
from digest.catalog.titles import title_key
from digest.model import Entry
from digest.store.codec import entry_from_json
from digest.store.database import chunks
from digest.store.drafts import Draft
from digest.store.near import near_papers
from digest.store.schema import identifiers, records


def records_by_key(connection: Connection, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Row[Any]]:
    """The stored records of some (source, key)."""
    found: dict[tuple[str, str], Row[Any]] = {}
    for chunk in chunks(list(names)):
        query = select(records).where(tuple_(records.c.source, records.c.key).in_(chunk))
        found.update({(row.source, row.key): row for row in connection.execute(query)})
    return found


def component(
    connection: Connection,
    fresh: Mapping[tuple[str, str], Draft],
    known: Mapping[tuple[str, str], Row[Any]],
    now: dt.datetime,
) -> list[StoredRecord]:
    """The fresh entries with all stored records that share a name, a title or nearly their text, transitively."""
    found: dict[tuple[str, str], StoredRecord] = {}
    for name, told in fresh.items():
        row = known.get(name)
        found[name] = StoredRecord(
            entry=told.entry,
            first_seen_at=row.first_seen_at if row else now,
            id=row.id if row else None,
            paper_id=row.paper_id if row else None,
            merged_from=row.merged_from if row else None,
            changed=True,
        )
    return _closed(connection, found, {row.paper_id for name, row in known.items() if name in fresh})


def around(connection: Connection, paper_ids: Iterable[int]) -> list[StoredRecord]:
    """The records of stored papers with all that share a name, a title or nearly their text with them, transitively."""
    return _closed(connection, {}, set(paper_ids))


def _closed(
    connection: Connection, found: dict[tuple[str, str], StoredRecord], wanted_papers: set[int]
) -> list[StoredRecord]:
    """``found`` and the records of ``wanted_papers``, and all that hangs on them."""
    seen_papers: set[int] = set()
    frontier = list(found.values())
    while frontier or wanted_papers:
        asking = [record.entry for record in frontier]
        touched = wanted_papers | _touched(connection, asking)
        touched |= near_papers(connection, asking, seen_papers | touched)
        wanted_papers = set()
        frontier = []
        new_papers = touched - seen_papers
        seen_papers |= touched
        for chunk in chunks(sorted(new_papers)):
            for row in connection.execute(select(records).where(records.c.paper_id.in_(chunk))):
                name = (row.source, row.key)
                if name not in found:
                    found[name] = StoredRecord(
                        entry=entry_from_json(row.source, row.key, row.body),
                        first_seen_at=row.first_seen_at,
                        id=row.id,
                        paper_id=row.paper_id,
                        merged_from=row.merged_from,
                    )
                    frontier.append(found[name])
    return list(found.values())


def _touched(connection: Connection, entries: Sequence[Entry]) -> set[int]:
    """The papers that could share evidence with the entries: by a name or by a title."""
    found: set[int] = set()
    names = sorted({(str(i.scheme), i.value) for entry in entries for i in entry.identifiers})
    for chunk in chunks(names):
        query = select(identifiers.c.paper_id).where(tuple_(identifiers.c.scheme, identifiers.c.value).in_(chunk))
        found.update(connection.scalars(query))
    titles = sorted({key for entry in entries if (key := title_key(entry.title))})
    for title_chunk in chunks(titles):
        found.update(connection.scalars(select(records.c.paper_id).where(records.c.title_key.in_(title_chunk))))
    return found
