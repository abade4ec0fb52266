"""Sending without a server: the outbox, the journal, and what is between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

import pytest

from digest.config import Config
from digest.delivery.journal import Journal
from digest.model import DeliveryState as S
from digest.pipeline.chronicle import Chronicle
from digest.pipeline.rooms import Rooms
from digest.store.outbox import AttemptResult, ClaimedDelivery, Outbox
from digest.store.subscribers import SubscriberStore
from tests.support.outbox_rows import NOW


class Senders:
    """The rooms that the journal needs, and sending without a server."""

    def __init__(self, outbox: Outbox) -> None:
        self.db, self.outbox = outbox._db, outbox
        self.subscribers = SubscriberStore(self.db)
        self.now = NOW
        self.config = Config()

    @property
    def rooms(self) -> Rooms:
        """As much of the rooms as is asked for."""
        return cast("Rooms", self)

    def clock(self) -> dt.datetime:
        return self.now

    def send(self, journal: Journal, *, papers: Sequence[int] = (), commit: bool = True, state: S = S.ACCEPTED) -> None:
        """Send all that is ready; without ``commit`` the process ends between the journal and the database."""
        chronicle = Chronicle(self.rooms, journal)
        claimed = self.outbox.claim_ready(500, now=self.now, lease_s=600, trial=False)
        self.outbox.mark_sending([each.id for each in claimed], claimed[0].lease_token, now=self.now)
        for each in claimed:
            chronicle.note(each, papers)
        results = [_result(each, state) for each in claimed]
        if commit:
            with chronicle.around(results):
                self.outbox.record(results, now=self.now)
        else:
            with pytest.raises(KeyboardInterrupt), chronicle.around(results):
                raise KeyboardInterrupt


def _result(delivery: ClaimedDelivery, state: S) -> AttemptResult:
    return AttemptResult(
        delivery_id=delivery.id, lease_token=delivery.lease_token, at=NOW, relay="mail.example.org", phase="dot",
        outcome=str(state), code=250, text="OK", state=state,
    )  # fmt: skip
