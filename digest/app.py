"""Everything a command can do, one verb each: over what digest.composition builds, by what digest.pipeline knows."""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest import arxiv_categories
from digest.composition import Composition, utc_now
from digest.config import Config, load_config
from digest.errors import DigestError, NotFound
from digest.model import DeliveryState, Paper, ReaderState, SourceReport, Subscriber, Verdict
from digest.pipeline.rooms import Clock
from digest.schedule import in_words
from digest.store.subscribers import SyncReport
from digest.subscribers import load_subscribers

if TYPE_CHECKING:
    from digest.alerts import Alert
    from digest.bibliography import BibEntry
    from digest.bounces import Notice
    from digest.checkup import Examples, LaneMatches
    from digest.delivery.replies import Reply
    from digest.editions.letters import Report
    from digest.pipeline.answers import Taken
    from digest.pipeline.archive import Archived
    from digest.pipeline.backtest import Backtest
    from digest.pipeline.chronicle import Chronicle, Reconciled
    from digest.pipeline.comparison import Comparison
    from digest.pipeline.correspondence import Correspondence
    from digest.pipeline.library import Suggestion
    from digest.pipeline.mailroom import Handled
    from digest.pipeline.membership import Imported, Membership
    from digest.pipeline.passing import PassReport
    from digest.pipeline.preview import Preview, Previewer
    from digest.pipeline.reader_feeds import ReaderFeeds
    from digest.pipeline.sending_now import Outcome
    from digest.sources.progress import Progress
    from digest.store.erasure import Erased
    from digest.store.figures import Figures, FigureStore


logger = logging.getLogger(__name__)

LOOK_EVERY = dt.timedelta(minutes=30)
"""How often a running service is looked at for alerts."""


class App(Composition):
    """The verbs. What they take and give are plain values; what they need is built when they need it."""

    # ── one verb each ───────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def members(self) -> Membership:
        """What readers may do with themselves: join, confirm, pause, leave, export, erase …"""
        from digest.pipeline.membership import Membership

        return Membership(self.rooms)

    @cached_property
    def feeds(self) -> ReaderFeeds:
        """Feeds of readers' own editions: a new address, none any more."""
        from digest.pipeline.reader_feeds import ReaderFeeds

        return ReaderFeeds(self.rooms, self.ring)

    @cached_property
    def letters(self) -> Correspondence:
        """Mails to one person that are no editions: asked for at once, sent by :meth:`send_letters`."""
        from digest.pipeline.correspondence import Correspondence

        return Correspondence(self.rooms, self.members, self.ring)

    def send_letters(self, stop: threading.Event | None = None) -> int:
        """Send the letters that are due; returns how many went out. What is refused for now is tried again.

        Raises:
            StoreError: the database cannot be used.
        """
        return self.letters.send(
            composer=lambda: self.composer,
            relays=self.relays,
            postmark=self.postmark,
            stop=(stop or threading.Event()).is_set,
        )

    def reread(self) -> SyncReport:
        """Make the store follow the subscriber files. A broken file keeps its reader's last good settings."""
        files = load_subscribers(self.config.subscribers)
        now = self.clock()
        self.rooms.subscribers.refresh_stale(now=now)
        report = self.rooms.subscribers.sync(
            [loaded.subscriber for loaded in files.good],
            paused=[loaded.subscriber.id for loaded in files.good if loaded.paused],
            broken={
                reader: "; ".join(str(problem) for problem in problems) for reader, problems in files.broken.items()
            },
            max_lateness=dt.timedelta(seconds=self.config.freshness.max_lateness_s),
            now=now,
        )
        if not self.trial:
            self.rooms.subscribers.wake_after_trial(now=now)
        return report

    def ingest(
        self, source: str | None = None, *, progress: Callable[[Progress], None] | None = None
    ) -> list[SourceReport]:
        """Read one source, or all of them. Long readings are told in the log, or to ``progress``."""
        from digest.pipeline import ingest
        from digest.sources.base import EXAMPLES
        from digest.sources.examples import ExampleSource
        from digest.sources.progress import in_lines

        chosen = [s for s in self.sources if source in (None, s.name)]
        asked = source in (None, EXAMPLES)
        return ingest.ingest(
            self.rooms,
            chosen,
            client=self.client,
            categories=self.categories(),
            examples=ExampleSource(self.config.sources) if asked and self.config.sources.examples else None,
            progress=progress or in_lines(logger.info),
        )

    def read_signals(
        self, signal: str | None = None, *, progress: Callable[[Progress], None] | None = None
    ) -> list[SourceReport]:
        """Read the attention that is due for stored papers, from one provider or from all."""
        from digest.pipeline import signals
        from digest.sources.progress import in_lines

        chosen = [provider for provider in self.signals if signal in (None, provider.watch.name)]
        return signals.read_signals(self.rooms, chosen, client=self.client, progress=progress or in_lines(logger.info))

    def categories(self) -> tuple[str, ...]:
        """The arXiv categories to read: the configured ones, or the union of all readers' lanes."""
        arxiv = self.config.sources.arxiv
        if arxiv is not None and arxiv.categories != "auto":
            return tuple(arxiv.categories)
        readers = [known.subscriber for known in self.rooms.subscribers.all() if known.state is ReaderState.ACTIVE]
        return arxiv_categories.wanted(readers)

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

    def report_if_due(self) -> bool:
        """Send the latest press day's report, if the config names somebody and nobody has. A failure is logged."""
        if self.config.mail.report_to is None:
            return False
        from digest.pipeline.report import send_if_due

        return send_if_due(self.rooms, trial=self.trial, send=lambda day: self.send_report(self.report(day)))

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

    def preview(self, reader: str, *, date: dt.date | None = None) -> Preview:
        return self.previewer().show(self.subscriber(reader), date)

    def previewer(self) -> Previewer:
        """Shows any number of mails as of this moment."""
        from digest.pipeline.preview import Previewer

        return Previewer(self.rooms, composer=lambda: self.composer)

    def archive(
        self,
        folder: Path,
        *,
        readers: Sequence[str] = (),
        since: dt.date | None = None,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> Archived:
        """Write the pages that are missing of editions that went out, of some readers (ids or addresses) or all."""
        from digest.pipeline.archive import Archive, archive

        site = self.config.site
        ids = [self.rooms.subscribers.get(reader).subscriber.id for reader in readers]
        place = Archive(folder, site=site.name, url=site.archive_url, ring=self.ring)
        return archive(self.rooms, place, readers=ids, since=since, progress=progress)

    def erase(self, reader: str, *, archives: Sequence[Path] = ()) -> tuple[Erased, int]:
        """Forget a reader (by id), and their pages in these folders of `digest archive`; and how many files."""
        from digest.pipeline.archive import Archive, forget

        site = self.config.site
        erased = self.members.erase(reader)
        places = [Archive(folder, site=site.name, url=site.archive_url, ring=self.ring) for folder in archives]
        return erased, sum(forget(place, reader, erased.editions) for place in places)

    def import_readers(self, path: Path, *, dry_run: bool) -> Imported:
        """Readers of a CSV file.

        Raises:
            ConfigError: with every mistake in it; then nobody was imported.
        """
        from digest.reader_list import read_reader_list

        return self.members.import_list(read_reader_list(path, now=self.clock()), dry_run=dry_run)

    def files_of(self, reader: str) -> Sequence[Path]:
        """The files that declare a reader."""
        files = load_subscribers(self.config.subscribers)
        return [loaded.path for loaded in files.good if loaded.subscriber.id == reader]

    def compare(self, reader: str, first: dt.date, second: dt.date) -> Comparison:
        """What changed between the mails of two days; of one day twice, since it was sent."""
        from digest.pipeline.comparison import compare

        return compare(self.rooms, self.previewer(), self.subscriber(reader), first, second)

    def why(self, reader: str, paper: str, *, date: dt.date | None = None) -> tuple[Paper, Subscriber, Verdict]:
        from digest.pipeline.preview import why

        subscriber = self.subscriber(reader)
        found, verdict = why(self.rooms, subscriber, paper, date=date)
        return found, subscriber, verdict

    def backtest(
        self,
        first: dt.date,
        last: dt.date,
        *,
        readers: Sequence[str] = (),
        against: Path | None = None,
        as_announced: bool = False,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> list[Backtest]:
        """Past editions again, of some readers or all; ``against`` is a second configuration over the same papers.

        Raises:
            NotFound: no such reader, or nothing is stored yet.
            ConfigError: the second configuration cannot be read.
        """
        from digest.pipeline.backtest import Setting, backtest

        if not self.rooms.papers.count():
            raise NotFound("no papers are stored yet; read them first: digest ingest")
        settings = [Setting(name=str(self.config_path), rooms=self.rooms, readers=self.readers(readers))]
        if against is not None:
            other = load_config(against, env=self._env)
            rooms = replace(self.rooms, config=other)
            settings.append(Setting(name=str(against), rooms=rooms, readers=self.readers(readers, config=other)))
        dates = [first + dt.timedelta(days=day) for day in range((last - first).days + 1)]
        return backtest(settings, dates, as_announced=as_announced, progress=progress)

    def readers(self, only: Sequence[str] = (), *, config: Config | None = None) -> tuple[Subscriber, ...]:
        """The readers of a configuration (this one), or some of them, by id or address."""
        from digest.pipeline.readers import readers

        return readers(self.rooms, config or self.config, only)

    def lane_of(self, reader: str, paper_id: int) -> str | None:
        """The lane that brings, or brought, a paper to a reader; None for one outside their lanes or too old."""
        pick = self.why(reader, f"#{paper_id}")[2].pick
        return pick.lane if pick is not None else None

    def zotero_library(self, library: str, *, key: str | None, url: str) -> list[BibEntry]:
        """The papers of a Zotero library, such as ``users/12345``."""
        from digest.pipeline.library import zotero_library

        return zotero_library(self.client, library, key=key, url=url)

    def suggest_lanes(self, entries: Sequence[BibEntry], *, offline: bool = False) -> Suggestion:
        """Lanes that a library suggests; papers of which only an id is known are asked for, unless ``offline``."""
        from digest.pipeline.library import suggest_lanes
        from digest.sources.examples import ExampleSource

        asked = ExampleSource(self.config.sources) if self.config.sources.examples and not offline else None
        return suggest_lanes(self.rooms, entries, asked=asked, client=self.client)

    def take_answer(self, data: bytes) -> Taken:
        """What a reader wrote to us, noted if the mail may speak for them."""
        from digest.pipeline.answers import take_answer

        return take_answer(self.rooms, self.ring, data)

    def take_mail(self, data: bytes) -> Handled:
        """One mail that arrived: a bounce, a complaint, an answer, a goodbye. What it changes is committed."""
        from digest.pipeline.mailroom import handle

        handled = handle(self.rooms, self.ring, data)
        if handled.left is not None:
            self.letters.say_goodbye(handled.left.subscriber_id)
            self.send_letters()
        return handled

    def delivery_of(self, notice: Notice) -> int | None:
        """The number of the delivery that a mail proves to be about."""
        from digest.pipeline.mailroom import proven

        sent = proven(self.rooms, self.ring, notice)
        return sent.id if sent else None

    def read_inbox(self, stop: threading.Event | None = None) -> Counter[str] | None:
        """Take in what is new in the mailbox: how many mails were what; None where none is configured.

        Raises:
            TransportError: the mailbox cannot be read. What was taken in before stays so.
        """
        from digest.pipeline.mailroom import read_inbox

        inbox = self.inbox()
        if inbox is None:
            return None
        return read_inbox(inbox, self.take_mail, stop=stop or threading.Event())

    def lane_matches(self) -> LaneMatches | None:
        """How many of the stored candidates each lane of a reader lets in; None while nothing is stored."""
        from digest.pipeline.desk import Desk

        return Desk(self.rooms, now=self.clock()).lane_matches if self.rooms.papers.count() else None

    def missing_examples(self) -> Examples:
        """Which examples of a lane the store does not hold, and what becomes of them."""
        from digest.pipeline.ingest import examples_of_lanes

        return examples_of_lanes(self.rooms)

    def subscriber(self, reader: str) -> Subscriber:
        """A reader by id or address, with the settings of the file as it is now, even if it was never stored."""
        from digest.pipeline.readers import reader_named

        return reader_named(self.rooms, self.config, reader)

    # ── what the daemon asks ────────────────────────────────────────────────────────────────────────────────

    def source_names(self) -> Sequence[str]:
        """What `ingest` can be told to read, the source of readers' examples last."""
        from digest.sources.base import EXAMPLES

        return [*(source.name for source in self.sources), *([EXAMPLES] if self.config.sources.examples else [])]

    def signal_names(self) -> Sequence[str]:
        return [provider.watch.name for provider in self.signals]

    @cached_property
    def _figure_store(self) -> FigureStore:
        from digest.store.figures import FigureStore

        return FigureStore(self.db)

    def figures(self) -> Figures:
        """What there is to measure, as of now."""
        return self._figure_store.now(self.clock())

    @property
    def metrics_listen(self) -> tuple[str, int] | None:
        return self.config.metrics.listen

    def next_due(self) -> str:
        """Who is next, in words."""
        reader = self.rooms.subscribers.next_due()
        if reader is None or reader.next_due_at is None:
            return "no reader is waiting for anything"
        when = in_words(reader.next_due_at, reader.subscriber.times.timezone, self.clock())
        return f"{reader.subscriber.id}, {when}"

    def watched(self) -> Sequence[Path]:
        """A change here means that subscribers must be read again."""
        return [self.config.subscribers]

    @property
    def ingest_every_s(self) -> int:
        return self.config.sources.every_s

    @property
    def inbox_every_s(self) -> int | None:
        """None: nobody reads the mailbox."""
        return self.config.mail.inbox.every_s if self.config.mail.inbox else None

    @property
    def signals_every_s(self) -> int:
        return self.config.signals.every_s

    @property
    def tick_every_s(self) -> int:
        return self.config.tick_s


@contextmanager
def open_app(config_path: Path | str, *, clock: Clock = utc_now, env: Mapping[str, str] | None = None) -> Iterator[App]:
    """An App for the length of a command."""
    app = App(Path(config_path), env=os.environ if env is None else env, clock=clock)
    try:
        yield app
    finally:
        app.close()
