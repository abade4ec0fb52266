"""The clerk writes for all connections at once: their results and their next windows go into one transaction.

A commit with an fsync costs as much as a message, so it is shared. Results wait for company at most 100 ms or 100 rows;
a connection that asks for its next window is never kept waiting, and its last results go with it: that is why no more
than one window per connection is ever ``sending``.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from digest.errors import StoreError
from digest.store.outbox import AttemptResult, Outbox, Window

logger = logging.getLogger(__name__)

GROUP_S = 0.1
GROUP_ROWS = 100
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0


Around = Callable[[Sequence[AttemptResult]], AbstractContextManager[object]]
"""What is done with results before and after they are committed: the accepted journal."""


class Clerk:
    """Run ``run()`` as a task; ``close()`` ends it when all is written."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        clock: Callable[[], dt.datetime],
        patience_s: float,
        written: Callable[[int], None] = lambda number: None,
        around: Around = nullcontext,
    ) -> None:
        """
        Args:
            patience_s: how long replies are kept while the database does not answer.
            around: entered with the results before their transaction, and left after it.
        """
        self._outbox, self._clock, self._patience_s, self._written = outbox, clock, patience_s, written
        self._around = around
        self._results: list[AttemptResult] = []
        self._windows: list[tuple[list[Window], asyncio.Future[frozenset[int]]]] = []
        self._something, self._urgent = asyncio.Event(), asyncio.Event()
        self._closing = False
        self._failure: Exception | None = None

    def put(self, result: AttemptResult) -> None:
        """Take a result; it is on disk within a moment."""
        self._results.append(result)
        self._something.set()
        if len(self._results) >= GROUP_ROWS:
            self._urgent.set()

    async def advance(self, windows: list[Window]) -> frozenset[int]:
        """Commit everything put so far and the marks of these windows; returns the ids that may be sent.

        Raises:
            StoreError: the database stayed away for longer than the patience.
        """
        if self._failure is not None:
            raise self._failure
        answer: asyncio.Future[frozenset[int]] = asyncio.get_running_loop().create_future()
        self._windows.append((windows, answer))
        self._something.set()
        self._urgent.set()
        return await answer

    def close(self) -> None:
        self._closing = True
        self._something.set()
        self._urgent.set()

    async def run(self) -> None:
        """Write until closed.

        Raises:
            StoreError: results could not be written; their deliveries will be reported as uncertain.
        """
        while True:
            await self._something.wait()
            if not self._closing:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._urgent.wait(), GROUP_S)
            self._something.clear()
            self._urgent.clear()
            results, self._results = self._results, []
            asked, self._windows = self._windows, []
            if results or asked:
                await self._commit(results, asked)
            elif self._closing:
                return
            if self._closing:
                self._something.set()

    async def _commit(
        self, results: list[AttemptResult], asked: list[tuple[list[Window], asyncio.Future[frozenset[int]]]]
    ) -> None:
        windows = [window for group, _ in asked for window in group]
        try:
            marked = await self._patiently(results, windows)
        except Exception as error:
            self._failure = error
            # Whoever asked while this was being written would wait for ever: nobody writes any more.
            late, self._windows = self._windows, []
            for _, answer in (*asked, *late):
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # whoever asked may be gone
            raise
        self._written(len(results))
        for group, answer in asked:
            if not answer.done():
                answer.set_result(marked & {delivery for window in group for delivery in window.ids})

    async def _patiently(self, results: list[AttemptResult], windows: list[Window]) -> frozenset[int]:
        clock = asyncio.get_running_loop().time
        deadline, pause_s = clock() + self._patience_s, FIRST_PAUSE_S
        while True:
            try:
                return await asyncio.to_thread(self._advance, results, windows)
            except StoreError as error:
                if clock() + pause_s >= deadline:
                    raise
                logger.warning("%d results wait for the database: %s", len(results), error)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _advance(self, results: list[AttemptResult], windows: list[Window]) -> frozenset[int]:
        with self._around(results):
            return self._outbox.advance(results, windows, now=self._clock())
