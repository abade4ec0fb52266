"""Readings of attention, appended to each paper's history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, select

from digest.model import Reading
from digest.store.database import Insertion, chunks
from digest.store.schema import observations

REPEAT_AFTER = dt.timedelta(hours=6)
"""An unchanged reading is stored again only after this long, so that re-reading a feed adds nothing."""


def observe(
    connection: Connection, insertion: Insertion, readings: Sequence[tuple[int, Reading]], *, repeat: bool = False
) -> None:
    """Append readings of attention; a value that has not changed for less than REPEAT_AFTER is not repeated.

    ``repeat``: it is, because these readings were made on a schedule, and that nothing changed is what they tell.
    """
    if not readings:
        return
    last = {} if repeat else _last_readings(connection, {paper_id for paper_id, _ in readings})
    rows = []
    for paper_id, reading in readings:
        previous = last.get((paper_id, str(reading.signal)))
        if previous and previous[1] == reading.value and abs(reading.observed_at - previous[0]) < REPEAT_AFTER:
            continue
        rows.append(
            {
                "paper_id": paper_id,
                "signal": str(reading.signal),
                "observed_at": reading.observed_at,
                "value": reading.value,
            }
        )
    if rows:
        connection.execute(insertion(observations).on_conflict_do_nothing(), rows)


def _last_readings(connection: Connection, ids: set[int]) -> dict[tuple[int, str], tuple[dt.datetime, float]]:
    last: dict[tuple[int, str], tuple[dt.datetime, float]] = {}
    for chunk in chunks(sorted(ids)):
        query = select(observations).where(observations.c.paper_id.in_(chunk)).order_by(observations.c.observed_at)
        for row in connection.execute(query):
            last[(row.paper_id, row.signal)] = (row.observed_at, row.value)
    return last
