"""Past days again, with only what was known then: what would each reader have got, and how did those papers turn out?

Days are replayed in order, so that what a mail would have carried is gone for the later ones, as it would have been;
what really went out before the first day is gone as well. What is *not* of its time, because nobody keeps it: texts are
those of the latest version, readers' lanes those of today's files, the learnt weights those of this release.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest.model import Signal, Subscriber
from digest.pipeline.desk import Desk
from digest.pipeline.rooms import Rooms
from digest.ranking.backtest import SETTLES_AFTER, DayFigures, Outcome, ReplayedMail, day_figures, mean_figures
from digest.schedule import is_edition_day, local_instant

LONGEST_GAP = dt.timedelta(days=7)
"""Newcomers of a date are those since the replayed date before it, at most this far back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One edition date: the mails, and their figures."""

    date: dt.date
    mails: tuple[ReplayedMail, ...]
    figures: DayFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A whole replay under one setting. ``titles`` and ``outcomes`` are of every paper in it that has one."""

    name: str
    days: tuple[Day, ...]
    figures: DayFigures
    outcomes: dict[int, Outcome]
    titles: dict[int, tuple[str, str]]
    """By paper: (label, title)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is replayed: a configuration over the store, and its readers."""

    name: str
    rooms: Rooms
    readers: tuple[Subscriber, ...]


def backtest(
    settings: Sequence[Setting],
    dates: Sequence[dt.date],
    *,
    as_announced: bool = False,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Backtest]:
    """Replay ``dates`` (ascending) under one or two settings on one store.

    Args:
        as_announced: papers count as known from their announcement, also where they were stored later (an import).
        progress: told (days replayed, days in all).
    """
    steps = len(dates) * len(settings)
    replays: list[_Replay] = []
    for number, setting in enumerate(settings):
        replay = _Replay(setting, as_announced=as_announced)
        for at, date in enumerate(dates, start=1):
            replay.go_through(date)
            progress(number * len(dates) + at, steps)
        replays.append(replay)
    return [
        replay.result(other=replays[1 - number] if len(replays) == 2 else None) for number, replay in enumerate(replays)
    ]


class _Replay:
    """Goes through the days of one setting; what it has sent is gone."""

    def __init__(self, setting: Setting, *, as_announced: bool) -> None:
        self._setting = setting
        self._rooms = setting.rooms
        self._as_announced = as_announced
        self._gone: dict[str, set[int]] | None = None
        self._last_at: dt.datetime | None = None
        self.mails: dict[dt.date, list[ReplayedMail]] = {}
        self._newcomers: dict[dt.date, dict[int, dt.datetime]] = {}

    def go_through(self, date: dt.date) -> None:
        due: dict[dt.datetime, list[Subscriber]] = defaultdict(list)
        for reader in self._setting.readers:
            at = local_instant(date, reader.times.send, reader.times.timezone)
            if at is not None and at <= self._rooms.clock() and is_edition_day(reader.times, date):
                due[at].append(reader)
        if not due:
            return
        gone = self._gone_before(date)
        mails: list[ReplayedMail] = []
        fresh: dict[int, dt.datetime] = {}
        for at in sorted(due):
            desk = Desk(self._rooms, now=at, as_announced=self._as_announced)
            fresh.update(desk.newcomers(max(self._last_at or at - dt.timedelta(days=1), at - LONGEST_GAP)))
            for reader, selection in zip(due[at], desk.select(due[at], gone), strict=True):
                papers = [pick.paper_id for pick in selection.picks]
                gone[reader.id].update(papers)
                mails.append(
                    ReplayedMail(
                        reader=reader.id,
                        edition=date,
                        at=at,
                        considered=selection.considered,
                        picks=selection.picks,
                        quiet_reason=selection.quiet_reason,
                        diversity=desk.diversity(papers),
                    )
                )
        self._last_at = max(due)
        self.mails[date] = sorted(mails, key=lambda mail: mail.reader)
        self._newcomers[date] = fresh

    def _gone_before(self, first: dt.date) -> dict[str, set[int]]:
        if self._gone is None:
            readers = [reader.id for reader in self._setting.readers]
            sent = self._rooms.outbox.sent_paper_ids(readers, before=first)
            self._gone = {reader: set(sent.get(reader, ())) for reader in readers}
        return self._gone

    def result(self, *, other: _Replay | None) -> Backtest:
        seen = {paper_id: at for fresh in self._newcomers.values() for paper_id, at in fresh.items()}
        picked = {pick.paper_id for mails in self.mails.values() for mail in mails for pick in mail.picks}
        papers = self._rooms.papers.get(picked)
        seen |= {paper_id: paper.announced_at or paper.first_seen_at for paper_id, paper in papers.items()}
        votes = self._rooms.papers.last_values(Signal.HF_UPVOTES, sorted(seen))
        outcomes = {
            paper_id: Outcome(votes=value, settled=read_at - seen[paper_id] >= SETTLES_AFTER)
            for paper_id, (value, read_at) in votes.items()
        }
        days = tuple(
            Day(
                date=date,
                mails=tuple(mails),
                figures=day_figures(
                    mails,
                    outcomes=outcomes,
                    newcomers=self._newcomers[date].keys(),
                    other=other.mails.get(date, ()) if other else None,
                ),
            )
            for date, mails in self.mails.items()
        )
        return Backtest(
            name=self._setting.name,
            days=days,
            figures=mean_figures(day.figures for day in days),
            outcomes=outcomes,
            titles={paper_id: (paper.label, paper.title) for paper_id, paper in papers.items()},
        )
