"""Two mails of one reader beside each other: which papers came, which went, which moved, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from digest.errors import NotFound
from digest.model import Paper, Pick, Subscriber
from digest.pipeline.preview import Preview, Previewer
from digest.pipeline.rooms import Rooms


class Fate(StrEnum):
    IN = "in"
    OUT = "out"
    MOVED = "moved"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a paper stood in a mail; positions count from 1."""

    position: int
    pick: Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One paper in at least one of the two mails. ``why`` says what brought it, kept it out, or moved it."""

    fate: Fate
    paper: Paper
    before: Place | None
    after: Place | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``changes``: first the later mail in its order, then what is gone, in the earlier one's."""

    before: Preview
    after: Preview
    changes: tuple[Change, ...]


def compare(rooms: Rooms, previewer: Previewer, subscriber: Subscriber, first: dt.date, second: dt.date) -> Comparison:
    """The mails of two days; of one day twice: as it was sent, and as it would be made of what is known and set now.

    Raises:
        NotFound: one day twice, and nothing was sent on it; or as :meth:`Previewer.show`.
    """
    before = previewer.sent(subscriber, first) if first == second else previewer.show(subscriber, first)
    if before is None:
        raise NotFound(f"nothing was sent to {subscriber.id} on {first}, so there is nothing to compare it with")
    if first == second:
        after = replace(previewer.made(subscriber, second), words="as today's settings would make it of what was known")
    else:
        after = previewer.show(subscriber, second)
    papers = rooms.papers.get(pick.paper_id for shown in (before, after) for pick in shown.recipe.picks)
    old, new = _places(before, papers), _places(after, papers)

    def why_out(paper_id: int) -> str:
        if after.replayed:
            return ""  # what else was known on that day is not kept with the mail
        decisions = previewer.verdict(subscriber, paper_id, second).decisions
        return "; ".join(f"{d.kind}: {d.detail}" if d.detail else str(d.kind) for d in decisions)

    by_id = {paper.id: paper for paper in papers.values()}
    return Comparison(before=before, after=after, changes=tuple(_changes(old, new, by_id, why_out)))


def _places(shown: Preview, papers: Mapping[int, Paper]) -> dict[int, Place]:
    """By the id that a paper has now: it may have been merged since it was sent."""
    places: dict[int, Place] = {}
    for position, pick in enumerate(shown.recipe.picks, start=1):
        if pick.paper_id in papers:
            places.setdefault(papers[pick.paper_id].id, Place(position, pick))
    return places


def _changes(
    old: Mapping[int, Place], new: Mapping[int, Place], papers: Mapping[int, Paper], why_out: Callable[[int], str]
) -> Iterator[Change]:
    for paper_id, after in new.items():
        before = old.get(paper_id)
        if before is None:
            fate, why = Fate.IN, after.pick.reason
        else:
            fate = Fate.SAME if before.position == after.position else Fate.MOVED
            why = difference(before.pick, after.pick)
        yield Change(fate=fate, paper=papers[paper_id], before=before, after=after, why=why)
    for paper_id, before in old.items():
        if paper_id not in new:
            yield Change(fate=Fate.OUT, paper=papers[paper_id], before=before, after=None, why=why_out(paper_id))


def difference(before: Pick, after: Pick) -> str:
    """What changed of a score, part by part (``trend +0.41, novelty −0.20``), and its section or lane if it did."""
    said = []
    if (before.section, before.lane) != (after.section, after.lane):
        said.append(f"{before.lane or before.section} → {after.lane or after.section}")
    kinds = dict.fromkeys(part.kind for pick in (before, after) for part in pick.parts)
    for kind in kinds:
        was, now = (sum(part.value for part in pick.parts if part.kind is kind) for pick in (before, after))
        if abs(now - was) >= 0.005:
            said.append(f"{kind} {now - was:+.2f}".replace("-", "−"))
    return ", ".join(said)
