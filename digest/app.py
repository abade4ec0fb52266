"""Everything a command can do: verbs over what digest.composition builds, by what digest.pipeline knows.

gathering    readers' files, papers, attention            readers    who they are, what they wish, what they write
looking      previews, reasons, past editions             sending    passes, reports, alerts
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest.composition import utc_now
from digest.schedule import in_words
from digest.verbs.gathering import Gathering
from digest.verbs.sending import Sending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.pipeline.rooms import Clock
    from digest.store.figures import Figures, FigureStore


class App(Gathering, Sending):
    """All verbs, and what the daemon asks. They take and give plain values; what they need is built on first use."""

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
