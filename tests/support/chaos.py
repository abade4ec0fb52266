"""Processes that can be killed or frozen at any moment, and a mail server that does its worst, all in memory.

    mortal = Mortal(kill=("before", 3))                 # dies before its third commit
    outbox = Outbox(MortalDatabase(db, mortal))
    transport = WildTransport(ledger, mortal, fates=[Fate.TAKEN, Fate.LOST_TAKEN])
    drain(outbox, …)                                    # raises Killed, having done what a killed process has done

Killed in memory means: from that moment on nothing it does has an effect. Real processes and a real ``kill -9`` are in
tests/support/senders.py; this is for trying thousands of orders of events.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Literal

from sqlalchemy import Connection

from digest.delivery.base import RelayError, Session
from digest.delivery.replies import Phase, Reply
from digest.model import Envelope
from digest.store.database import Database

When = Literal["before", "after"]
Kill = tuple[When, int]
"""At which commit of its own, counted from 1, a process ends."""

PATIENCE_S = 30.0


class Killed(Exception):
    """The process that tried this is no more."""


class Fate(StrEnum):
    """What befalls one message."""

    TAKEN = "250"
    DEFERRED = "450 to RCPT"
    UNKNOWN = "550 5.1.1 to RCPT"
    TOO_BIG = "552 after the dot"
    REFUSED = "550 to MAIL"
    CLOSING = "421 to MAIL"
    LOST = "lost before the dot"
    LOST_UNTAKEN = "lost after the dot, not taken"
    LOST_TAKEN = "lost after the dot, taken"
    KILLED = "killed before the dot"
    KILLED_UNTAKEN = "killed after the dot, not taken"
    KILLED_TAKEN = "killed after the dot, taken"
    ASLEEP = "frozen before the dot, then taken"
    ASLEEP_TAKEN = "taken, then frozen before the 250"

    @property
    def taken(self) -> bool:
        return self in {Fate.TAKEN, Fate.LOST_TAKEN, Fate.KILLED_TAKEN, Fate.ASLEEP, Fate.ASLEEP_TAKEN}

    @property
    def reply(self) -> Reply:
        """What the sender hears in the end, if it lives."""
        phase, code, text = REPLIES.get(self, (Phase.DOT, 250, "2.0.0 taken"))
        return Reply(phase=phase, code=code, text=text)


REPLIES: dict[Fate, tuple[Phase, int | None, str]] = {
    Fate.DEFERRED: (Phase.RCPT, 450, "4.2.0 later"),
    Fate.UNKNOWN: (Phase.RCPT, 550, "5.1.1 user unknown"),
    Fate.TOO_BIG: (Phase.DOT, 552, "5.3.4 too big"),
    Fate.REFUSED: (Phase.MAIL, 550, "5.7.1 not you"),
    Fate.CLOSING: (Phase.MAIL, 421, "4.7.0 enough for one connection"),
    Fate.LOST: (Phase.RCPT, None, "connection lost"),
    Fate.LOST_UNTAKEN: (Phase.DOT, None, "connection lost"),
    Fate.LOST_TAKEN: (Phase.DOT, None, "connection lost"),
}

LOSES_CONNECTION = {Fate.CLOSING, Fate.LOST, Fate.LOST_UNTAKEN, Fate.LOST_TAKEN}
KILLS = {Fate.KILLED, Fate.KILLED_UNTAKEN, Fate.KILLED_TAKEN}


class Mortal:
    """One process, as far as the outside can tell."""

    def __init__(self, *, kill: Kill | None = None) -> None:
        self.dead = False
        self.begun: frozenset[int] = frozenset()
        """The deliveries that it had marked when it fell asleep."""
        self.barred: frozenset[str] = frozenset()
        """The addresses that it must not begin to write to."""
        self.sleeping = threading.Event()
        self.woken = threading.Event()
        self._kill, self._commits = kill, 0

    def live(self) -> None:
        """Raises Killed if it is dead."""
        if self.dead:
            raise Killed

    def die(self) -> None:
        self.dead = True
        raise Killed

    def sleep(self) -> None:
        """Freeze the whole process, event loop and all, until somebody wakes it."""
        self.sleeping.set()
        if not self.woken.wait(PATIENCE_S):
            raise TimeoutError("nobody woke it")

    def kill_at(self, kill: Kill | None) -> None:
        """From now on."""
        self._kill, self._commits = kill, 0

    def commits(self, when: When) -> None:
        self.live()
        self._commits += when == "before"
        if self._kill == (when, self._commits):
            self.die()


class MortalDatabase(Database):
    """A process's own view of a database that others use, too."""

    def __init__(self, whole: Database, mortal: Mortal) -> None:
        self.__dict__ |= vars(whole)
        self._mortal = mortal

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._mortal.live()
        with super().write() as connection:
            yield connection
            self._mortal.commits("before")
        self._mortal.commits("after")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._mortal.live()
        with super().read() as connection:
            yield connection


class Ledger:
    """What the receiving side has."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        """How often each Message-ID was taken."""
        self.uncertain_replies = 0
        """How often a reply was lost after the dot while the sender lived."""


class WildTransport:
    """A transport into a ledger. Each message meets the next of ``fates``, then all is well; so do connections."""

    name = "smtp://relay.test"
    trial = False

    def __init__(
        self,
        ledger: Ledger,
        mortal: Mortal,
        *,
        fates: Sequence[Fate] = (),
        refusals: int = 0,
        watch: Callable[[Envelope], None] = lambda envelope: None,
    ) -> None:
        """``refusals``: so many connections are refused first. ``watch`` sees each message before its MAIL FROM."""
        self.ledger, self.mortal, self.watch = ledger, mortal, watch
        self.fates = iter(fates)
        self._refusals = refusals

    async def open(self) -> Session:
        self.mortal.live()
        if self._refusals:
            self._refusals -= 1
            raise RelayError(self.name, Reply(phase=Phase.CONNECT, code=421, text="4.3.2 busy"), "wait")
        return WildSession(self)


class WildSession:
    """One connection to it."""

    def __init__(self, transport: WildTransport) -> None:
        self._transport = transport
        self._usable = True
        self._named: Envelope | None = None

    @property
    def usable(self) -> bool:
        return self._usable

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        wild, mortal = self._transport, self._transport.mortal
        await asyncio.sleep(0)  # lets the other connections in between
        mortal.live()
        assert self._usable
        assert self._named in {None, envelope}, "what was named to the server is what is sent next"
        self._named = following
        for named in (envelope, following):
            if named is not None:
                wild.watch(named)
        fate = next(wild.fates, Fate.TAKEN)
        if fate is Fate.ASLEEP:
            mortal.sleep()
        wild.ledger.taken[envelope.message_id] += fate.taken
        if fate is Fate.ASLEEP_TAKEN:
            mortal.sleep()
        if fate in KILLS:
            mortal.die()
        wild.ledger.uncertain_replies += fate in {Fate.LOST_TAKEN, Fate.LOST_UNTAKEN}
        self._usable = fate not in LOSES_CONNECTION
        return fate.reply

    async def close(self) -> None:
        self._usable = False

    def abort(self) -> None:
        self._usable = False
