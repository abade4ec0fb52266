"""What comes in: readers' files, papers from sources, attention from providers."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from digest import arxiv_categories
from digest.composition import Composition
from digest.model import ReaderState, SourceReport
from digest.subscribers import load_subscribers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.checkup import Examples
    from digest.sources.progress import Progress
    from digest.store.subscribers import SyncReport

logger = logging.getLogger(__name__)


class Gathering(Composition):
    """Verbs that read."""

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

    def source_names(self) -> Sequence[str]:
        """What `ingest` can be told to read, the source of readers' examples last."""
        from digest.sources.base import EXAMPLES

        return [*(source.name for source in self.sources), *([EXAMPLES] if self.config.sources.examples else [])]

    def signal_names(self) -> Sequence[str]:
        return [provider.watch.name for provider in self.signals]

    def missing_examples(self) -> Examples:
        """Which examples of a lane the store does not hold, and what becomes of them."""
        from digest.pipeline.ingest import examples_of_lanes

        return examples_of_lanes(self.rooms)
