"""The accepted journal and the outbox: what is written while mails go out, and what is read before any is planned.

Reading comes first in every pass, so a database that was restored, or rolled back, learns what its readers have had
before it decides what they get. When nothing is new it costs a listing of the folder and two small queries.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from digest.delivery.journal import Journal
from digest.model import DeliveryState
from digest.pipeline.rooms import Rooms
from digest.store.database import Database
from digest.store.hearing import Hearing
from digest.store.outbox import AttemptResult, ClaimedDelivery, Outbox, SentFact
from digest.store.words import Word, mark_said, unsaid

logger = logging.getLogger(__name__)

MAILS = "mails go on"
WENT = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What the journal and the database taught each other."""

    learnt: int = 0
    """Deliveries of which the database did not know that they went out."""
    waiting: int = 0
    """Facts about readers that the database does not know, kept for when it does."""
    garbled: int = 0
    """Lines that were torn by a crash, or are none of ours."""
    heard: int = 0
    """Readers who left, paused, were erased or came back, and addresses that died, without the database knowing."""
    mended: int = 0
    """Deliveries and words that were missing in the journal."""


class Chronicle:
    """Writes what a pass sends. ``note`` each delivery that is rendered; ``around`` goes to the sender."""

    def __init__(self, rooms: Rooms, journal: Journal) -> None:
        self._rooms, self._journal = rooms, journal
        self._noted: dict[int, SentFact] = {}
        self._lost: set[int] = set()
        self._names: dict[int, tuple[str, ...]] = {}

    def note(self, delivery: ClaimedDelivery, paper_ids: Sequence[int]) -> None:
        """Remember what is in a mail that is about to go out."""
        self._noted[delivery.id] = SentFact(
            reader=self._journal.reader(delivery.subscriber_id),
            edition=delivery.edition,
            state=DeliveryState.UNCERTAIN,
            at=self._rooms.clock(),
            delivery_id=delivery.id,
            message_id=delivery.message_id,
            relay="",
            papers=self._called(paper_ids),
        )

    @contextmanager
    def around(self, results: Sequence[AttemptResult]) -> Iterator[None]:
        """Results are in the journal before their transaction; where that fails, the database notes what it lacks.

        A full disk must not keep a reply from the database, so nothing is raised. Results that are tried again with
        the database are not written again.
        """
        facts = [
            replace(self._noted[result.delivery_id], state=result.state, at=result.at, relay=result.relay)
            for result in results
            if result.state in WENT and result.delivery_id in self._noted
        ]
        if facts:
            try:
                self._journal.append(facts, now=self._rooms.clock())
            except OSError as error:
                _complain(self._journal, error)
                self._lost.update(fact.delivery_id for fact in facts)
            for fact in facts:
                del self._noted[fact.delivery_id]
        yield
        if self._lost:
            self._rooms.outbox.note_gaps(self._lost, now=self._rooms.clock())
            self._lost.clear()

    def _called(self, paper_ids: Sequence[int]) -> tuple[tuple[str, ...], ...]:
        """The names of papers, from memory where another mail carried them before."""
        if missing := [paper_id for paper_id in paper_ids if paper_id not in self._names]:
            self._names |= self._rooms.outbox.names_of(missing)
        return tuple([self._names[paper_id] for paper_id in paper_ids])


def reconcile(rooms: Rooms, journal: Journal) -> Reconciled:
    """Read what is new in the journal, and write what it lacks. Call it before planning.

    Raises:
        StoreError: the journal is there and cannot be read: sending now might repeat what it would have told.
    """
    outbox, hearing, now = rooms.outbox, Hearing(rooms.db), rooms.clock()
    readers = _Readers(rooms, journal)
    positions = outbox.journal_positions()
    learnt = waiting = garbled = heard = 0
    for file in journal.files():
        if (known := positions.get(file.id, 0)) == file.size:
            continue
        for batch in journal.read(file, known):
            # Before how far the file was read is remembered: heard twice is as good as once, never heard is not.
            heard += hearing.hear(batch.words, now=now)
            changed, orphans = outbox.learn(file.id, batch.position, batch.facts, readers=readers, now=now)
            learnt, waiting, garbled = learnt + changed, waiting + orphans, garbled + batch.garbled
        if garbled:
            logger.warning("journal %s: %d lines were torn or are not ours; the others were read", file.path, garbled)
    learnt += outbox.adopt(readers=readers, now=now)
    if learnt or waiting:
        logger.warning(
            "the journal knows of %d mails that went out and that the database did not (an old backup?), and of %d to "
            "readers who are not known here; nobody gets them again",
            learnt,
            waiting,
        )
    if heard:
        logger.warning(
            "the journal knows of %d readers and addresses that left, paused, were erased or given up, or came back, "
            "and the database did not (an old backup?); it does now",
            heard,
        )
    mended = _mend(outbox, journal, now) + _mend_words(rooms.db, journal, now)
    return Reconciled(learnt=learnt, waiting=waiting, garbled=garbled, heard=heard, mended=mended)


def bear_witness(journal: Journal, words: Sequence[Word], *, now: dt.datetime) -> bool:
    """Write words before they are committed; False if they could not be, which keeps nobody from leaving."""
    try:
        journal.append(words, now=now)
    except OSError as error:
        _complain(journal, error, f"{len(words)} unsubscribes, pauses, erasures or dead addresses hold", "forget them")
        return False
    return True


def _mend_words(db: Database, journal: Journal, now: dt.datetime) -> int:
    """Write the words that a full disk refused, or that were said during a trial."""
    written = 0
    while words := unsaid(db):
        if not bear_witness(journal, words, now=now):
            break
        with db.write() as connection:
            mark_said(connection, words)
        written += len(words)
    return written


def _mend(outbox: Outbox, journal: Journal, now: dt.datetime) -> int:
    """Write to the journal what it lacks: what a full disk refused, and what was settled without a sender."""
    gaps = outbox.gaps()
    if not gaps:
        return 0
    names = outbox.names_of({paper_id for gap in gaps for paper_id in gap.paper_ids})
    facts = [
        SentFact(
            reader=journal.reader(gap.subscriber_id),
            edition=gap.edition,
            state=gap.state,
            at=gap.at,
            delivery_id=gap.delivery_id,
            message_id=gap.message_id,
            relay="",
            papers=tuple(names[paper_id] for paper_id in gap.paper_ids),
        )
        for gap in gaps
        if gap.state in WENT  # else somebody decided otherwise since
    ]
    try:
        journal.append(facts, now=now)
    except OSError as error:
        _complain(journal, error)
        return 0
    outbox.mended([gap.delivery_id for gap in gaps])
    return len(facts)


def _complain(journal: Journal, error: OSError, holds: str = MAILS, cost: str = "mail their readers again") -> None:
    logger.error(
        "journal %s: %s; %s and are written to it later, but until then a backup that is restored would %s",
        journal.folder,
        error.strerror or error,
        holds,
        cost,
    )


class _Readers:
    """The ids of all readers by what the journal calls them, worked out once, when somebody asks."""

    def __init__(self, rooms: Rooms, journal: Journal) -> None:
        self._rooms, self._journal = rooms, journal
        self._known: dict[str, str] | None = None

    def __call__(self) -> Mapping[str, str]:
        if self._known is None:
            self._known = {self._journal.reader(reader): reader for reader in self._rooms.subscribers.ids()}
        return self._known
