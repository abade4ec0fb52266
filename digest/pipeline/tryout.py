"""What lanes would have brought this week, before they are saved: one desk that everybody who asks shares.

A desk of a week's papers takes a moment to make and memory to keep, so there is one, made when somebody first asks and
anew when something was read since, or ten minutes later. Nothing is written, and nothing remembered of who asked.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from digest.model import Frequency, Paper, Pick, Subscriber
from digest.pipeline.desk import Desk
from digest.pipeline.rooms import Rooms

WEEK: Final = dt.timedelta(days=7)
STEP: Final = dt.timedelta(minutes=10)
MOST: Final = 60
"""Papers in one answer."""
_MAILS: Final[Mapping[Frequency, int]] = {
    Frequency.ANNOUNCEMENT_DAYS: 5,
    Frequency.DAILY: 7,
    Frequency.WEEKDAYS: 5,
    Frequency.WEEKLY: 1,
}
"""In a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """One paper of the answer, and why it is there."""

    paper: Paper
    pick: Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What settings would have brought in the week before now.

    ``considered``: the week's papers, muted ones included. ``matches``: by lane, how many of them it lets in at all.
    ``by_lane``: those that would have been sent, each under the lane that brought it, under None what only trends.
    """

    considered: int
    matches: Mapping[str, int]
    by_lane: Mapping[str | None, Sequence[Brought]]
    silenced: int
    """How many of the week's papers the mutes keep away: a common word takes nearly all of them."""

    @property
    def sent(self) -> int:
        return sum(len(brought) for brought in self.by_lane.values())


class Tryout:
    def __init__(self, rooms: Rooms) -> None:
        # The week is the page's promise, whatever age the operator lets candidates reach.
        freshness = rooms.config.freshness.model_copy(update={"candidate_age_s": int(WEEK.total_seconds())})
        self._rooms = replace(rooms, config=rooms.config.model_copy(update={"freshness": freshness}))
        self._turn = threading.Lock()
        self._desk: tuple[tuple[int, int], Desk] | None = None

    def of(self, subscriber: Subscriber, *, now: dt.datetime) -> Answer | None:
        """What these settings would have brought, with the feedback of the reader of that id; None of an empty store.

        Papers that were sent count again. One question is answered at a time: what a desk has looked up, it keeps.
        """
        with self._turn, self._rooms.db.snapshot():
            desk = self._current(now)
            papers = min(subscriber.papers * _MAILS[subscriber.times.frequency], MOST)
            wanted = replace(subscriber, papers=papers, explore=False)
            (selection,) = desk.select([wanted], {})
            if not selection.considered:
                return None
            known = {paper.id: paper for paper in desk.papers([pick.paper_id for pick in selection.picks])}
            matches, silenced = desk.lane_matches(wanted), desk.silenced(wanted.mute)
        by_lane: dict[str | None, list[Brought]] = {}
        for pick in selection.picks:
            if pick.paper_id in known:
                by_lane.setdefault(pick.lane, []).append(Brought(paper=known[pick.paper_id], pick=pick))
        return Answer(considered=selection.considered, matches=matches, by_lane=by_lane, silenced=silenced)

    def _current(self, now: dt.datetime) -> Desk:
        made_of = (self._rooms.sources.last_run(), int(now.timestamp() / STEP.total_seconds()))
        if self._desk is None or self._desk[0] != made_of:
            self._desk = None  # two of them at once would be twice the memory
            self._desk = made_of, Desk(self._rooms, now=now)
        return self._desk[1]
