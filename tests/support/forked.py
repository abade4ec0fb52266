"""Real sender processes that can be started in a few milliseconds, killed, frozen, and given another clock.

    clock = clock_at(NOW)
    sender = start_sender(url, [port], clock, Habits(kill=("after", 7)))
    sender.kill()                   # kill -9
    signal_to(sender, signal.SIGSTOP)

They are forked from a server process that has everything imported; each opens a database of its own. ``Habits.kill``
ends a process at one of its commits by a real SIGKILL to itself.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.sharedctypes import Synchronized
from typing import NoReturn

from digest.delivery.relays import Relay
from digest.delivery.sender import drain
from digest.delivery.settings import SmtpSettings, Timeouts
from digest.delivery.smtp import SmtpTransport
from digest.errors import StoreError
from digest.settings.mail import MailConfig, TlsMode
from digest.store.database import Database
from digest.store.outbox import Outbox
from tests.support.chaos import Kill, Mortal, MortalDatabase
from tests.support.outbox_rows import message_for, plan_and_build


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a sender works, and when it dies."""

    connections: int = 2
    window: int = 3
    per_second: float | None = None
    timeout_s: float = 5.0
    """For connecting and for each answer; silence after the dot is borne twice as long."""
    lease_s: float = 600.0
    kill: Kill | None = None
    plans: tuple[str, ...] = ()
    """The readers whose edition of the day it plans and builds before it sends."""


class _Doomed(Mortal):
    def die(self) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("SIGKILL cannot be survived")


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.forked"])
    return context


def shared_clock() -> Synchronized[float]:
    """How far the senders' clocks are ahead of this machine's, in seconds; set ``.value``."""
    made: Synchronized[float] = _context().Value("d", 0.0)
    return made


def clock_at(moment: dt.datetime) -> Synchronized[float]:
    """A clock that shows that moment now."""
    clock = shared_clock()
    clock.value = moment.timestamp() - time.time()
    return clock


def now(clock: Synchronized[float]) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=clock.value)


def start_sender(
    url: str, ports: Sequence[int], clock: Synchronized[float], habits: Habits | None = None
) -> ForkServerProcess:
    """A sender at work, with a relay at each of the ports; it ends when nothing may go out now.

    SIGTERM asks it to stop.
    """
    process = _context().Process(target=_send, args=(url, tuple(ports), clock, habits or Habits()), daemon=True)
    process.start()
    return process


def signal_to(process: ForkServerProcess, number: signal.Signals) -> None:
    """SIGSTOP freezes it, SIGCONT lets it go on."""
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def _send(url: str, ports: Sequence[int], clock: Synchronized[float], habits: Habits) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    times = Timeouts(
        connect_s=habits.timeout_s,
        command_s=habits.timeout_s,
        stall_s=habits.timeout_s,
        dot_s=2 * habits.timeout_s,
        quit_s=0.2,
    )
    transports = [
        SmtpTransport(SmtpSettings(host="127.0.0.1", port=port, tls=TlsMode.NONE, timeouts=times)) for port in ports
    ]
    config = MailConfig(connections=habits.connections, window=habits.window, per_second=habits.per_second)
    outbox = Outbox(MortalDatabase(Database(url), _Doomed(kill=habits.kill)))
    with contextlib.suppress(StoreError):  # the database stayed away: the next one goes on
        if habits.plans:  # as a tick does
            outbox.reap(now(clock))
            plan_and_build(outbox, habits.plans)
        drain(
            outbox,
            lambda: [Relay.of(transport, config) for transport in transports],
            message_for,
            config=config,
            clock=lambda: now(clock),
            stop=stop,
            lease_s=habits.lease_s,
        )
