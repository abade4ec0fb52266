"""What readers say of their picks, and what follows from it.

    more, less                 ──▶ evidence that fades: half as strong after HALF_LIFE, gone when it is FORGOTTEN
    more, of a paper that no lane asked for ──▶ an example of a lane of its own, LEARNT
    mute author, mute word     ──▶ as if the reader's settings said so
    save                       ──▶ a list to keep

Every piece is kept with its moment, is shown to its reader, and can be undone; a file of settings is never written.
Pure: :mod:`digest.store.feedback` keeps it, :mod:`digest.ranking.feedback` turns it into a summand of the score.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from digest.model import Identifier, Lane, Mute, Pick, Section, Subscriber

HALF_LIFE: Final = dt.timedelta(days=60)
FORGOTTEN: Final = 0.1
"""Evidence of less weight than this counts no more: after about 200 days."""

LEARNT: Final = "More of what you liked"
"""The lane of the papers that a reader wanted more of and that none of their own lanes had asked for."""


class Verb(StrEnum):
    MORE = "more"
    LESS = "less"
    SAVE = "save"
    MUTE_AUTHOR = "mute author"
    MUTE_WORD = "mute word"

    @property
    def is_about_paper(self) -> bool:
        return self in {Verb.MORE, Verb.LESS, Verb.SAVE}


class Origin(StrEnum):
    """How it came to us."""

    MAIL = "mail"
    WEB = "web"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One piece of it. A verb about a paper has ``paper_id``, a mute its ``subject`` (the name, the word)."""

    verb: Verb
    given_at: dt.datetime
    origin: Origin
    paper_id: int | None = None
    subject: str = ""
    lane: str | None = None
    """The lane that had brought the paper, None if none had."""
    id: int = 0
    """As the store numbers it."""
    undone_at: dt.datetime | None = None

    def weight(self, now: dt.datetime) -> float:
        """1 when it was given, half after each HALF_LIFE; 0 once forgotten. What is not evidence does not fade."""
        if self.verb not in {Verb.MORE, Verb.LESS}:
            return 1.0
        faded: float = 0.5 ** (max(now - self.given_at, dt.timedelta()) / HALF_LIFE)
        return faded if faded >= FORGOTTEN else 0.0


def opposites(verb: Verb) -> frozenset[Verb]:
    """The verbs that the same paper cannot have besides this one: the later word replaces the earlier."""
    return frozenset({Verb.MORE, Verb.LESS} - {verb}) if verb in {Verb.MORE, Verb.LESS} else frozenset()


def about_pick(verb: Verb, pick: Pick, *, origin: Origin, now: dt.datetime) -> Feedback:
    """A word about a paper of a mail. What came from outside the lanes speaks for none of them."""
    lane = None if pick.section in {Section.OUTSIDE, Section.TRENDING} else pick.lane
    return Feedback(verb=verb, paper_id=pick.paper_id, lane=lane, origin=origin, given_at=now)


def with_feedback(
    subscriber: Subscriber, given: Sequence[Feedback], names: dict[int, Identifier], *, now: dt.datetime
) -> Subscriber:
    """The settings as they are meant by now: the declared ones, the mutes that were asked for since, the learnt lane.

    Args:
        given: what stands, not what was undone.
        names: a name of each paper in it, for the learnt lane.
    """
    words = tuple(one.subject for one in given if one.verb is Verb.MUTE_WORD)
    authors = tuple(one.subject for one in given if one.verb is Verb.MUTE_AUTHOR)
    if words or authors:
        mute = Mute(
            words=(*subscriber.mute.words, *words),
            authors=(*subscriber.mute.authors, *authors),
            categories=subscriber.mute.categories,
        )
        subscriber = replace(subscriber, mute=mute)
    liked = [one for one in given if one.verb is Verb.MORE and one.lane is None and one.weight(now) > 0]
    examples = tuple(names[one.paper_id] for one in liked if one.paper_id in names)
    if examples and subscriber.lanes:  # without lanes everything is let in that trends, and a lane would end that
        lane = Lane(name=LEARNT, examples=tuple(dict.fromkeys(examples)))
        subscriber = replace(subscriber, lanes=(*subscriber.lanes, lane))
    return subscriber
