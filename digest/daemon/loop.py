"""The daemon's main thread and its jobs; the story is in the package's docstring."""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from digest.daemon import health, systemd
from digest.daemon.watch import ClockWatch, fingerprint
from digest.daemon.work import Holder, Work
from digest.errors import DigestError
from digest.store.figures import Figures

if TYPE_CHECKING:
    from digest.daemon.metrics import Observatory

log = logging.getLogger(__name__)

REREAD_EVERY_S = 15
PULSE_EVERY_S = 5
PULSE_LOST_S = 60
"""A pulse that is older tells that the scheduler's threads hang."""
FIRST_TICK_WITHIN_S = 300
"""A source that hangs at start holds up the first tick no longer than this."""
READING_GRACE_S = 10
"""How long a stop waits for a source that is being read. Whatever is cut off there is read again next time."""

DESK, READING, PULSE = "desk", "reading", "pulse"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Daemon:
    """One running daemon; all of its state that outlives a job is here."""

    def __init__(self, open_work: Callable[[], AbstractContextManager[Work]]) -> None:
        self._holder = Holder(open_work)
        self._stop = threading.Event()
        self._signals: SimpleQueue[int] = SimpleQueue()  # its put() may be called from a signal handler
        self._busy: dict[str, str] = {}  # lane → the job in it; each lane is one thread
        self._unread: set[str] = set()  # sources still to be read before the first tick
        self._tick_by = 0.0
        self._files: object = None
        self._pulse_at = time.monotonic()
        self._passed_at: float | None = None
        self._failed: dict[str, str] = {}  # job → what went wrong, until it goes well again
        self._observatory: Observatory | None = None
        self._scheduler = BackgroundScheduler(
            timezone=dt.UTC,
            executors={lane: ThreadPoolExecutor(1) for lane in (DESK, READING, PULSE)},
            # No misfire time: a job that is late, by whatever, is to be run once, now.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    # ── the main thread ─────────────────────────────────────────────────────────────────────────────────────

    def run(self, on_ready: Callable[[], None]) -> int:
        before = {number: signal.signal(number, self._post) for number in (*STOP_SIGNALS, signal.SIGHUP)}
        try:
            self._run_job(DESK, "reread", self._reread)
            self._scheduler.start()
            self._schedule()
            with self._holder.use() as work:
                log.info("started sources=%s next=%r", ",".join(work.source_names()) or "none", work.next_due())
                self._observe(work.metrics_listen)
            log.info("another daemon or `digest run` on this database is safe: each delivery is leased by one of them")
            systemd.notify(READY="1")
            on_ready()
            self._listen()
            self._drain()
            return 0
        finally:
            self._stop.set()
            if self._scheduler.running:
                self._scheduler.shutdown(wait=True)
            if self._observatory is not None:
                self._observatory.close()
            self._holder.close()
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def _observe(self, listen: tuple[str, int] | None) -> None:
        """Tell figures and health to whoever asks. Its library takes a quarter of a second to import."""
        if listen is None:
            return
        from digest.daemon.metrics import Observatory

        def figures() -> Figures:
            with self._holder.use() as work:
                return work.figures()

        self._observatory = Observatory(figures, self._health)
        self._observatory.listen(*listen)

    def _health(self) -> tuple[bool, dict[str, object]]:
        """Ill: the threads do not move, or the last pass failed. A source that fails is not the daemon's fault."""
        now = time.monotonic()
        words: dict[str, object] = {
            "pulse_age_s": round(now - self._pulse_at, 1),
            "last_pass_s": None if self._passed_at is None else round(now - self._passed_at, 1),
            "busy": sorted(self._busy.values()),
            "failed": dict(self._failed),
        }
        return now - self._pulse_at < PULSE_LOST_S and "tick" not in self._failed, words

    def _post(self, number: int, _frame: FrameType | None) -> None:
        self._signals.put(number)

    def _listen(self) -> None:
        """Wait for a signal to stop; meanwhile feed the watchdog and look at the clock."""
        clock, watchdog_s = ClockWatch(), systemd.watchdog_s()
        nap_s = min(PULSE_EVERY_S, (watchdog_s or 60) / 3)
        while True:
            try:
                number = self._signals.get(timeout=nap_s)
            except Empty:
                number = 0
            if number in STOP_SIGNALS:
                log.info("stopping signal=%s (once more: at once)", signal.Signals(number).name)
                return
            if number == signal.SIGHUP:
                self._reload()
            if jump := clock.jump():
                log.warning("the clock jumped by %s (set, or the computer slept): everything runs now", jump)
                self._schedule()
            if watchdog_s is not None and time.monotonic() - self._pulse_at < max(watchdog_s, 2 * PULSE_EVERY_S):
                systemd.notify(WATCHDOG="1")

    def _reload(self) -> None:
        systemd.reloading()
        try:
            self._holder.replace()
        except DigestError as error:
            log.error("configuration not read again, the old one stays: %s", error)  # noqa: TRY400 (made for people)
        except Exception:
            log.exception("configuration not read again, the old one stays")
        else:
            log.info("configuration read again")
        self._files = None
        self._schedule()
        systemd.notify(READY="1")

    def _drain(self) -> None:
        """Let the desk finish what cannot be cut short; give up on a source that takes too long."""
        systemd.notify(STOPPING="1")
        self._stop.set()
        self._scheduler.pause()
        patience_ends = time.monotonic() + READING_GRACE_S
        while DESK in self._busy or READING in self._busy:
            try:
                number = self._signals.get(timeout=0.1)
            except Empty:
                number = 0
            if number in STOP_SIGNALS:
                log.error("stopped at once: mails in flight will show as uncertain (`digest queue`)")
                _leave(1)
            if DESK not in self._busy and time.monotonic() > patience_ends:
                log.warning("stopped while busy with %s: it is done again at the next start", self._busy.get(READING))
                _leave(0)
        log.info("stopped")

    # ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────

    def _schedule(self) -> None:
        """(Re)make all jobs from the work in use, each due now. Running ones are not disturbed."""
        with self._holder.use() as work:
            sources, every_s, tick_s = tuple(work.source_names()), work.ingest_every_s, work.tick_every_s
            signals, signals_s = tuple(work.signal_names()), work.signals_every_s
            inbox_s = work.inbox_every_s
        self._unread = set(sources)
        self._tick_by = time.monotonic() + FIRST_TICK_WITHIN_S
        self._scheduler.remove_all_jobs()
        self._add(PULSE, "pulse", PULSE_EVERY_S, self._pulse)
        self._add(DESK, "reread", REREAD_EVERY_S, self._reread)
        self._add(DESK, "tick", tick_s, self._tick)
        for source in sources:
            self._add(READING, f"ingest {source}", every_s, self._ingest, source, jitter_s=min(every_s // 10, 300))
        for name in signals:  # behind the sources, whose papers they are about
            self._add(READING, name, signals_s, self._read_signal, name, jitter_s=min(signals_s // 10, 300))

        if inbox_s is not None:
            self._add(READING, "inbox", inbox_s, self._read_inbox)

    def _add(self, lane: str, name: str, every_s: int, job: Callable[..., None], *args: str, jitter_s: int = 0) -> None:
        self._scheduler.add_job(
            self._run_job,
            "interval",
            args=(lane, name, job, *args),
            id=name,
            executor=lane,
            seconds=max(1, every_s),
            jitter=jitter_s or None,
            next_run_time=dt.datetime.now(dt.UTC),
        )

    def _run_job(self, lane: str, name: str, job: Callable[..., None], *args: str) -> None:
        """The boundary that no exception crosses: what fails is logged, and tried again next time."""
        if self._stop.is_set():
            return
        if lane != PULSE:
            self._busy[lane] = name
        try:
            job(*args)
        except DigestError as error:
            self._failed[name] = "failed: see the log"
            log.error("job=%s failed: %s", name, error)  # noqa: TRY400 (its message is made for people)
        except Exception as error:
            self._failed[name] = f"a bug of ours: {type(error).__name__}"
            log.exception("job=%s failed by a bug of ours; the daemon goes on", name)
        else:
            self._failed.pop(name, None)
        finally:
            self._busy.pop(lane, None)

    def _pulse(self) -> None:
        self._pulse_at = time.monotonic()

    def _reread(self) -> None:
        with self._holder.use() as work:
            files = fingerprint(work.watched())
            if files == self._files:
                return
            report = work.reread()
            self._files = files  # not before: a failure is tried again
        counts = [len(ids) for ids in (report.added, report.changed, report.gone, report.broken)]
        log.info("subscriber files read added=%d changed=%d gone=%d broken=%d", *counts)
        for reader, problem in report.broken.items():
            log.warning("reader=%s keeps the last good settings: %s", reader, problem)
        for reader in report.erased:
            log.warning("reader=%s was erased: their file counts for nothing, delete it", reader)

    def _ingest(self, source: str) -> None:
        try:
            with self._holder.use() as work:
                for report in work.ingest(source):
                    log.log(health.source_level(report), "%s", health.source_line(report))
        finally:
            self._unread.discard(source)
            if not self._unread and self._tick_by:
                self._tick_by = 0.0
                with suppress(JobLookupError):  # all jobs are being made anew, this one due now
                    self._scheduler.modify_job("tick", next_run_time=dt.datetime.now(dt.UTC))

    def _read_signal(self, name: str) -> None:
        with self._holder.use() as work:
            for report in work.read_signals(name):
                log.log(health.source_level(report), "%s", health.source_line(report))

    def _read_inbox(self) -> None:
        with self._holder.use() as work:
            counts = work.read_inbox(self._stop)
        if counts:
            log.info("mailbox read %s", " ".join(f"{what}={number}" for what, number in sorted(counts.items())))

    def _tick(self) -> None:
        if self._unread and time.monotonic() < self._tick_by:
            return
        started = time.monotonic()
        with self._holder.use() as work:
            report = work.tick(self._stop)
            self._passed_at = time.monotonic()
            if self._observatory is not None:
                self._observatory.passed(self._passed_at - started)
            level = health.tick_level(report)
            if log.isEnabledFor(level):
                next_due = work.next_due()
                line = health.tick_line(report, took_s=time.monotonic() - started, next_due=next_due)
                log.log(level, "%s", line)
                systemd.notify(STATUS=f"next: {next_due}")


def _leave(status: int) -> NoReturn:
    """End the process without waiting for its threads, which Python would otherwise do."""
    logging.shutdown()
    os._exit(status)
