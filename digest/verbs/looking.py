"""Looking without sending: previews, reasons, comparisons, past editions again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.config import load_config
from digest.errors import NotFound
from digest.verbs.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from digest.checkup import LaneMatches
    from digest.model import Paper, Subscriber, Verdict
    from digest.pipeline.backtest import Backtest
    from digest.pipeline.comparison import Comparison
    from digest.pipeline.preview import Preview, Previewer


class Looking(Readers):
    """Verbs that change nothing."""

    def previewer(self) -> Previewer:
        """Shows any number of mails as of this moment."""
        from digest.pipeline.preview import Previewer

        return Previewer(self.rooms, composer=lambda: self.composer)

    def preview(self, reader: str, *, date: dt.date | None = None) -> Preview:
        return self.previewer().show(self.subscriber(reader), date)

    def compare(self, reader: str, first: dt.date, second: dt.date) -> Comparison:
        """What changed between the mails of two days; of one day twice, since it was sent."""
        from digest.pipeline.comparison import compare

        return compare(self.rooms, self.previewer(), self.subscriber(reader), first, second)

    def why(self, reader: str, paper: str, *, date: dt.date | None = None) -> tuple[Paper, Subscriber, Verdict]:
        from digest.pipeline.preview import why

        subscriber = self.subscriber(reader)
        found, verdict = why(self.rooms, subscriber, paper, date=date)
        return found, subscriber, verdict

    def lane_of(self, reader: str, paper_id: int) -> str | None:
        """The lane that brings, or brought, a paper to a reader; None for one outside their lanes or too old."""
        pick = self.why(reader, f"#{paper_id}")[2].pick
        return pick.lane if pick is not None else None

    def lane_matches(self) -> LaneMatches | None:
        """How many of the stored candidates each lane of a reader lets in; None while nothing is stored."""
        from digest.pipeline.desk import Desk

        return Desk(self.rooms, now=self.clock()).lane_matches if self.rooms.papers.count() else None

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
