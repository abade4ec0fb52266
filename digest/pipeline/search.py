"""The search index of a process: made of the store when it is first wanted, and brought up to date in between."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time

from digest.pipeline.rooms import Rooms
from digest.ranking.questions import Question
from digest.ranking.search import Filters, Found, SearchIndex, SearchRow
from digest.store.browse import BrowseStore

logger = logging.getLogger(__name__)

SEGMENT = 25_000
"""Papers of one segment: what is made at once, and the memory that making it takes for a moment."""
MOST_SMALL = 8
"""Segments of fewer papers, beyond which they are made into larger ones."""


class Searcher:
    """Hands out the newest index there is; :meth:`refresh` makes a newer one, in one thread at a time."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._store = rooms, BrowseStore(rooms.db)
        self._turn = threading.Lock()
        self._index: SearchIndex | None = None
        self._version = -1
        self._seen = dt.datetime.min.replace(tzinfo=dt.UTC)

    @property
    def index(self) -> SearchIndex:
        """As of the last refresh; the first who asks waits for it to be made."""
        if self._index is None:
            self.keep_up()
        assert self._index is not None
        return self._index

    def keep_up(self) -> None:
        """Make it, or make it anew where something was read since."""
        self.refresh(self._rooms.sources.last_run())

    def is_current(self, version: int) -> bool:
        """Whether ``version`` (the number of the last source run) is in it."""
        return self._version >= version

    def refresh(self, version: int) -> SearchIndex:
        """The index with what the store has now; nothing is done where somebody else has just done it."""
        with self._turn:
            index = self._index
            if index is not None and self.is_current(version):
                return index
            began, now = time.perf_counter(), self._rooms.clock()
            basis = self._rooms.basis()
            if index is None:
                index = SearchIndex()
            known, wanted = index.ids(), self._store.ids(basis.version)
            changed = (self._store.changed(self._seen) & wanted) if known else set()
            missing = (wanted - known) | changed
            if len(index.segments) > MOST_SMALL + len(wanted) // SEGMENT:
                index, missing, known = SearchIndex(), wanted, set()
            order, gone = sorted(missing), known - wanted
            for start in range(0, len(order), SEGMENT) or ([0] if gone else []):
                portion = self._store.rows(basis.version, order[start : start + SEGMENT])
                index = index.with_papers([SearchRow(*row) for row in portion], basis.dims, gone=gone)
            self._index, self._version, self._seen = index, version, now
            took_s = time.perf_counter() - began
            logger.info("search index papers=%d read=%d took_s=%.1f", len(wanted), len(missing), took_s)
            return index

    def search(self, question: Question, filters: Filters) -> Found:
        """The best papers by words and meaning; see :class:`digest.ranking.search.SearchIndex`."""
        vector = self._rooms.basis().embed([question.text])[0]
        return self.index.search(question, vector, filters)

    def newest(self, question: Question, filters: Filters, *, limit: int) -> Found:
        """The newest papers that have every word; see :meth:`digest.ranking.search.SearchIndex.newest`."""
        return self.index.newest(question, filters, limit=limit)
