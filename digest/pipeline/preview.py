"""One reader's mail, for looking at; and why a paper is or is not in it. Nothing here writes or sends."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from digest.editions.blocks import Draft
from digest.editions.content import EditionContent
from digest.editions.message import Composer
from digest.editions.recipe import Recipe, assemble, part_html, part_text
from digest.errors import DigestError, NotFound
from digest.model import (
    Decision,
    DecisionKind,
    DeliveryState,
    EditionKey,
    Paper,
    Section,
    Selection,
    Subscriber,
    Verdict,
)
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
    fragments: Mapping[str, bytes]
    selection: Selection | None
    content: EditionContent | None
    """What it was composed from, and in which parts; of a sent mail only the recipe is kept."""
    draft: Draft | None
    replayed: bool
    words: str

    @property
    def papers(self) -> Mapping[int, Paper]:
        return {view.pick.paper_id: view.paper for view in self.content.picks} if self.content else {}

    def message(self) -> bytes:
        return assemble(self.recipe, self.fragments)

    def html(self) -> str:
        return part_html(self.recipe, self.fragments)

    def text(self) -> str:
        return part_text(self.recipe, self.fragments)


class Previewer:
    """Shows mails of one moment, whoever they are for: readers who share the moment share one desk.

    ``now`` stands still, so keep it only as long as nothing new is to be seen.
    """

    def __init__(self, rooms: Rooms, *, composer: Callable[[], Composer]) -> None:
        self._rooms = rooms
        self._composer = composer
        self._now = rooms.clock()
        self._desk: tuple[dt.datetime, Desk] | None = None

    def show(self, subscriber: Subscriber, date: dt.date | None = None) -> Preview:
        """The reader's mail now, or of a day: replayed if it was sent, else reconstructed from what was known then.

        Raises:
            NotFound: nothing to show yet, or a day that the reader's zone skipped.
            RenderError: a template is broken.
        """
        sent = self.sent(subscriber, date) if date is not None else None
        return sent or self.made(subscriber, date)

    def sent(self, subscriber: Subscriber, date: dt.date) -> Preview | None:
        """The mail of that day as it was built for sending; None if there is none."""
        replay = self._rooms.outbox.replay(subscriber.id, date)
        if replay is None:
            return None
        recipe = Recipe.from_bytes(replay.recipe)
        return Preview(
            subscriber=subscriber,
            edition=date,
            recipe=recipe,
            fragments=self._rooms.fragments.get(recipe.hashes),
            selection=None,
            content=None,
            draft=None,
            replayed=True,
            words=_replayed(replay.state, replay.at),
        )

    def made(self, subscriber: Subscriber, date: dt.date | None = None) -> Preview:
        """The mail as it would be made now, or that day, whether or not one was sent."""
        if not self._rooms.papers.count():
            raise NotFound("no papers are stored yet; read them first: digest ingest")
        at, notice, words = _moment(subscriber, date, self._now)
        desk = self.desk(at)
        sent = {subscriber.id: _gone(self._rooms, subscriber, date)}
        (selection,) = desk.select([subscriber], sent)
        edition = date or at.astimezone(ZoneInfo(subscriber.times.timezone)).date()
        (content,) = desk.contents([(subscriber, selection, edition)], sent_at=at, notice=notice, sent=sent)
        composer = self._composer()
        composed = composer.compose(content)
        return Preview(
            subscriber=subscriber,
            edition=edition,
            recipe=composed.recipe,
            fragments=composed.fragments,
            selection=selection,
            content=content,
            draft=composer.layout(content),
            replayed=False,
            words=words,
        )

    def everyone(
        self, subscribers: Iterable[Subscriber], date: dt.date | None = None
    ) -> Iterator[tuple[Subscriber, Preview | DigestError]]:
        """Each reader's mail, or why there is none, in an order that needs each desk once."""
        for subscriber in sorted(subscribers, key=lambda one: (_moment_or_none(one, date) or self._now, one.id)):
            try:
                yield subscriber, self.show(subscriber, date)
            except DigestError as error:
                yield subscriber, error

    def verdict(self, subscriber: Subscriber, paper_id: int, date: dt.date | None = None) -> Verdict:
        """What became of a paper in :meth:`made`."""
        at, _, _ = _moment(subscriber, date, self._now)
        return self.desk(at).explain(subscriber, _gone(self._rooms, subscriber, date), paper_id)

    def desk(self, at: dt.datetime) -> Desk:
        if self._desk is None or self._desk[0] != at:
            self._desk = at, Desk(self._rooms, now=at)
        return self._desk[1]


def recomposed(shown: Preview, composer: Composer) -> Preview:
    """The same content drawn with another composer; a sent mail stays as it was.

    Raises:
        RenderError: a template is broken.
    """
    if shown.content is None:
        return shown
    composed = composer.compose(shown.content)
    draft = composer.layout(shown.content)
    return replace(shown, recipe=composed.recipe, fragments=composed.fragments, draft=draft)


def for_trial(shown: Preview, reader: str) -> EditionContent:
    """A made mail to be sent to somebody else, under a key of its own: no link and no reply of it finds the reader."""
    if shown.content is None:
        raise ValueError("a mail that was sent is not made anew")
    key = EditionKey(f"test-{secrets.token_hex(4)}", shown.edition)
    notice = f"A test of the mail that {reader} would get now. It counts nowhere, and its links change nothing."
    return replace(shown.content, key=key, notice=notice)


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
    return found, Desk(rooms, now=at).explain(subscriber, _gone(rooms, subscriber, date), found.id)


def _as_sent(rooms: Rooms, subscriber: Subscriber, edition: dt.date, paper_id: int) -> Verdict | None:
    replay = rooms.outbox.replay(subscriber.id, edition)
    picks = Recipe.from_bytes(replay.recipe).picks if replay else ()
    now_known_as = rooms.papers.get(pick.paper_id for pick in picks)  # a pick may have been merged since
    for position, pick in enumerate(picks, start=1):
        if pick.paper_id in now_known_as and now_known_as[pick.paper_id].id == paper_id:
            chosen = Decision(DecisionKind.EXPLORED if pick.section is Section.OUTSIDE else DecisionKind.PICKED)
            return Verdict(paper_id=paper_id, pick=pick, decisions=(chosen,), position=position, edition=edition)
    return None


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


def _moment_or_none(subscriber: Subscriber, date: dt.date | None) -> dt.datetime | None:
    return local_instant(date, subscriber.times.send, subscriber.times.timezone) if date else None


def _replayed(state: DeliveryState, at: dt.datetime | None) -> str:
    when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
    return f"replayed: the mail of that day, {state}{when}"
