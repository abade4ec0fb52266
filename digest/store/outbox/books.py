"""Looking at the outbox: the queue, what a reader has had, a day's mail again, and the books of a press day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, distinct, func, or_, select

from digest.model import OPEN_STATES, RELEASING_STATES, DeliveryState, EditionKey
from digest.store.outbox.base import Chapter, write_event
from digest.store.outbox.values import Attempt, Books, DeliveryRow, Filters, Frozen, Replay
from digest.store.schema import attempts, deliveries, events, identifiers, papers, sent_names, sent_papers

LAST_ZONE = dt.timedelta(hours=12)
"""UTC−12, Baker Island, is the last place where a date ends."""

OPEN_BOOKS = dt.timedelta(days=30)
"""How far back press days are looked at that were never closed."""

WENT_OUT = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
"""A server took it, or may have."""

NEEDS_SOMEBODY = (DeliveryState.HELD, DeliveryState.UNCERTAIN)
"""Only the operator moves these on."""

CLOSED, MISMATCH = "books.closed", "books.mismatch"


class Reading(Chapter):
    def listing(self, filters: Filters | None = None) -> list[DeliveryRow]:
        """Deliveries, the newest first."""
        wanted = filters or Filters()
        query = select(*(deliveries.c[name] for name in DeliveryRow.__dataclass_fields__))
        query = query.where(*matching(wanted))
        query = query.order_by(deliveries.c.edition.desc(), deliveries.c.id.desc()).limit(wanted.limit)
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [DeliveryRow(**{**row, "state": DeliveryState(row["state"])}) for row in rows]

    def chosen(self, filters: Filters) -> list[int]:
        """The ids of all deliveries that filters choose, whatever their limit, in their order."""
        query = select(deliveries.c.id).where(*matching(filters)).order_by(deliveries.c.id)
        with self._db.read() as connection:
            return list(connection.scalars(query))

    def size(self, filters: Filters) -> int:
        """How many deliveries filters choose, whatever their limit."""
        query = select(func.count()).select_from(deliveries).where(*matching(filters))
        with self._db.read() as connection:
            number: int = connection.execute(query).scalar_one()
        return number

    def transcript(self, delivery_id: int) -> list[Attempt]:
        """Every attempt of a delivery, the oldest first."""
        query = select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.id)
        with self._db.read() as connection:
            return [Attempt(r.at, r.relay, r.phase, r.outcome, r.code, r.text) for r in connection.execute(query)]

    def waiting(self) -> dict[tuple[str, DeliveryState], int]:
        """Of what is not at its end, how much is in which state, by the recipient's domain; trials left out."""
        query = select(deliveries.c.recipient, deliveries.c.state).where(
            deliveries.c.trial.is_(False), deliveries.c.state.in_([*OPEN_STATES, *NEEDS_SOMEBODY])
        )
        found: dict[tuple[str, DeliveryState], int] = {}
        with self._db.read() as connection:
            for recipient, state in connection.execute(query):
                key = ((recipient or "").rpartition("@")[2].lower(), DeliveryState(state))
                found[key] = found.get(key, 0) + 1
        return found

    def counts(self, *, trial: bool | None = None, edition: dt.date | None = None) -> dict[DeliveryState, int]:
        """How many deliveries are in each state."""
        with self._db.read() as connection:
            return _counts(connection, trial, edition)

    def next_attempt_at(self, *, trial: bool) -> dt.datetime | None:
        """When the first ready or deferred delivery may go out; None if there is none."""
        query = select(
            func.min(
                func.coalesce(deliveries.c.next_attempt_at, deliveries.c.not_before, type_=deliveries.c.due_at.type)
            )
        ).where(deliveries.c.trial == trial, deliveries.c.state.in_((DeliveryState.READY, DeliveryState.DEFERRED)))
        with self._db.read() as connection:
            first: dt.datetime | None = connection.execute(query).scalar_one()
        return first

    def sent_paper_ids(self, subscriber_ids: Sequence[str], *, before: dt.date | None = None) -> Mapping[str, set[int]]:
        """By reader, the papers that count as gone, in editions ``before`` that date only if given.

        Gone is everything from ready through accepted, uncertain and held; what failed, expired or was cancelled gave
        its papers back, and trials never count. A paper that was merged since counts under its new id as well. One that
        is known by name only, from the journal, counts as soon as a source brings it.
        """
        gone: dict[str, set[int]] = {reader: set() for reader in subscriber_ids}
        query = (
            select(sent_papers.c.subscriber_id, sent_papers.c.paper_id, papers.c.redirect_to)
            .join(deliveries, deliveries.c.id == sent_papers.c.delivery_id)
            .join(papers, papers.c.id == sent_papers.c.paper_id)
            .where(
                sent_papers.c.subscriber_id.in_(list(subscriber_ids)),
                deliveries.c.trial.is_(False),
                deliveries.c.state.not_in(list(RELEASING_STATES)),
            )
        )
        if before is not None:
            query = query.where(deliveries.c.edition < before)
        with self._db.read() as connection:
            for reader, paper_id in _sent_by_name(connection, subscriber_ids, before):
                gone[reader].add(paper_id)
            merged: dict[int, set[str]] = {}
            for row in connection.execute(query):
                gone[row.subscriber_id].add(row.paper_id)
                if row.redirect_to is not None:
                    merged.setdefault(row.redirect_to, set()).add(row.subscriber_id)
            while merged:
                onward = connection.execute(
                    select(papers.c.id, papers.c.redirect_to).where(
                        papers.c.id.in_(list(merged)), papers.c.redirect_to.is_not(None)
                    )
                ).all()
                following: dict[int, set[str]] = {}
                for hop in onward:
                    new = {reader for reader in merged[hop.id] if hop.redirect_to not in gone[reader]}
                    if new:
                        following.setdefault(hop.redirect_to, set()).update(new)
                for paper_id, readers in merged.items():
                    for reader in readers:
                        gone[reader].add(paper_id)
                merged = following
        return gone

    def carried_in(self, subscriber_id: str, paper_id: int) -> dt.date | None:
        """The edition in which a paper goes or went to a reader, trials left out; None if there is none."""
        query = (
            select(func.max(deliveries.c.edition))
            .join(sent_papers, sent_papers.c.delivery_id == deliveries.c.id)
            .where(
                deliveries.c.subscriber_id == subscriber_id,
                sent_papers.c.paper_id == paper_id,
                deliveries.c.trial.is_(False),
                deliveries.c.state.not_in(list(RELEASING_STATES)),
            )
        )
        with self._db.read() as connection:
            edition: dt.date | None = connection.execute(query).scalar_one()
        return edition

    def edition_of(self, message_id: str) -> EditionKey | None:
        """Whose mail of which date has this Message-ID (angle brackets included)."""
        query = select(deliveries.c.subscriber_id, deliveries.c.edition).where(deliveries.c.message_id == message_id)
        with self._db.read() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        return EditionKey(row.subscriber_id, row.edition) if row else None

    def replay(self, subscriber_id: str, edition: dt.date) -> Replay | None:
        """What that day's mail was made from, a real one before a trial; None if none was built or its blob is gone."""
        accepted_at = (
            select(func.min(attempts.c.at))
            .where(attempts.c.delivery_id == deliveries.c.id, attempts.c.outcome == "accepted")
            .scalar_subquery()
        )
        query = (
            select(deliveries.c.recipe, deliveries.c.state, deliveries.c.trial, accepted_at.label("at"))
            .where(
                deliveries.c.subscriber_id == subscriber_id,
                deliveries.c.edition == edition,
                deliveries.c.recipe.is_not(None),
            )
            .order_by(deliveries.c.trial)
            .limit(1)
        )
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return row and Replay(recipe=row.recipe, state=DeliveryState(row.state), at=row.at, trial=row.trial)

    def frozen(self, subscriber_ids: Sequence[str] = ()) -> list[Frozen]:
        """Everything that went out or may have, trials left out, of some readers or all; by reader and date."""
        query = (
            select(
                deliveries.c.subscriber_id, deliveries.c.edition, deliveries.c.recipe.is_not(None).label("has_recipe"),
                func.min(attempts.c.at).label("at"),
            )
            .outerjoin(attempts, (attempts.c.delivery_id == deliveries.c.id) & (attempts.c.outcome == "accepted"))
            .where(deliveries.c.trial.is_(False), deliveries.c.state.in_(WENT_OUT))
            .group_by(deliveries.c.id)
            .order_by(deliveries.c.subscriber_id, deliveries.c.edition)
        )  # fmt: skip
        if subscriber_ids:
            query = query.where(deliveries.c.subscriber_id.in_(list(subscriber_ids)))
        with self._db.read() as connection:
            return [
                Frozen(EditionKey(row.subscriber_id, row.edition), row.at, bool(row.has_recipe))
                for row in connection.execute(query)
            ]

    def books(self, edition: dt.date) -> Books:
        """The account of one press day, trials left out."""
        with self._db.read() as connection:
            return _books(connection, edition)

    def mismatched_since(self, since: dt.datetime) -> list[dt.date]:
        """Press days that were closed since then with books that do not balance."""
        query = select(events.c.detail).where(events.c.kind == MISMATCH, events.c.at >= since).order_by(events.c.id)
        with self._db.read() as connection:
            return [dt.date.fromisoformat(detail["edition"]) for detail in connection.scalars(query)]

    def close_press_days(self, now: dt.datetime, *, max_lateness: dt.timedelta) -> list[Books]:
        """Close the books of every press day that is over everywhere; returns those closed by this call.

        A day is over when its date has ended in UTC−12 and the allowed lateness has passed. Books that do not balance
        are closed as well, as an error event that names the deliveries.
        """
        last = (now - LAST_ZONE - max_lateness).date() - dt.timedelta(days=1)
        with self._db.write() as connection:
            days = connection.execute(
                select(deliveries.c.edition)
                .distinct()
                .where(
                    deliveries.c.trial.is_(False),
                    deliveries.c.edition <= last,
                    deliveries.c.edition > last - OPEN_BOOKS,
                )
            ).scalars()
            closed = {
                detail["edition"]
                for detail in connection.execute(
                    select(events.c.detail).where(
                        events.c.kind.in_((CLOSED, MISMATCH)), events.c.at > now - 2 * OPEN_BOOKS
                    )
                ).scalars()
            }
            done = []
            for edition in sorted(day for day in days if day.isoformat() not in closed):
                account = _books(connection, edition)
                detail = {
                    "edition": edition.isoformat(),
                    "planned": account.planned,
                    "replies": account.replies,
                    "counts": {str(state): number for state, number in account.counts.items()},
                }
                if not account.balanced:
                    detail["deliveries"] = _unbalanced(connection, edition)
                write_event(connection, CLOSED if account.balanced else MISMATCH, detail, now)
                done.append(account)
        return done


def _sent_by_name(
    connection: Connection, subscriber_ids: Sequence[str], before: dt.date | None
) -> Iterator[tuple[str, int]]:
    """(reader, paper) of what went out by the journal, before the paper was known here, and is known now."""
    query = (
        select(sent_names.c.subscriber_id, identifiers.c.paper_id)
        .join(identifiers, (identifiers.c.scheme == sent_names.c.scheme) & (identifiers.c.value == sent_names.c.value))
        .join(deliveries, deliveries.c.id == sent_names.c.delivery_id)
        .where(sent_names.c.subscriber_id.in_(list(subscriber_ids)))
        .where(deliveries.c.state.not_in(list(RELEASING_STATES)))
    )
    if before is not None:
        query = query.where(deliveries.c.edition < before)
    for row in connection.execute(query):
        yield row.subscriber_id, row.paper_id


def matching(wanted: Filters) -> list[ColumnElement[bool]]:
    """The conditions that filters stand for."""
    mail = deliveries.c
    found: list[ColumnElement[bool] | None] = [
        mail.id.in_(sorted(wanted.ids)) if wanted.ids is not None else None,
        mail.state.in_(sorted(wanted.states)) if wanted.states is not None else None,
        mail.subscriber_id == wanted.subscriber_id if wanted.subscriber_id is not None else None,
        mail.edition == wanted.edition if wanted.edition is not None else None,
        mail.edition >= wanted.first if wanted.first is not None else None,
        mail.edition <= wanted.last if wanted.last is not None else None,
        func.lower(mail.recipient) == wanted.address.lower() if wanted.address is not None else None,
        func.lower(mail.recipient).endswith(f"@{wanted.domain.lower()}", autoescape=True) if wanted.domain else None,
        mail.reason.icontains(wanted.words, autoescape=True) if wanted.words else None,
        mail.due_at < wanted.due_before if wanted.due_before is not None else None,
        mail.trial == wanted.trial if wanted.trial is not None else None,
    ]
    if wanted.relay:
        tried = select(attempts.c.delivery_id).where(attempts.c.relay.contains(wanted.relay, autoescape=True))
        found.append(mail.id.in_(tried))
    return [condition for condition in found if condition is not None]


def _counts(connection: Connection, trial: bool | None, edition: dt.date | None) -> dict[DeliveryState, int]:
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    if trial is not None:
        query = query.where(deliveries.c.trial == trial)
    if edition is not None:
        query = query.where(deliveries.c.edition == edition)
    return {DeliveryState(state): number for state, number in connection.execute(query)}


def _books(connection: Connection, edition: dt.date) -> Books:
    replies = connection.execute(
        select(func.count(distinct(attempts.c.delivery_id)))
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(deliveries.c.trial.is_(False), deliveries.c.edition == edition, attempts.c.outcome == "accepted")
    ).scalar_one()
    return Books(edition=edition, counts=_counts(connection, False, edition), replies=replies)


def _unbalanced(connection: Connection, edition: dt.date) -> list[int]:
    """Deliveries that are still open, or whose state and replies disagree; at most a hundred."""
    replied = select(attempts.c.delivery_id).where(attempts.c.outcome == "accepted")
    accepted, answered = deliveries.c.state == DeliveryState.ACCEPTED, deliveries.c.id.in_(replied)
    return list(
        connection.execute(
            select(deliveries.c.id)
            .where(
                deliveries.c.trial.is_(False),
                deliveries.c.edition == edition,
                or_(accepted != answered, deliveries.c.state.in_(list(OPEN_STATES))),
            )
            .order_by(deliveries.c.id)
            .limit(100)
        ).scalars()
    )
