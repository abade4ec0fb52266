"""A storm: real senders that are killed and frozen, a real server that misbehaves, and the accounts afterwards.

    with Storm("sqlite:///…", folder, mails=10_000, every=50, seed=1) as storm:
        outcome = storm.run()
    assert (outcome.lost, outcome.twice) == (0, 0)

Faults strike at random phases of random transactions, one for so many mails on average. Senders that die are replaced;
when nobody can go on, everybody's clock is put forward to the next attempt.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from digest.model import DeliveryState as S
from digest.store.outbox import Filters
from tests.support.chaos import Kill
from tests.support.forked import Habits, clock_at, now, signal_to, start_sender
from tests.support.outbox_rows import DAY, HOUR, NOW, add_readers, make_outbox, make_ready
from tests.support.smtp_server import Act, At, Drop, HalfLine, Hang, Say, SmtpServer

PHASES: tuple[At, ...] = ("mail", "rcpt", "data", "body", "dot", "accepted")
KILL, FREEZE, STOP, LOCK = "kill -9", "freeze", "SIGTERM", "database locked"
FAULTS: tuple[tuple[int, At | None, Act | str], ...] = (
    # weight, phase (None: any), what happens
    (3, None, KILL),
    (2, None, FREEZE),
    (3, None, STOP),
    (3, None, LOCK),
    (14, "rcpt", Say("450 4.2.0 greylisted")),
    (8, "dot", Say("451 4.3.0 local error")),
    (2, "rcpt", Say("550 5.1.1 user unknown")),
    (2, "dot", Say("552 5.3.4 message too big")),
    (6, "mail", Say("421 4.7.0 enough for one connection")),
    (3, "mail", Say("452 4.3.1 insufficient system storage")),
    (3, "data", Say("451 4.3.0 not now")),
    (10, "rcpt", Drop()),
    (8, "data", Drop(reset=True)),
    (8, "body", Drop(reset=True)),
    (3, "greeting", Say("421 4.3.2 too busy")),
    (3, "ehlo", Drop()),
    (2, "dot", Drop()),
    (2, "accepted", Drop(reset=True)),
    (1, "accepted", HalfLine("250 2.0", Drop())),
    (1, "rcpt", Hang()),
    (1, "data", HalfLine("35", Hang())),
    (1, "dot", Hang()),
)
"""Most of them cost no mail: a storm of refusals for good would only show that refused mail is not accepted."""

PLAIN = ("8BITMIME", "SIZE 33554432", "ENHANCEDSTATUSCODES")
UNANSWERED = {"dot", "accepted"}
"""Where a connection that ends leaves its mail uncertain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The accounts after a storm."""

    mails: int
    faults: int
    lost: int
    """Neither taken by the server nor explained by the outbox; or taken, and the outbox says it never went out."""
    twice: int
    """Taken more than once."""
    uncertain: int
    crashes: int
    """Processes killed, or frozen beyond their leases."""
    window: int
    """connections × window of one process."""
    unanswered: int
    """Replies that the server kept to itself after the dot."""
    accepted: int
    balanced: bool
    seconds: float
    by_fault: dict[str, int]

    @property
    def bound(self) -> int:
        """No more than that may be uncertain."""
        return self.crashes * self.window + self.unanswered


class Storm:
    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        mails: int,
        every: int,
        seed: int,
        senders: int = 2,
        habits: Habits | None = None,
        pipelining: bool = True,
    ) -> None:
        self._dice = random.Random(seed)
        self._url, self._mails = url, mails
        self._habits = habits or Habits(timeout_s=1.0)
        self._number = senders
        self._clock = clock_at(NOW)
        self._pending: deque[tuple[At | None, Act | str]] = deque()
        self._plan_faults(mails, every)
        self._done: Counter[str] = Counter()
        self._unanswered = 0
        self._crashes = 0
        self._running: list[ForkServerProcess] = []
        self._frozen: list[ForkServerProcess] = []
        self._locking: list[threading.Thread] = []
        self._turn = threading.Lock()
        extensions = ("PIPELINING", *PLAIN) if pipelining else PLAIN
        self._server = StormServer(self, ledger=folder / "ledger.jsonl", extensions=extensions)
        self._outbox = make_outbox(url)

    def _plan_faults(self, mails: int, every: int) -> None:
        """Which faults there will be, and before which mail each becomes due."""
        weights = [weight for weight, _, _ in FAULTS]
        chosen = self._dice.choices(FAULTS, weights, k=mails // every)
        at = sorted(self._dice.randrange(mails) for _ in chosen)
        self._due = deque(zip(at, ((phase, what) for _, phase, what in chosen), strict=True))

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (*self._running, *self._frozen):
            signal_to(process, signal.SIGKILL)
            process.join()
        for thread in self._locking:
            thread.join()
        self._server.__exit__()
        self._outbox._db.close()

    # ── the faults ──────────────────────────────────────────────────────────────────────────────────────────

    def strike(self, phase: At) -> Act | None:
        """What happens at this phase of some transaction, if anything. Called by the server."""
        with self._turn:
            if phase == "mail":
                mails = self._server.seen["mail"]
                while self._due and self._due[0][0] < mails:
                    where, what = self._due.popleft()[1]
                    self._pending.append((where or self._dice.choice(PHASES), what))
            for fault in self._pending:
                if fault[0] == phase:
                    self._pending.remove(fault)
                    return self._happen(phase, fault[1])
        return None

    def _happen(self, phase: At, what: Act | str) -> Act | None:
        self._done[f"{phase}: {what}"] += 1
        if not isinstance(what, str):
            silent = isinstance(what, Drop | Hang | HalfLine)
            self._unanswered += phase in UNANSWERED and silent
            return what
        victims = [process for process in self._running if process.is_alive()]
        if what == LOCK:
            thread = threading.Thread(target=self._lock, args=(self._dice.uniform(0.05, 1.0),))
            thread.start()
            self._locking.append(thread)
        elif victims:
            victim = self._dice.choice(victims)
            if what == KILL:
                signal_to(victim, signal.SIGKILL)
            elif what == STOP:
                signal_to(victim, signal.SIGTERM)
            else:
                self._crashes += 1
                self._running.remove(victim)
                self._frozen.append(victim)
                signal_to(victim, signal.SIGSTOP)
                # Its leases end while it sleeps, and others take over what it had not begun.
                self._clock.value += self._habits.lease_s + 1
        return None

    def _lock(self, seconds: float) -> None:
        """Somebody else writes to the database for a while."""
        with suppress(Exception), self._outbox._db.write():
            time.sleep(seconds)

    # ── the run ─────────────────────────────────────────────────────────────────────────────────────────────

    def run(self, *, patience_s: float = 1800.0) -> Outcome:
        """Send everything through the storm; returns when nothing is left that moves by itself."""
        self._furnish()
        started = time.monotonic()
        while time.monotonic() - started < patience_s:
            with self._turn:
                idle = not self._prune()
                if self._frozen and (idle or self._dice.random() < 0.05):
                    awake = self._frozen.pop()
                    signal_to(awake, signal.SIGCONT)
                    self._running.append(awake)
                    idle = False
            if len(self._running) < self._number and self._may_send():
                self._start()
            elif idle and not self._wait_for_the_next():
                break
            time.sleep(0.02)
        return self._outcome(time.monotonic() - started)

    def _prune(self) -> bool:
        """Count and forget the senders that have ended; True while there are others."""
        ended = [process for process in self._running if not process.is_alive()]
        self._crashes += sum(process.exitcode == -signal.SIGKILL for process in ended)
        self._running = [process for process in self._running if process not in ended]
        return bool(self._running)

    def _furnish(self) -> None:
        names = [f"r{number}" for number in range(self._mails)]
        for start in range(0, len(names), 1000):
            some = names[start : start + 1000]
            add_readers(self._outbox._db, *some)
            make_ready(self._outbox, some)

    def _start(self) -> None:
        kill: Kill | None = None
        if self._dice.random() < 0.1:
            kill = (self._dice.choice(["before", "after"]), self._dice.randint(1, 40))
        habits = Habits(
            connections=self._habits.connections,
            window=self._habits.window,
            timeout_s=self._habits.timeout_s,
            lease_s=self._habits.lease_s,
            kill=kill,
        )
        process = start_sender(self._url, [self._server.port], self._clock, habits)
        with self._turn:
            self._running.append(process)

    def _may_send(self) -> bool:
        """Whether a new sender would find something to do."""
        first, at = self._outbox.next_attempt_at(trial=False), now(self._clock)
        paused = any(relay.paused(at) for relay in self._outbox.troubled_relays())
        return first is not None and first <= at and not paused

    def _wait_for_the_next(self) -> bool:
        """Put the clocks forward to when something may go out again; False when nothing will."""
        self._outbox.reap(now(self._clock))
        pauses = [relay.paused_until for relay in self._outbox.troubled_relays() if relay.paused_until is not None]
        first = self._outbox.next_attempt_at(trial=False)
        leases = [row.lease_until for row in self._outbox.listing(Filters(states=frozenset({S.LEASED, S.SENDING})))]
        times = [when for when in (*pauses, first, *leases) if when is not None]
        if first is None and not any(leases):
            return False
        later = [when for when in times if when > now(self._clock)]
        if later:
            self._clock.value += (max(later) if pauses else min(later)).timestamp() - now(self._clock).timestamp() + 1
        return True

    def _outcome(self, seconds: float) -> Outcome:
        taken = Counter(self._server.message_ids())
        rows = self._outbox.listing(Filters(limit=self._mails + 1))
        explained = {S.UNCERTAIN, S.FAILED, S.SUPPRESSED, S.EXPIRED}
        lost = sum(not taken[str(row.message_id)] and row.state not in explained for row in rows)
        # The other way round: a mail that arrived must not be one of which the outbox says that it never did.
        lost += sum(taken[str(row.message_id)] and row.state not in {S.ACCEPTED, S.UNCERTAIN} for row in rows)
        counts = Counter(row.state for row in rows)
        closed = self._outbox.close_press_days(NOW + 4 * DAY, max_lateness=18 * HOUR)
        return Outcome(
            mails=len(rows),
            faults=self._done.total(),
            lost=lost + self._mails - len(rows),
            twice=sum(number - 1 for number in taken.values()),
            uncertain=counts[S.UNCERTAIN],
            crashes=self._crashes,
            window=self._habits.connections * self._habits.window,
            unanswered=self._unanswered,
            accepted=counts[S.ACCEPTED],
            balanced=all(books.balanced for books in closed),
            seconds=seconds,
            by_fault=dict(sorted(self._done.items())),
        )


class StormServer(SmtpServer):
    """Asks the storm at every phase."""

    def __init__(self, storm: Storm, *, ledger: Path, extensions: tuple[str, ...]) -> None:
        super().__init__(ledger=ledger, fsync=False, keep=False, extensions=extensions)
        self._storm = storm

    def act_at(self, phase: At, command: str) -> Act | None:
        act = super().act_at(phase, command)
        return act if act is not None else self._storm.strike(phase)
