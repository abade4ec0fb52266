"""Most papers of a day share nothing with any other. They are told apart for a whole batch, in a few look-ups.

A draft is a *stranger* when no key by which two entries could be joined (digest.catalog.matching) is also another
draft's or in the store. No rule can put it beside anything, so nothing has to be decided: it is a paper as it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from digest.catalog.near_text import worth_reading
from digest.catalog.separation import RecordKey
from digest.store.bulk import Row, select_in
from digest.store.drafts import Draft, Evidence


def told_before(connection: Connection, told: Iterable[Draft]) -> set[RecordKey]:
    """The (source, key) of drafts that have a record already."""
    keys: dict[str, list[str]] = defaultdict(list)
    for one in told:
        keys[one.source].append(one.key)
    asked = "SELECT source, key FROM records WHERE source = {first} AND key IN ({values})"
    return {(source, key) for name, some in keys.items() for source, key in select_in(connection, asked, some, name)}


def strangers(connection: Connection, told: Sequence[Draft]) -> list[Draft]:
    """The drafts that share no evidence with one another or with any stored record."""
    owner: dict[Evidence, int] = {}
    related: set[int] = set()
    for index, one in enumerate(told):
        for key in one.evidence():
            other = owner.setdefault(key, index)
            if other != index:
                related |= {other, index}
    related.update(owner[name] for name in _stored_names(connection, told))
    titles = [one.title_key for one in told if one.title_key]
    asked = "SELECT title_key FROM records WHERE title_key IN ({values})"
    related.update(owner[title] for (title,) in select_in(connection, asked, titles))
    texts = [key for one in told for key in one.near_keys]
    asked = "SELECT key, sketch FROM near_keys WHERE key IN ({values})"
    for key, sketch in select_in(connection, asked, texts):
        if worth_reading(sketch, told[owner[key]].title_sketch):
            related.add(owner[key])
    return [one for index, one in enumerate(told) if index not in related]


def _stored_names(connection: Connection, told: Iterable[Draft]) -> Iterable[Row]:
    values: dict[str, list[str]] = defaultdict(list)
    for one in told:
        for scheme, value in one.names:
            values[scheme].append(value)
    asked = "SELECT scheme, value FROM identifiers WHERE scheme = {first} AND value IN ({values})"
    for scheme, some in values.items():
        yield from select_in(connection, asked, some, scheme)
