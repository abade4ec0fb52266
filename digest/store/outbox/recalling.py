"""A paper is withdrawn after a mail was built and before it went out: the mail is built anew without it.

ready | deferred ──▶ planned        held ──▶ held, without a recipe: to be built when it is released
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, exists, select, update

from digest.model import DeliveryState
from digest.store.database import chunks
from digest.store.outbox.base import Chapter, settle, write_event
from digest.store.schema import deliveries, papers, sent_papers

RECALLABLE = (DeliveryState.READY, DeliveryState.DEFERRED, DeliveryState.HELD)
"""No server has accepted these. What is under way is not called back; what is uncertain may have arrived as it was."""


class Recalling(Chapter):
    def recall_withdrawn(self, now: dt.datetime) -> int:
        """Take the bytes from every waiting mail that carries a withdrawn paper; returns from how many.

        Their papers are given back, the others may be picked again. Message-ID and bytes will be new ones.
        """
        carries = exists().where(
            sent_papers.c.delivery_id == deliveries.c.id, papers.c.id == sent_papers.c.paper_id, papers.c.withdrawn
        )
        stale = (
            select(deliveries.c.id, deliveries.c.state)
            .where(deliveries.c.state.in_(RECALLABLE), deliveries.c.recipe.is_not(None), carries)
            .order_by(deliveries.c.id)
            .with_for_update()
        )
        with self._db.write() as connection:
            rows = connection.execute(stale).all()
            for chunk in chunks([row.id for row in rows]):
                mine = deliveries.c.id.in_(chunk)
                connection.execute(delete(sent_papers).where(sent_papers.c.delivery_id.in_(chunk)))
                connection.execute(update(deliveries).where(mine).values(recipe=None, message_id=None, updated_at=now))
            again = [row.id for row in rows if row.state != DeliveryState.HELD]
            settle(connection, again, DeliveryState.PLANNED, "built anew: a paper in it was withdrawn", now)
            if rows:
                write_event(connection, "queue.recall", {"ids": [row.id for row in rows]}, now)
        return len(rows)
