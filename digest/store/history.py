"""What happened to one paper: the ids that lead to it, the attention that was read, and the mails that carried it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from digest.model import DeliveryState, Signal
from digest.store.database import Database
from digest.store.schema import deliveries, observations, papers, sent_papers


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalHistory:
    signal: Signal
    readings: int
    value: float
    """The last one read."""
    observed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperHistory:
    """``editions``: date → in how many readers' mails of that day it is, by the delivery's state; trials left out."""

    former_ids: tuple[int, ...]
    signals: tuple[SignalHistory, ...]
    editions: Mapping[dt.date, Mapping[DeliveryState, int]]


def history_of(db: Database, paper_id: int) -> PaperHistory:
    """The history of a paper under its present id."""
    with db.read() as connection:
        former = connection.scalars(select(papers.c.id).where(papers.c.redirect_to == paper_id).order_by(papers.c.id))
        former_ids = tuple(former)
        readings = connection.execute(
            select(observations).where(observations.c.paper_id == paper_id).order_by(observations.c.observed_at)
        ).all()
        # A mail that carried two papers of before their merge has a row for each.
        ids = (paper_id, *former_ids)
        carried = connection.execute(
            select(deliveries.c.edition, deliveries.c.state, func.count(func.distinct(deliveries.c.id)).label("number"))
            .join(sent_papers, sent_papers.c.delivery_id == deliveries.c.id)
            .where(sent_papers.c.paper_id.in_(ids), deliveries.c.trial.is_(False))
            .group_by(deliveries.c.edition, deliveries.c.state)
            .order_by(deliveries.c.edition)
        ).all()
    numbers = Counter(row.signal for row in readings)
    last = {row.signal: row for row in readings}
    editions: dict[dt.date, dict[DeliveryState, int]] = {}
    for row in carried:
        editions.setdefault(row.edition, {})[DeliveryState(row.state)] = row.number
    return PaperHistory(
        former_ids=former_ids,
        signals=tuple(
            SignalHistory(signal=Signal(name), readings=numbers[name], value=row.value, observed_at=row.observed_at)
            for name, row in sorted(last.items())
        ),
        editions=editions,
    )
