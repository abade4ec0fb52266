"""The search index: made of the store when it is first wanted, and brought up to date in between.

Beside a SQLite database it is kept in files (:mod:`digest.pipeline.index_files`): whoever finds that something was read
makes the newer one, all other processes wait for it and map the same files.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time

from digest.pipeline.index_files import IndexFiles, Kept
from digest.pipeline.rooms import Rooms
from digest.ranking.questions import Question
from digest.ranking.search import Filters, Found, SearchIndex, SearchRow
from digest.store.browse import BrowseStore

logger = logging.getLogger(__name__)

SEGMENT = 25_000
"""Papers of one segment: what is made at once, and the memory that making it takes for a moment."""
MOST_SMALL = 8
"""Segments of less than half as many papers, beyond which they are made into one."""
SAMPLE = 100
"""Papers by which an index in files is known to be of this store."""


class Searcher:
    """Hands out the newest index there is; :meth:`refresh` makes a newer one, in one thread at a time."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._store = rooms, BrowseStore(rooms.db)
        self._turn = threading.Lock()
        self._index: SearchIndex | None = None
        self._version = -1
        self._seen = dt.datetime.min.replace(tzinfo=dt.UTC)
        file = rooms.db.file
        self._files = IndexFiles(file.with_name(f"{file.name}.search")) if file is not None else None

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
            if self._index is None or not self.is_current(version):
                try:
                    self._in_files(version)
                except OSError as error:
                    logger.warning("search index: kept in memory alone, since its files failed: %s", error)
                    self._files = None
                    if not self.is_current(version):
                        self._make(version)
            assert self._index is not None
            return self._index

    def _in_files(self, version: int) -> None:
        """Take the index of the files where it is new enough, else make it and put it there.

        Raises:
            OSError: nothing can be kept there.
        """
        if self._files is None:
            self._make(version)
            return
        with self._files.turn():
            began = time.perf_counter()
            kept = self._files.read()
            if kept is not None and kept.version > self._version and self._is_ours(kept):
                self._take(kept)
                logger.info("search index papers=%d mapped_s=%.1f", len(kept.index), time.perf_counter() - began)
            if self._index is not None and self.is_current(version):
                return
            self._files.write(self._make(version))
            if (kept := self._files.read()) is not None:
                self._take(kept)  # the same, mapped: what it was made in is free again

    def _take(self, kept: Kept) -> None:
        self._index, self._version, self._seen = kept.index, kept.version, kept.seen

    def _is_ours(self, kept: Kept) -> bool:
        """Whether it was made of this store: one may have been restored, or put in another's place."""
        basis = self._rooms.basis()
        if kept.basis != basis.version or kept.version > self._rooms.sources.last_run():
            return False
        changed = self._store.changed(kept.seen)
        known = sorted(kept.index.ids() - changed)
        sample = set(known[:: max(len(known) // SAMPLE, 1)])
        stored = self._store.rows(basis.version, sample & self._store.ids(basis.version))
        return all(kept.index.has(SearchRow(*row), basis.dims) for row in stored) and (bool(stored) or not sample)

    def _make(self, version: int) -> Kept:
        """What is there and what the store has besides, as an index."""
        began, now = time.perf_counter(), self._rooms.clock()
        basis = self._rooms.basis()
        index = self._index or SearchIndex()
        known, wanted = index.ids(), self._store.ids(basis.version)
        changed = (self._store.changed(self._seen) & wanted) if known else set()
        missing, gone = (wanted - known) | changed, known - wanted
        small = [segment for segment in index.segments if segment.alive.sum() < SEGMENT // 2]
        if len(small) > MOST_SMALL:
            again = {paper_id for segment in small for paper_id in segment.ids[segment.alive].tolist()}
            index = SearchIndex(segments=tuple(segment for segment in index.segments if segment not in small))
            missing |= again - gone
        order = sorted(missing)
        for start in range(0, len(order), SEGMENT) or ([0] if gone else []):
            portion = self._store.rows(basis.version, order[start : start + SEGMENT])
            index = index.with_papers([SearchRow(*row) for row in portion], basis.dims, gone=gone)
        self._index, self._version, self._seen = index, version, now
        took_s = time.perf_counter() - began
        logger.info("search index papers=%d read=%d took_s=%.1f", len(wanted), len(missing), took_s)
        return Kept(index=index, basis=basis.version, version=version, seen=now)

    def search(self, question: Question, filters: Filters) -> Found:
        """The best papers by words and meaning; see :class:`digest.ranking.search.SearchIndex`."""
        vector = self._rooms.basis().embed([question.text])[0]
        return self.index.search(question, vector, filters)

    def newest(self, question: Question, filters: Filters, *, limit: int) -> Found:
        """The newest papers that have every word; see :meth:`digest.ranking.search.SearchIndex.newest`."""
        return self.index.newest(question, filters, limit=limit)
