"""What goes out: a pass with all its stages, one edition now, trials, reports and alerts."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from contextlib import suppress
from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest.errors import DigestError
from digest.verbs.looking import Looking

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.alerts import Alert
    from digest.delivery.replies import Reply
    from digest.editions.letters import Report
    from digest.model import DeliveryState
    from digest.pipeline.chronicle import Chronicle, Reconciled
    from digest.pipeline.passing import PassReport
    from digest.pipeline.sending_now import Outcome

logger = logging.getLogger(__name__)

LOOK_EVERY = dt.timedelta(minutes=30)
"""How often a running service is looked at for alerts."""


class Sending(Looking):
    """Verbs that send."""

    def tick(
        self, stop: threading.Event | None = None, *, progress: Callable[[int], None] = lambda done: None
    ) -> PassReport:
        """Plan, build, deliver, and keep the books, for everyone who is due; then look after the installation."""
        try:
            report = self._pass(stop or threading.Event(), progress)
        except Exception:
            with suppress(DigestError):  # what keeps a pass from ending may keep an alert from being told
                self._look()
            raise
        self._upkeep()
        return report

    def _pass(self, stop: threading.Event, progress: Callable[[int], None]) -> PassReport:
        from digest.pipeline.plan import plan

        self.reconcile()
        now = self.clock()
        reaped = self.outbox.reap(now, on_uncertain=self.config.mail.on_uncertain)
        self.members.housekeep()
        self.send_letters(stop)
        planned = plan(self.rooms, trial=self.trial)
        self.outbox.expire_overdue(now)
        report = self._build_and_deliver(stop, progress)
        lateness = dt.timedelta(seconds=self.config.freshness.max_lateness_s)
        for books in self.outbox.close_press_days(self.clock(), max_lateness=lateness):
            log = logger.info if books.balanced else logger.error
            log("books closed, %s: %s", "balanced" if books.balanced else "THEY DO NOT BALANCE", books)
        self.report_if_due()
        return replace(report, planned=planned, uncertain=report.uncertain + reaped.uncertain)

    def _upkeep(self) -> None:
        """After a good pass: the day's chores, now and then a look at what is wrong, and a sign of life."""
        from digest.pipeline import alarm, upkeep

        upkeep.housekeeping(self.rooms, self.journal)
        self._look()
        alarm.heartbeat(self.rooms)

    def _look(self) -> None:
        now = self.clock()
        if self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY:
            self._looked_at = now
            self.alarm()

    _looked_at: dt.datetime | None = None

    def alarm(self) -> tuple[Alert, ...]:
        """What is wrong with the service, told to its operator once a day; empty for trials, where nobody waits."""
        from digest.pipeline.alarm import raise_alarm

        return () if self.trial else raise_alarm(self.rooms, mail=self.send_report)

    def report(self, day: dt.date, *, to: str | None = None) -> Report:
        """What the operator should know of a press day, addressed to ``to`` or to whom the config names."""
        from digest.pipeline.report import report

        operator = to or self.config.mail.report_to or parseaddr(self.config.mail.sender)[1]
        return report(self.rooms, day, to=operator, trial=self.trial)

    def send_report(self, content: Report) -> Reply:
        """Send a report through the first relay that takes it.

        Raises:
            TransportError: it was not accepted.
            RenderError: the address can't be written to.
        """
        from digest.delivery.single import send_one
        from digest.editions.recipe import assemble

        drawn = self.composer.report(content)
        message = assemble(drawn.recipe, drawn.fragments)
        return send_one(self.relays(), self.postmark.envelope(drawn.recipe, message, now=self.clock()))

    def report_if_due(self) -> bool:
        """Send the latest press day's report, if the config names somebody and nobody has. A failure is logged."""
        if self.config.mail.report_to is None:
            return False
        from digest.pipeline.report import send_if_due

        return send_if_due(self.rooms, trial=self.trial, send=lambda day: self.send_report(self.report(day)))

    def send_trial(self, reader: str, address: str) -> Reply:
        """Send what a reader would get now to another address, marked as a test: it counts nowhere.

        Its links and Message-ID belong to nobody, so whoever gets it can do nothing to the reader.

        Raises:
            NotFound: no such reader, or no papers are stored.
            TransportError: it was not accepted.
            RenderError: the address can't be written to.
        """
        from digest.delivery.single import send_one
        from digest.editions.recipe import assemble
        from digest.pipeline.preview import for_trial

        shown = self.previewer().made(replace(self.subscriber(reader), email=address, name=""))
        composed = self.new_composer(mark="[Test] ").compose(for_trial(shown, reader))
        message = assemble(composed.recipe, composed.fragments)
        return send_one(self.relays(), self.postmark.envelope(composed.recipe, message, now=self.clock()))

    def send_now(self, reader: str) -> Outcome:
        """One reader's edition now."""
        from digest.pipeline.sending_now import send_now

        self.reconcile()

        def work() -> str | None:
            self.outbox.reap(self.clock(), on_uncertain=self.config.mail.on_uncertain)
            return self._build_and_deliver(threading.Event(), lambda done: None).paused

        return send_now(self.rooms, reader, trial=self.trial, work=work)

    def _build_and_deliver(self, stop: threading.Event, progress: Callable[[int], None]) -> PassReport:
        from digest.pipeline.passing import build_and_deliver

        return build_and_deliver(
            self.rooms,
            composer=lambda: self.composer,
            writer=self.writer(),
            relays=self.relays,
            postmark=self.postmark,
            trial=self.trial,
            stop=stop,
            progress=progress,
            chronicle=self._chronicle(),
        )

    def _chronicle(self) -> Chronicle | None:
        from digest.pipeline.chronicle import Chronicle

        return None if self.journal is None else Chronicle(self.rooms, self.journal)

    def reconcile(self) -> Reconciled:
        """Have the database know what its journal knows, so that nobody is mailed twice.

        Raises:
            StoreError: the journal cannot be read.
        """
        from digest.pipeline.chronicle import Reconciled, reconcile

        return Reconciled() if self.journal is None else reconcile(self.rooms, self.journal)

    def books(self) -> list[tuple[dt.date, dict[DeliveryState, int]]]:
        """The press days that are going on anywhere on Earth, with how many deliveries are in which state."""
        today = self.clock().date()
        days = [today + dt.timedelta(days=shift) for shift in (-1, 0, 1)]
        counted = [(day, self.outbox.counts(trial=self.trial, edition=day)) for day in days]
        return [(day, counts) for day, counts in counted if counts]
