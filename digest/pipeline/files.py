"""Large files: other processes parse and prepare them piece by piece while this one matches and commits.

    file ─▶ pieces ─▶ worker: parse ─▶ drafts ┐
                  └─▶ worker: parse ─▶ drafts ┴─▶ here, in the file's order: one short transaction per few hundred

A month of arXiv takes seconds and the memory of a few pieces. A small file is read by this process alone, since
starting others takes longer. What was committed stays when anything fails; reading the file again adds what is missing.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from digest.errors import SourceError
from digest.model import Rejection, Withdrawal
from digest.pipeline.ingest import index, store_drafts
from digest.pipeline.preparing import Prepared, prepare
from digest.pipeline.rooms import Rooms
from digest.sources.formats import pieces_of
from digest.store.intake import Counts

ALONE_BELOW = 8_000_000
"""Bytes that one process reads in the time in which another one starts and imports what it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What was in a file. Of papers that it lists twice the second is among the ``rejected``, as parsers do."""

    announced: int | None
    read: int
    rejected: tuple[Rejection, ...]
    withdrawn: tuple[Withdrawal, ...]
    counts: Counts


def ingest_file(
    rooms: Rooms,
    form: str,
    responses: Sequence[bytes],
    *,
    progress: Callable[[int], None] = lambda papers: None,
    processes: int | None = None,
    indexed: bool = True,
) -> FileReport:
    """Store what a file says, or several responses of one form; ``progress`` is told how many papers are stored.

    ``processes`` is by default one per processor, and none besides this one for less than ALONE_BELOW bytes.
    ``indexed`` computes the ranker's features of the new papers too.

    Raises:
        SourceError: it is not of that form; the pieces before stay stored.
        StoreError: the store cannot be written.
    """
    now = rooms.clock()
    seen: set[tuple[str, str]] = set()
    rejected: list[Rejection] = []
    withdrawn: dict[Withdrawal, None] = {}
    announced: int | None = 0
    counts = Counts()
    for piece in _prepared(form, responses, now, processes):
        if piece.error is not None:
            raise SourceError(*piece.error)
        announced = announced + piece.announced if announced is not None and piece.announced is not None else None
        rejected += piece.rejected
        counts += store_drafts(rooms, piece.drafts, piece.withdrawn, now=now)
        again = [one for one in piece.withdrawn if one in withdrawn]
        rejected += [Rejection(str(one.identifier), "listed twice: joined with the other") for one in again]
        withdrawn.update(dict.fromkeys(piece.withdrawn))
        for draft in piece.drafts:
            if draft.name in seen:
                rejected.append(Rejection(draft.key, "listed twice: joined with the other"))
            seen.add(draft.name)
        progress(len(seen))
    if indexed:
        index(rooms)
    return FileReport(
        announced=announced,
        read=len(seen) + len(withdrawn),
        rejected=tuple(rejected),
        withdrawn=tuple(withdrawn),
        counts=counts,
    )


def _prepared(form: str, responses: Sequence[bytes], now: dt.datetime, processes: int | None) -> Iterator[Prepared]:
    """The pieces in order, never more than a few of them in memory."""
    pieces = (piece for response in responses for piece in pieces_of(form, response))
    if processes is None:
        large = sum(len(response) for response in responses) >= ALONE_BELOW
        processes = (os.cpu_count() or 1) if large else 1
    if processes < 2:
        yield from (prepare(form, piece, now) for piece in pieces)
        return
    # Not fork: this process may have threads, which hold locks.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: deque[Future[Prepared]] = deque()
        try:
            for piece in pieces:
                running.append(pool.submit(prepare, form, piece, now))
                if len(running) > 2 * processes:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BrokenProcessPool as error:
            raise SourceError("file", "a process that parsed it ended suddenly: is memory short? Read again") from error
        finally:
            for future in running:
                future.cancel()
