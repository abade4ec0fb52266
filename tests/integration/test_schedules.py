"""Hundreds of random schedules: planning, building, sending, crashes, frozen processes, operators, clocks that jump.

After every step, what the receiving side has is compared with what the outbox says: nothing lost, nothing twice save
what was reported as uncertain; and at the end the books balance. A schedule that fails is shrunk to its shortest form.
``DIGEST_SCHEDULES=5000`` tries more of them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from digest.delivery.relays import Relay
from digest.delivery.sender import drain
from digest.model import OPEN_STATES, Envelope
from digest.model import DeliveryState as S
from digest.settings.mail import MailConfig
from digest.store.outbox import Built, Outbox, PlannedDelivery
from digest.store.schema import metadata
from tests.support.chaos import Fate, Kill, Killed, Ledger, Mortal, MortalDatabase, WildTransport
from tests.support.outbox_rows import (
    DAY,
    EDITION,
    HOUR,
    NOW,
    add_papers,
    add_readers,
    make_outbox,
    message_for,
    plan_of,
    set_reader,
)

pytestmark = pytest.mark.slow

READERS = ("ada", "bob", "eve", "kim", "lee")
PAPERS = 30
PICKS = 2
LEASE_S = 600.0
ACTS = ("hold", "release_held", "cancel", "retry", "confirm")
WORDS = ("suppress", "unsuppress", "gone", "active")
SMALL = st.integers(1, 3)
FATES = st.lists(
    st.sampled_from([fate for fate in Fate if not fate.name.startswith("ASLEEP")]), min_size=1, max_size=8
).map(tuple)
KILLS = st.none() | st.none() | st.tuples(st.sampled_from(["before", "after"]), st.integers(1, 15))
ENDED = frozenset(S) - OPEN_STATES - {S.ACCEPTED}
Mode = Literal["hold", "retry"]
Key = tuple[str, str]
"""Reader and edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What happens in one tick."""

    new_day: bool = False
    """It is the first one of the next day."""
    connections: int = 2
    window: int = 2
    batch: int = len(READERS)
    ends: tuple[str, ...] = ()
    fates: tuple[Fate, ...] = ()
    refusals: int = 0
    kill: Kill | None = None
    together: bool = False


PASSES = st.builds(
    Pass,
    new_day=st.booleans(),
    connections=SMALL,
    window=SMALL,
    batch=st.integers(2, len(READERS)),
    ends=st.lists(st.sampled_from(["built", "built", "built", "skipped", "failed"]), max_size=5).map(tuple),
    fates=FATES,
    refusals=st.sampled_from([0, 0, 0, 0, 0, 1]),
    kill=KILLS,
    together=st.booleans(),
)


def address(reader: str) -> str:
    return f"{reader}@example.org"


class Schedule(RuleBasedStateMachine):
    """One installation from its first day to the closing of its books."""

    db = make_outbox("sqlite://")._db

    @initialize(mode=st.sampled_from(["hold", "hold", "retry"]))
    def begin(self, mode: Mode) -> None:
        self.mode: Mode = mode
        self.now = NOW
        self.ledger = Ledger()
        self.outbox = Outbox(self.db)
        self.bound = 0
        """How many deliveries crashed and frozen processes may leave uncertain."""
        self.papers_of: dict[str, tuple[int, ...]] = {}
        self.key_of: dict[str, Key] = {}
        self.known: set[Key] = set()
        """Every edition that was ever planned."""
        self.sleeper: Worker | None = None
        with self.db.write() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.exec_driver_sql(f"DELETE FROM {table.name}")
        add_readers(self.db, *READERS)
        self.papers = add_papers(self.db, PAPERS)

    # ── what the program does ───────────────────────────────────────────────────────────────────────────────

    @rule(one=PASSES)
    def tick(self, one: Pass) -> None:
        """One pass, to its end or to its death at any commit; perhaps beside another sender."""
        if one.new_day:
            self.next_day()
        mortal = Mortal(kill=one.kill)
        outbox = self.process(mortal)
        other = Worker(self, Mortal(), 2, one.window, one.fates[::2]) if one.together else None
        with contextlib.suppress(Killed):
            self.plan(outbox)
            self.build(outbox, one.batch, one.ends)
        self.drain(mortal, one.connections, one.window, one.fates, one.refusals)
        if other is not None:
            other.end()

    def next_day(self) -> None:
        self.now = NOW + ((self.now - NOW) // DAY + 1) * DAY

    def plan(self, outbox: Outbox) -> None:
        """Today's edition for everyone, as each tick does."""
        today = (self.now - NOW) // DAY
        outbox.plan(
            [plan_of(reader, EDITION + today * DAY, due_at=NOW + today * DAY) for reader in READERS],
            trial=False,
            now=self.now,
        )

    def build(self, outbox: Outbox, limit: int, ends: Sequence[str]) -> None:
        """Some are built, some have nothing to say, some fail."""
        claimed = outbox.claim_for_building(limit, now=self.now, trial=False, lease_s=LEASE_S)
        built: list[Built] = []
        for one, end in zip(claimed, [*ends, *["built"] * len(claimed)], strict=False):
            if end == "built" and (made := self.made(outbox, one, built)) is not None:
                built.append(made)
            elif end == "failed":
                outbox.build_failed(one.id, one.lease_token, "a bug", now=self.now)
            else:
                outbox.skipped(one.id, one.lease_token, "nothing new", now=self.now)
        outbox.built(built, now=self.now)

    def made(self, outbox: Outbox, one: PlannedDelivery, before: list[Built]) -> Built | None:
        """An edition with the first papers that this reader has not had; None if there are none."""
        gone = outbox.sent_paper_ids([one.subscriber_id])[one.subscriber_id]
        # Two editions of one reader in one batch: the first one's papers are not gone yet for the second.
        if any(self.key_of[built.message_id][0] == one.subscriber_id for built in before):
            return None
        picks = tuple(paper for paper in self.papers if paper not in gone)[:PICKS]
        if not picks:
            return None
        message_id = f"<{one.edition}.{one.subscriber_id}.{len(self.key_of)}@digest.test>"
        self.papers_of[message_id], self.key_of[message_id] = picks, (one.subscriber_id, str(one.edition))
        return Built(
            delivery_id=one.id, lease_token=one.lease_token, recipe=b"r", message_id=message_id, paper_ids=picks
        )

    @precondition(lambda self: self.sleeper is None)
    @rule(
        window=SMALL,
        before=st.integers(0, 2),
        fate=st.sampled_from([Fate.ASLEEP, Fate.ASLEEP_TAKEN]),
    )
    def freeze(self, window: int, before: int, fate: Fate) -> None:
        """A sender is stopped in the middle of a transaction; some time it goes on as if nothing had happened."""
        self.next_day()
        self.plan(self.outbox)
        self.build(self.outbox, len(READERS), ())
        mortal = Mortal()
        worker = Worker(self, mortal, 1, window, [Fate.TAKEN] * before + [fate])
        while worker.is_alive() and not mortal.sleeping.wait(0.001):
            pass
        if mortal.sleeping.is_set():
            marked = self.look("SELECT id FROM deliveries WHERE state = 'sending'")
            mortal.begun = frozenset(int(str(number)) for (number,) in marked)
            self.bound += window
            self.sleeper = worker
        else:
            worker.end()

    @precondition(lambda self: self.sleeper is not None)
    @rule(kill=KILLS, reader=st.sampled_from(READERS), word=st.none() | st.sampled_from(WORDS))
    def wake(self, kill: Kill | None, reader: str, word: str | None) -> None:
        """It may be killed later on, and somebody may have left meanwhile."""
        if word is not None:
            self.say(reader, word)
        worker, self.sleeper = self.sleeper, None
        assert worker is not None
        worker.mortal.kill_at(kill)
        worker.mortal.barred = self.barred()
        worker.mortal.woken.set()
        worker.end()

    def process(self, mortal: Mortal) -> Outbox:
        return Outbox(MortalDatabase(self.db, mortal))

    def drain(self, mortal: Mortal, connections: int, window: int, fates: Sequence[Fate], refusals: int) -> None:
        mortal.barred = self.barred()

        def watch(envelope: Envelope) -> None:
            if envelope.delivery_id not in mortal.begun:
                ((state,),) = self.look(f"SELECT state FROM deliveries WHERE id = {envelope.delivery_id}")
                assert state == S.SENDING, "marked before the first byte"
                assert envelope.recipient not in mortal.barred, "whoever left or is suppressed gets nothing"

        wild = WildTransport(self.ledger, mortal, fates=fates, refusals=refusals, watch=watch)
        with contextlib.suppress(Killed):
            drain(
                self.process(mortal),
                lambda: [Relay(transport=wild, connections=connections)],
                message_for,
                config=MailConfig(window=window, on_uncertain=self.mode),
                clock=lambda: self.now,
                stop=threading.Event(),
                jitter=lambda: 0.5,
                lease_s=LEASE_S,
            )
        if mortal.dead:
            self.bound += connections * window

    # ── what befalls it ─────────────────────────────────────────────────────────────────────────────────────

    @rule(minutes=st.sampled_from([1, 11, 60, 600, 1440, -5, -120]), then=PASSES)
    def clock_jumps(self, minutes: int, then: Pass) -> None:
        """Time passes, or somebody sets the clock."""
        self.now = max(NOW, self.now + dt.timedelta(minutes=minutes))
        self.tick(then)

    @rule(
        act=st.sampled_from(["hold", "release_held", "cancel", "retry", "confirm"]),
        which=st.integers(0, 30),
        then=PASSES,
    )
    def operate(self, act: str, which: int, then: Pass) -> None:
        """An operator does something to any delivery, and ends the relay's pause."""
        rows = self.outbox.listing()
        if rows:
            getattr(self.outbox, act)([rows[which % len(rows)].id], now=self.now)
        self.outbox.resume_relay(WildTransport.name, now=self.now)
        self.tick(then)

    @rule(
        reader=st.sampled_from(READERS), word=st.sampled_from(["suppress", "unsuppress", "gone", "active"]), then=PASSES
    )
    def speak(self, reader: str, word: str, then: Pass) -> None:
        """A reader leaves or comes back, an address dies or lives again."""
        self.say(reader, word)
        self.tick(then)

    def say(self, reader: str, word: str) -> None:
        if word == "suppress":
            self.outbox.suppress(address(reader), "complaint", now=self.now)
        elif word == "unsuppress":
            self.outbox.unsuppress(address(reader), now=self.now)
        else:
            set_reader(self.db, reader, word)

    # ── what must hold ──────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def nothing_lost_nothing_twice(self) -> None:
        unsure, by_hand = self.attempts()
        rows = self.look("SELECT subscriber_id, edition, state, reason FROM deliveries")
        states = {(str(reader), str(edition)): S(str(state)) for reader, edition, state, _ in rows}
        assert len(rows) == len(states), "one edition once"
        assert self.known <= states.keys(), "none is forgotten"
        self.known = set(states)
        taken: Counter[Key] = Counter()
        had: Counter[tuple[str, int]] = Counter()
        for message_id, times in self.ledger.taken.items():
            reader, _ = key = self.key_of[message_id]
            taken[key] += times
            if times and not unsure[key]:
                had.update((reader, paper) for paper in self.papers_of[message_id])
        again = self.sent_again()
        for key, times in taken.items():
            allowed = unsure[key] if self.mode == "retry" else min(unsure[key], again[key])
            assert times <= 1 + allowed, f"{key} was taken {times} times"
        assert max(had.values(), default=0) <= 1, f"a paper went to its reader twice: {had}"
        for key, state in states.items():
            if state is S.ACCEPTED:
                assert taken[key] or by_hand[key], f"{key} is accepted, and nobody has it"
            elif taken[key] and not unsure[key]:
                assert state is S.SENDING, f"{key} was taken, and is {state}"
        unexplained = [row for row in rows if row[3] is None and S(str(row[2])) in ENDED]
        assert not unexplained

    @invariant()
    def uncertain_within_bounds(self) -> None:
        """Crashes leave no more than connections × window uncertain, and each lost reply one."""
        phases = [str(phase) for (phase,) in self.look("SELECT phase FROM attempts WHERE outcome = 'uncertain'")]
        assert phases.count("lost") <= self.bound
        assert phases.count("dot") <= self.ledger.uncertain_replies

    def teardown(self) -> None:
        """Everything ends somewhere, and the books of every day balance."""
        if self.sleeper is not None:
            self.wake(None, READERS[0], None)
        for _ in range(30):
            self.now += HOUR
            self.outbox.resume_relay(WildTransport.name, now=self.now)
            self.tick(Pass())
            if not OPEN_STATES & self.outbox.counts().keys():
                break
        assert not OPEN_STATES & self.outbox.counts().keys(), "everything ends somewhere"
        self.nothing_lost_nothing_twice()
        self.uncertain_within_bounds()
        closed = self.outbox.close_press_days(self.now + 4 * DAY, max_lateness=18 * HOUR)
        assert all(books.balanced for books in closed), closed
        assert sum(books.planned for books in closed) == len(self.known)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, query: str) -> list[tuple[object, ...]]:
        """What the database holds, read beside the program."""
        with self.db.read() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())

    def attempts(self) -> tuple[Counter[Key], Counter[Key]]:
        """How often each key was reported as uncertain, and how often the operator said that it arrived."""
        unsure, by_hand = Counter[Key](), Counter[Key]()
        for reader, edition, outcome, relay in self.look(
            "SELECT subscriber_id, edition, outcome, relay FROM attempts JOIN deliveries d ON d.id = delivery_id"
        ):
            unsure[str(reader), str(edition)] += outcome == "uncertain"
            by_hand[str(reader), str(edition)] += relay == "operator"
        return unsure, by_hand

    def sent_again(self) -> Counter[Key]:
        """How often the operator said of each key that it is to be sent once more."""
        keys = {number: (str(reader), str(day)) for number, reader, day in self.look(
            "SELECT id, subscriber_id, edition FROM deliveries"
        )}  # fmt: skip
        acts = self.look("SELECT detail FROM events WHERE kind = 'queue.retry'")
        return Counter(keys[number] for (detail,) in acts for number in json.loads(str(detail))["ids"])

    def barred(self) -> frozenset[str]:
        """Addresses that nobody may write to any more."""
        left = self.look("SELECT email FROM subscribers WHERE state != 'active' UNION SELECT address FROM suppressions")
        return frozenset(str(email) for (email,) in left)


class Worker(threading.Thread):
    """A sender beside the others; what it finds wrong is raised where it is waited for."""

    def __init__(
        self, schedule: Schedule, mortal: Mortal, connections: int, window: int, fates: Sequence[Fate]
    ) -> None:
        super().__init__()
        self.mortal = mortal
        self._work = partial(schedule.drain, mortal, connections, window, fates, 0)
        self._error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised again by end()
            self._error = error

    def end(self) -> None:
        self.join()
        if self._error is not None:
            raise self._error


TestSchedule = Schedule.TestCase
TestSchedule.settings = settings(
    max_examples=int(os.environ.get("DIGEST_SCHEDULES", "100")),
    stateful_step_count=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
