"""Pages that are the same for everybody, kept in memory for as long as what they show is the same.

A page is made anew when a source or signal has been read since (the number of the last run is the version of all that
pages show), and in any case after a minute, because *today* moves on. Whether it is still right is asked of the
database every other second at most, by one request, while others get what is there.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from digest.web.headers import RawHeaders

CHECK_S = 2.0
LIFE_S = 60.0
MOST_BYTES = 32 * 1024 * 1024
LONGEST_QUERY = 200
"""In bytes: what is longer is nobody else's question."""

Key = tuple[str, bytes, str]
"""Path below the prefix, the query as it was sent, the language."""


@dataclass(slots=True, kw_only=True, eq=False)
class Kept:
    """One answer as it is sent. Only the event loop touches it."""

    body: bytes
    headers: RawHeaders
    etag: bytes
    version: int
    made_at: float
    checked_at: float
    renewing: bool = False


class PageCache:
    """The least recently used pages go when there are more than ``most_bytes``."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._most, self._bytes, self.clock = most_bytes, 0, clock

    def get(self, key: Key) -> Kept | None:
        """What is kept, whatever its age."""
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return kept

    def is_fresh(self, kept: Kept) -> bool:
        """Whether it may be sent without asking, as it may while somebody else asks."""
        return kept.renewing or self.clock() - kept.checked_at < CHECK_S

    def is_right(self, kept: Kept, version: int) -> bool:
        """Whether nothing was read since it was made, and that was not long ago."""
        return kept.version == version and self.clock() - kept.made_at < LIFE_S

    def touch(self, kept: Kept) -> None:
        """It was found to be right: good for another while."""
        kept.checked_at = self.clock()

    def put(self, key: Key, *, body: bytes, headers: RawHeaders, etag: bytes, version: int) -> None:
        now = self.clock()
        self._drop(key)
        self._kept[key] = Kept(body=body, headers=headers, etag=etag, version=version, made_at=now, checked_at=now)
        self._bytes += len(body)
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if (old := self._kept.pop(key, None)) is not None:
            self._bytes -= len(old.body)
