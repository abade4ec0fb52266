"""Send what is ready: a few connections, small windows, nothing twice.

    Relays ──whose turn──▶ Rounds: one relay's workers at a time, until nothing is left
    Leases ──claimed, within limits (Supply)──▶ workers ──render──▶ mark `sending` (Clerk) ──▶ Session.send
                                                      Clerk ◀── classify ◀──reply──────────────────┘

Each connection takes a window of deliveries, renders them, has them marked as ``sending`` in a committed transaction,
and only then says MAIL FROM. What a crash can leave uncertain is therefore at most connections × window. Rules in
docs/delivery.md.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Protocol

from digest.delivery.clerk import Around, Clerk
from digest.delivery.leases import Leases
from digest.delivery.pace import Pace
from digest.delivery.quota import Quota
from digest.delivery.relays import Relay, Relays, Turn
from digest.delivery.report import DrainReport, Tally
from digest.delivery.rounds import Rounds, Team
from digest.delivery.settings import Timeouts
from digest.delivery.stock import Render
from digest.delivery.supply import Supply
from digest.delivery.switch import Switch
from digest.delivery.traffic import Traffic
from digest.delivery.worker import Worker
from digest.settings.mail import MailConfig
from digest.store.outbox import Outbox

POLL_S = 0.05
GRACE_S = 25.0
"""After a stop, how long transactions under way may take before their connections are cut. systemd allows 90 s."""
LEASE_MARGIN = 1.2
PACED_WINDOW_S = 10.0
"""At a slow pace a window holds no more than this many seconds' worth of messages."""


class StopSignal(Protocol):
    """``threading.Event`` and ``asyncio.Event`` both are one."""

    def is_set(self) -> bool: ...


def drain(
    outbox: Outbox,
    relays: Callable[[], Sequence[Relay]],
    render: Render,
    *,
    config: MailConfig,
    clock: Callable[[], dt.datetime],
    stop: StopSignal,
    progress: Callable[[int], None] = lambda done: None,
    jitter: Callable[[], float] = random.random,
    lease_s: float | None = None,
    around: Around = nullcontext,
) -> DrainReport:
    """Send everything that may go out now; returns when it is done, all relays are paused, or ``stop`` is set.

    Blocks; it is the synchronous door to ``drain_async``, and must not be called inside a running event loop.
    """
    return asyncio.run(
        drain_async(
            outbox,
            relays(),
            render,
            config=config,
            clock=clock,
            stop=stop,
            progress=progress,
            jitter=jitter,
            lease_s=lease_s,
            around=around,
        )
    )


async def drain_async(
    outbox: Outbox,
    relays: Sequence[Relay],
    render: Render,
    *,
    config: MailConfig,
    clock: Callable[[], dt.datetime],
    stop: StopSignal,
    progress: Callable[[int], None] = lambda done: None,
    jitter: Callable[[], float] = random.random,
    lease_s: float | None = None,
    around: Around = nullcontext,
) -> DrainReport:
    """Send everything that may go out now.

    ``render`` makes the bytes of a claimed delivery; it runs in a thread, one call at a time, and what it raises fails
    that delivery alone. ``progress`` gets the number of results on disk so far. ``jitter`` gives numbers in [0, 1).
    ``lease_s`` outlasts one transaction by default. ``around`` is the accepted journal (digest/delivery/clerk.py).

    Raises:
        StoreError: the database stayed away; what was under way will be reported as uncertain.
    """
    tally = Tally(trial=relays[0].transport.trial)
    reaped = await asyncio.to_thread(outbox.reap, clock(), on_uncertain=config.on_uncertain)
    expired = await asyncio.to_thread(outbox.expire_overdue, clock())
    tally.begin(reaped, expired)
    slowest = max(relay.timeout_s for relay in config.relays)
    lease_s = lease_s or LEASE_MARGIN * Timeouts.scaled(slowest).transaction_s
    batch = 2 * max(relay.connections for relay in relays) * config.window
    traffic = Traffic(config.domains, now_s=asyncio.get_running_loop().time)
    troubled = await asyncio.to_thread(outbox.troubled_domains)
    traffic.beware({each.domain: each.failures for each in troubled})
    leases = Leases(outbox, traffic, clock=clock, lease_s=lease_s, trial=tally.trial, batch=batch)
    clerk = Clerk(
        outbox,
        clock=clock,
        patience_s=lease_s / 2,
        written=lambda number: progress(tally.written(number)),
        around=around,
    )
    rendering = asyncio.Lock()

    def muster(turn: Turn, waiting: int) -> Team:
        relay = turn.relay
        switch = Switch(outbox, relay.name, failures=turn.state.failures, clock=clock, tally=tally)
        supply = Supply(outbox, leases, traffic, Quota(outbox, relay, clock=clock), switch, clock=clock)
        window, pace = _window(config.window, relay), Pace(relay.per_second)
        workers = [
            Worker(
                transport=relay.transport,
                render=render,
                leases=supply,
                clerk=clerk,
                switch=switch,
                pace=pace,
                tally=tally,
                clock=clock,
                jitter=jitter,
                on_uncertain=config.on_uncertain,
                window=window,
                rendering=rendering,
            )
            for _ in range(min(relay.connections, -(-waiting // window)))
        ]
        return Team(switch=switch, supply=supply, workers=workers)

    relayed = Relays(outbox, relays, clock=clock, tally=tally)
    rounds = Rounds(relayed, leases, muster=muster, answers=tally.answers, clock=clock)
    await _run(rounds, clerk, leases, stop)
    tally.stopped = rounds.stopped
    return tally.report()


def _window(most: int, relay: Relay) -> int:
    if relay.per_second is None:
        return most
    return max(1, min(most, int(relay.per_second * PACED_WINDOW_S / relay.connections)))


async def _run(rounds: Rounds, clerk: Clerk, leases: Leases, stop: StopSignal) -> None:
    """Let the rounds run; on a stop, a cancellation or a broken database, end in good order."""
    writing = asyncio.ensure_future(clerk.run())
    heartbeat = asyncio.ensure_future(leases.keep_alive())
    watching = asyncio.ensure_future(_watch(stop, rounds))
    working = asyncio.ensure_future(rounds.run())
    cancelled = False
    try:
        while not working.done():
            try:
                await asyncio.wait({working, writing, watching}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:  # Ctrl-C: the same clean stop
                cancelled = True
                rounds.stop()
            if writing.done() and not working.done():
                rounds.stop()
                rounds.abort()
                await asyncio.wait({working})
            elif rounds.stopped and not working.done():
                await _grace(working, rounds)
        await leases.give_back_rest()
        clerk.close()
        await asyncio.wait({writing})
        errors = [error for ended in (writing, working) if (error := ended.exception()) is not None]
        if errors:
            raise errors[0]
    finally:
        for task in (heartbeat, watching):
            task.cancel()
        await asyncio.gather(heartbeat, watching, return_exceptions=True)
    if cancelled:
        raise asyncio.CancelledError


async def _watch(stop: StopSignal, rounds: Rounds) -> None:
    """Turn a flag that any thread may set into our own event, and look after the relays' pauses."""
    while not stop.is_set():  # a threading.Event cannot be awaited
        await asyncio.sleep(POLL_S)
        rounds.look()
    rounds.stop()


async def _grace(working: asyncio.Future[None], rounds: Rounds) -> None:
    done, _ = await asyncio.wait({working}, timeout=GRACE_S)
    if not done:
        rounds.abort()
        await asyncio.wait({working})
