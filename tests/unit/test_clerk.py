"""The clerk: what happens to those who ask while it is failing."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Sequence

import pytest

from digest.delivery.clerk import Clerk
from digest.errors import StoreError
from digest.store.database import Database
from digest.store.outbox import AttemptResult, Outbox, Window

NOW = dt.datetime(2025, 11, 24, 7, 0, tzinfo=dt.UTC)


class Broken(Outbox):
    """Fails for good, once ``proceed`` is set."""

    def __init__(self) -> None:
        super().__init__(Database("sqlite://"))
        self.proceed = threading.Event()
        self.asked = threading.Event()

    def advance(
        self, results: Sequence[AttemptResult], windows: Sequence[Window], *, now: dt.datetime
    ) -> frozenset[int]:
        self.asked.set()
        self.proceed.wait(5)
        raise StoreError("the database is away")


def test_who_asks_while_the_database_fails_is_told_too() -> None:
    """A second connection that asked for its window during the failing commit would else wait for ever."""

    async def run() -> None:
        outbox = Broken()
        clerk = Clerk(outbox, clock=lambda: NOW, patience_s=0)
        writing = asyncio.ensure_future(clerk.run())
        first = asyncio.ensure_future(clerk.advance([Window(lease_token="a", ids=(1,))]))
        await asyncio.to_thread(outbox.asked.wait, 5)
        second = asyncio.ensure_future(clerk.advance([Window(lease_token="b", ids=(2,))]))
        await asyncio.sleep(0)
        outbox.proceed.set()
        for ended in (first, second, writing):
            with pytest.raises(StoreError, match="away"):
                await asyncio.wait_for(ended, 5)
        with pytest.raises(StoreError, match="away"):
            await clerk.advance([])

    asyncio.run(run())
