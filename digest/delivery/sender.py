"""Send what is ready: a few connections, small windows, nothing twice.

    Leases ──claimed──▶ workers ──render──▶ mark `sending` (Clerk) ──▶ Session.send ──reply──▶ classify ──▶ Clerk

Each connection takes a window of deliveries, renders them, has them marked as ``sending`` in a committed transaction,
and only then says MAIL FROM. What a crash can leave uncertain is therefore at most connections × window. Rules in
docs/delivery.md.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Callable
from typing import Protocol

from digest.delivery.base import Transport
from digest.delivery.clerk import Clerk
from digest.delivery.leases import Leases
from digest.delivery.report import DrainReport, Tally
from digest.delivery.settings import Timeouts
from digest.delivery.switch import Switch
from digest.delivery.worker import Pace, Render, Worker
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
    transport: Callable[[], Transport],
    render: Render,
    *,
    config: MailConfig,
    clock: Callable[[], dt.datetime],
    stop: StopSignal,
    progress: Callable[[int], None] = lambda done: None,
    jitter: Callable[[], float] = random.random,
    lease_s: float | None = None,
) -> DrainReport:
    """Send everything that may go out now; returns when it is done, the relay is paused, or ``stop`` is set.

    Blocks; it is the synchronous door to ``drain_async``, and must not be called inside a running event loop.
    """
    return asyncio.run(
        drain_async(
            outbox,
            transport(),
            render,
            config=config,
            clock=clock,
            stop=stop,
            progress=progress,
            jitter=jitter,
            lease_s=lease_s,
        )
    )


async def drain_async(
    outbox: Outbox,
    transport: Transport,
    render: Render,
    *,
    config: MailConfig,
    clock: Callable[[], dt.datetime],
    stop: StopSignal,
    progress: Callable[[int], None] = lambda done: None,
    jitter: Callable[[], float] = random.random,
    lease_s: float | None = None,
) -> DrainReport:
    """Send everything that may go out now.

    ``render`` makes the bytes of a claimed delivery; it runs in a thread, one call at a time, and what it raises fails
    that delivery alone. ``progress`` gets the number of results on disk so far. ``jitter`` gives numbers in [0, 1).
    ``lease_s`` outlasts one transaction by default.

    Raises:
        StoreError: the database stayed away; what was under way will be reported as uncertain.
    """
    tally = Tally(relay=transport.name, trial=transport.trial)
    reaped = await asyncio.to_thread(outbox.reap, clock(), on_uncertain=config.on_uncertain)
    expired = await asyncio.to_thread(outbox.expire_overdue, clock())
    tally.begin(reaped, expired)
    switch = Switch(outbox, transport.name, clock=clock, tally=tally)
    if not await switch.may_send():
        return tally.report()
    lease_s = lease_s or LEASE_MARGIN * Timeouts.scaled(config.timeout_s).transaction_s
    window = _window(config)
    leases = Leases(outbox, clock=clock, lease_s=lease_s, trial=transport.trial, batch=2 * config.connections * window)
    waiting = await leases.waiting()
    if not waiting:
        return tally.report()
    clerk = Clerk(outbox, clock=clock, patience_s=lease_s / 2, written=lambda number: progress(tally.written(number)))
    pace, rendering = Pace(config.per_second), asyncio.Lock()
    workers = [
        Worker(
            transport=transport,
            render=render,
            leases=leases,
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
        for _ in range(min(config.connections, -(-waiting // window)))
    ]
    await _run(workers, clerk, leases, switch, stop)
    return tally.report()


def _window(config: MailConfig) -> int:
    if config.per_second is None:
        return config.window
    return max(1, min(config.window, int(config.per_second * PACED_WINDOW_S / config.connections)))


async def _run(workers: list[Worker], clerk: Clerk, leases: Leases, switch: Switch, stop: StopSignal) -> None:
    """Let the workers work; on a stop, a cancellation or a broken database, end in good order."""
    writing = asyncio.ensure_future(clerk.run())
    heartbeat = asyncio.ensure_future(leases.keep_alive())
    watching = asyncio.ensure_future(_watch(stop, switch))
    # The first connection proves the relay, with one message if it was in trouble; a wrong password is tried once.
    first, *others = workers
    working = asyncio.ensure_future(_work(first, others, switch))
    cancelled = False
    try:
        while not working.done():
            try:
                await asyncio.wait({working, writing, watching}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:  # Ctrl-C: the same clean stop
                cancelled = True
                switch.stop()
            if writing.done() and not working.done():
                switch.stop()
                for worker in workers:
                    worker.abort()
                await asyncio.wait({working})
            elif switch.stopped and not working.done():
                await _grace(working, workers)
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


async def _work(first: Worker, others: list[Worker], switch: Switch) -> None:
    try:
        if await first.prove() and not switch.halted.is_set():
            ends = await asyncio.gather(*(worker.run() for worker in (first, *others)), return_exceptions=True)
            for end in ends:
                if isinstance(end, BaseException):
                    raise end
    finally:
        await asyncio.gather(*(worker.close() for worker in (first, *others)))


async def _watch(stop: StopSignal, switch: Switch) -> None:
    """Turn a flag that any thread may set into our own event."""
    while not stop.is_set():  # noqa: ASYNC110 - a threading.Event cannot be awaited
        await asyncio.sleep(POLL_S)
    switch.stop()


async def _grace(working: asyncio.Future[None], workers: list[Worker]) -> None:
    done, _ = await asyncio.wait({working}, timeout=GRACE_S)
    if not done:
        for worker in workers:
            worker.abort()
        await asyncio.wait({working})
