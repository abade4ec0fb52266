"""The pipeline on a schedule: APScheduler says when, signals say stop, and nothing here knows what the work is.

Three lanes, one thread each, so that no two jobs of a lane ever overlap:

    desk      tick (plan → build → deliver → close the books), and reading subscriber files again when they changed
    reading   one ingest job per source; one at a time, since arXiv wants a single connection from all of us; and one
              job per signal, which reads the attention that is due for stored papers
    pulse     a sign of life for the watchdog

A start, and a computer that wakes from sleep, first reads every source once and then ticks: the edition that came due
meanwhile should hold this morning's papers. There is no job per reader and no local time in a trigger: the tick asks
the store who is due. Triggers carry no state either, so a crash loses nothing but the time until the next tick.

    SIGTERM, SIGINT   stop: mails in flight finish, those not begun return to the queue. A second one: stop at once.
    SIGHUP            read the configuration and the subscriber files again; a broken configuration changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from digest.daemon.loop import Daemon
from digest.daemon.work import Work

__all__ = ["Work", "run"]


def run(open_work: Callable[[], AbstractContextManager[Work]], *, on_ready: Callable[[], None] = lambda: None) -> int:
    """Work until a signal says stop; the exit status is 0 for a clean stop. Call it in the main thread.

    ``open_work`` is called at the start and again for every SIGHUP; the old work is closed when its last job is done.

    Raises:
        DigestError: what ``open_work`` raised at the start; later it is logged, and the daemon keeps what it has.
    """
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # it repeats what is logged here, and less clearly
    return Daemon(open_work).run(on_ready)
