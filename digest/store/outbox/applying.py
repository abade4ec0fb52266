"""Facts of the accepted journal become deliveries, attempts, papers that are gone, and cursors of readers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from digest.model import DeliveryState
from digest.store.database import chunks
from digest.store.outbox.base import AnyRow, insert_or_ignore
from digest.store.outbox.values import SentFact
from digest.store.schema import attempts, deliveries, identifiers, sent_names, sent_papers, subscribers

WORDS = "the journal says that it went out; this database did not know"
UNSURE = "the journal says that it may have gone out; this database did not know"

Key = tuple[str, dt.date]
"""A reader and an edition."""

Papers = Mapping[str, Sequence[int]]
"""Papers of this database by a name such as ``arxiv:2511.01234``."""


KNOWN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        state=bindparam("as"),
        reason=bindparam("why"),
        message_id=bindparam("message"),
        lease_token=None,
        lease_until=None,
        next_attempt_at=None,
        updated_at=bindparam("at"),
    )
)

CURSOR = (
    update(subscribers)
    .where(
        subscribers.c.id == bindparam("reader"),
        or_(subscribers.c.last_edition.is_(None), subscribers.c.last_edition < bindparam("sent")),
    )
    .values(last_edition=bindparam("sent"))
)


def apply_facts(connection: Connection, told: Sequence[tuple[str, SentFact]], now: dt.datetime) -> int:
    """Make deliveries what the journal says of these readers; returns how many were something else.

    All in a few statements: a restored database may have to learn of everything that went out for days.
    """
    wanted = _settled(told)
    rows = _present(connection, [reader for reader, _ in wanted])
    changed = {key: fact for key, fact in wanted.items() if _is_news(rows.get(key), fact)}
    if not changed:
        return 0
    anew = {key: fact for key, fact in changed.items() if key not in rows}
    ids = {key: rows[key].id for key in changed if key in rows} | _insert(connection, anew, now)
    if old := {key: fact for key, fact in changed.items() if key in rows}:
        connection.execute(
            KNOWN,
            [{"delivery": ids[key], "as": fact.state, "why": _words(fact), "message": fact.message_id, "at": now}
             for key, fact in old.items()],
        )  # fmt: skip
    # A mail that was built here and is not the one that went out: neither are its bytes and its papers.
    others = {key for key, fact in old.items() if rows[key].message_id != fact.message_id}
    for chunk in chunks([ids[key] for key in others]):
        connection.execute(delete(sent_papers).where(sent_papers.c.delivery_id.in_(chunk)))
        connection.execute(update(deliveries).where(deliveries.c.id.in_(chunk)).values(recipe=None))
    _carry(connection, {key: (ids[key], fact) for key, fact in changed.items() if key in anew or key in others})
    connection.execute(
        insert(attempts),
        [{"delivery_id": ids[key], "lease_token": "", "at": fact.at, "relay": fact.relay, "phase": "journal",
          "outcome": str(fact.state), "text": _words(fact)} for key, fact in changed.items()],
    )  # fmt: skip
    connection.execute(CURSOR, [{"reader": reader, "sent": edition} for reader, edition in sorted(changed)])
    return len(changed)


def _resolved(connection: Connection, facts: Sequence[SentFact]) -> Papers:
    """The papers that the names in some facts belong to here; a disputed name belongs to several."""
    wanted: dict[str, set[str]] = {}
    for name in {name for fact in facts for names in fact.papers for name in names}:
        scheme, _, value = name.partition(":")
        wanted.setdefault(scheme, set()).add(value)
    found: dict[str, list[int]] = {}
    for scheme, values in wanted.items():
        for chunk in chunks(sorted(values)):
            query = select(identifiers.c.value, identifiers.c.paper_id)
            query = query.where(identifiers.c.scheme == scheme, identifiers.c.value.in_(chunk))
            for row in connection.execute(query):
                found.setdefault(f"{scheme}:{row.value}", []).append(row.paper_id)
    return found


def _settled(told: Sequence[tuple[str, SentFact]]) -> dict[Key, SentFact]:
    """One fact for each edition of a reader: that it was accepted, or else the latest."""
    facts: dict[Key, SentFact] = {}
    for reader, fact in told:
        before = facts.get((reader, fact.edition))
        if before is None or before.state is not DeliveryState.ACCEPTED:
            facts[reader, fact.edition] = fact
    return facts


def _present(connection: Connection, readers: Sequence[str]) -> dict[Key, AnyRow]:
    """The deliveries to some readers that count; nobody plans for them before the transaction ends."""
    columns = (deliveries.c.id, deliveries.c.subscriber_id, deliveries.c.edition, deliveries.c.state)
    query = select(*columns, deliveries.c.message_id, deliveries.c.updated_at).where(deliveries.c.trial.is_(False))
    for chunk in chunks(sorted(set(readers))):
        mine = select(subscribers.c.id).where(subscribers.c.id.in_(chunk)).order_by(subscribers.c.id)
        connection.execute(mine.with_for_update())  # as digest.store.outbox.planning does
    return {
        (row.subscriber_id, row.edition): row
        for chunk in chunks(sorted(set(readers)))
        for row in connection.execute(
            query.where(deliveries.c.subscriber_id.in_(chunk)).order_by(deliveries.c.id).with_for_update()
        )
    }


def _is_news(row: AnyRow | None, fact: SentFact) -> bool:
    if row is None:
        return True
    return row.state != DeliveryState.ACCEPTED and (fact.state is DeliveryState.ACCEPTED or row.updated_at < fact.at)


def _words(fact: SentFact) -> str:
    return WORDS if fact.state is DeliveryState.ACCEPTED else UNSURE


def _insert(connection: Connection, facts: Mapping[Key, SentFact], now: dt.datetime) -> dict[Key, int]:
    """Deliveries that are nothing but their outcome; their ids."""
    if not facts:
        return {}
    rows = [
        {
            "subscriber_id": reader, "edition": edition, "trial": False, "state": str(fact.state), "due_at": fact.at,
            "not_before": fact.at, "expires_at": fact.at, "attempt_count": 1, "message_id": fact.message_id,
            "reason": _words(fact), "created_at": fact.at, "updated_at": now,
        }
        for (reader, edition), fact in facts.items()
    ]  # fmt: skip
    made = insert(deliveries).returning(deliveries.c.id, sort_by_parameter_order=True)
    return dict(zip(facts, connection.scalars(made, rows), strict=True))


def _carry(connection: Connection, mails: Mapping[Key, tuple[int, SentFact]]) -> None:
    """The papers of mails are gone for their readers: by id where they are known here, else by all their names."""
    papers = _resolved(connection, [fact for _, fact in mails.values()])
    rows, names = [], []
    for (reader, _), (delivery, fact) in mails.items():
        key = {"delivery_id": delivery, "subscriber_id": reader}
        seen: set[int] = set()
        for position, called in enumerate(fact.papers, start=1):
            ids = dict.fromkeys(paper_id for name in called for paper_id in papers.get(name, ()))
            rows += [{**key, "paper_id": paper_id, "position": position} for paper_id in ids if paper_id not in seen]
            seen.update(ids)
            if not ids:
                pairs = {name: name.partition(":") for name in called}
                names += [{**key, "scheme": scheme, "value": value} for scheme, _, value in pairs.values()]
    if rows:
        connection.execute(insert_or_ignore(connection, sent_papers), rows)
    if names:
        connection.execute(insert_or_ignore(connection, sent_names), names)
