"""One reader's mail, for looking at; and why a paper is or is not in it. Nothing here writes or sends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from digest.editions.message import Composer
from digest.editions.recipe import Recipe, assemble
from digest.errors import NotFound
from digest.model import Decision, DecisionKind, DeliveryState, Paper, Section, Selection, Subscriber, Verdict
from digest.pipeline.desk import Desk
from digest.pipeline.lookup import find_paper
from digest.pipeline.rooms import Rooms
from digest.schedule import local_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A mail as it was or would be. ``replayed`` tells a sent one; ``words`` says in a line which it is."""

    subscriber: Subscriber
    edition: dt.date
    recipe: Recipe
    fragments: dict[str, bytes]
    selection: Selection | None
    papers: Mapping[int, Paper]
    replayed: bool
    words: str

    def message(self) -> bytes:
        return assemble(self.recipe, self.fragments)


def preview(
    rooms: Rooms, subscriber: Subscriber, *, composer: Callable[[], Composer], date: dt.date | None = None
) -> Preview:
    """The reader's mail now, or of a day: replayed if it was sent, else reconstructed from what was known then.

    Raises:
        NotFound: nothing to show yet, or a day that the reader's zone skipped.
    """
    if date is not None and (replay := rooms.outbox.replay(subscriber.id, date)):
        recipe = Recipe.from_bytes(replay.recipe)
        return Preview(
            subscriber=subscriber,
            edition=date,
            recipe=recipe,
            fragments=rooms.fragments.get(recipe.hashes),
            selection=None,
            papers={},
            replayed=True,
            words=_replayed(replay.state, replay.at),
        )
    if not rooms.papers.count():
        raise NotFound("no papers are stored yet; read them first: digest ingest")
    now = rooms.clock()
    at, notice, words = _moment(subscriber, date, now)
    selection, edition, desk = _selected(rooms, subscriber, at, date)
    (content,) = desk.contents([(subscriber, selection, edition)], sent_at=at, notice=notice)
    composed = composer().compose(content)
    return Preview(
        subscriber=subscriber,
        edition=edition,
        recipe=composed.recipe,
        fragments=dict(composed.fragments),
        selection=selection,
        papers={view.pick.paper_id: view.paper for view in content.picks},
        replayed=False,
        words=words,
    )


def why(rooms: Rooms, subscriber: Subscriber, paper: str, *, date: dt.date | None = None) -> tuple[Paper, Verdict]:
    """Everything that speaks for and against one paper for one reader, now or on a day.

    A paper that went out is explained by the edition that carried it, as it was then.

    Raises:
        NotFound: no such paper.
    """
    found = find_paper(rooms, paper)
    edition = date or rooms.outbox.carried_in(subscriber.id, found.id)
    if edition is not None and (carried := _as_sent(rooms, subscriber, edition, found.id)):
        return found, carried
    at, _, _ = _moment(subscriber, date, rooms.clock())
    desk = Desk(rooms, now=at)
    return found, desk.explain(subscriber, _gone(rooms, subscriber, date), found.id)


def _as_sent(rooms: Rooms, subscriber: Subscriber, edition: dt.date, paper_id: int) -> Verdict | None:
    replay = rooms.outbox.replay(subscriber.id, edition)
    picks = Recipe.from_bytes(replay.recipe).picks if replay else ()
    now_known_as = rooms.papers.get(pick.paper_id for pick in picks)  # a pick may have been merged since
    for position, pick in enumerate(picks, start=1):
        if pick.paper_id in now_known_as and now_known_as[pick.paper_id].id == paper_id:
            chosen = Decision(DecisionKind.EXPLORED if pick.section is Section.OUTSIDE else DecisionKind.PICKED)
            return Verdict(paper_id=paper_id, pick=pick, decisions=(chosen,), position=position, edition=edition)
    return None


def _selected(
    rooms: Rooms, subscriber: Subscriber, at: dt.datetime, date: dt.date | None
) -> tuple[Selection, dt.date, Desk]:
    from zoneinfo import ZoneInfo

    desk = Desk(rooms, now=at)
    (selection,) = desk.select([subscriber], {subscriber.id: _gone(rooms, subscriber, date)})
    return selection, date or at.astimezone(ZoneInfo(subscriber.times.timezone)).date(), desk


def _gone(rooms: Rooms, subscriber: Subscriber, date: dt.date | None) -> set[int]:
    return rooms.outbox.sent_paper_ids([subscriber.id], before=date).get(subscriber.id, set())


def _moment(subscriber: Subscriber, date: dt.date | None, now: dt.datetime) -> tuple[dt.datetime, str | None, str]:
    """(when to rank for, the notice inside the mail, a line for the terminal)."""
    if date is None:
        return now, "Preview: this is what you would get now. Nothing was sent.", "what would be sent now"
    at = local_instant(date, subscriber.times.send, subscriber.times.timezone)
    if at is None:
        raise NotFound(f"{date} does not exist in {subscriber.times.timezone}: that zone skipped it")
    if at >= now:
        words = f"{date:%d %b} is still to come: this is what is known so far"
        return now, f"Preview: {words}.", words
    words = (
        f"reconstructed: no mail was sent on {date:%d %b}; this is what it would have been, from what was known then"
    )
    return at, f"{words[0].upper()}{words[1:]}.", words


def _replayed(state: DeliveryState, at: dt.datetime | None) -> str:
    when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
    return f"replayed: the mail of that day, {state}{when}"
