"""Names that a provider took back. A paper that bears one is withdrawn, whether it came before or comes after.

A withdrawal ends when the same provider tells of the paper again. Withdrawals that a record itself speaks of (a last
version without a source, a comment) are no business of this module: they come and go with the record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, exists, select, tuple_, update

from digest.model import Withdrawal
from digest.store.database import Insertion, chunks
from digest.store.drafts import Draft
from digest.store.schema import identifiers, papers, withdrawals

_ANY = select(exists().where(withdrawals.c.source.is_not(None)))
_BEARS_ONE = exists().where(
    identifiers.c.paper_id == papers.c.id,
    withdrawals.c.scheme == identifiers.c.scheme,
    withdrawals.c.value == identifiers.c.value,
)


def withdraw(connection: Connection, insertion: Insertion, told: Sequence[Withdrawal], now: dt.datetime) -> int:
    """Remember withdrawals; returns how many stored papers are withdrawn by them that were not before."""
    if not told:
        return 0
    rows = [
        {"scheme": str(one.identifier.scheme), "value": one.identifier.value, "source": one.source, "withdrawn_at": now}
        for one in dict.fromkeys(told)
    ]
    connection.execute(insertion(withdrawals).on_conflict_do_nothing(), rows)
    changed = 0
    for chunk in chunks([(str(one.identifier.scheme), one.identifier.value) for one in told]):
        named = select(identifiers.c.paper_id).where(tuple_(identifiers.c.scheme, identifiers.c.value).in_(chunk))
        mark = update(papers).where(papers.c.id.in_(named), ~papers.c.withdrawn)
        changed += connection.execute(mark.values(withdrawn=True, updated_at=now)).rowcount
    return changed


def lift(connection: Connection, told: Iterable[Draft]) -> set[tuple[str, str]]:
    """End the withdrawals of what their own provider tells of again; returns the (source, key) of those drafts."""
    if not connection.scalar(_ANY):
        return set()
    names = {(*name, one.source): one.name for one in told for name in one.names}
    ended: set[tuple[str, str]] = set()
    columns = (withdrawals.c.scheme, withdrawals.c.value, withdrawals.c.source)
    for chunk in chunks(list(names)):
        gone = delete(withdrawals).where(tuple_(*columns).in_(chunk)).returning(*columns)
        ended.update(names[row.scheme, row.value, row.source] for row in connection.execute(gone))
    return ended


def keep_withdrawn(connection: Connection, paper_ids: Sequence[int]) -> None:
    """Papers that were just written stay, or are born, withdrawn if they bear a name that was taken back."""
    if connection.scalar(_ANY):
        for chunk in chunks(list(paper_ids)):
            connection.execute(update(papers).where(papers.c.id.in_(chunk), _BEARS_ONE).values(withdrawn=True))
