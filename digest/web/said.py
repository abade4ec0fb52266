"""A reader's feedback as pages tell it: what was said, of what, whether it still counts; each with its undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from digest.editions.clean import clean
from digest.feedback import Feedback, Verb
from digest.web.routes import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One piece, in words. ``counts``: per cent of its first weight, None where that does not fade."""

    id: int
    words: str
    paper_id: int | None
    title: str
    day: str
    counts: int | None
    undone: bool


def told(asked: Asked, given: Sequence[Feedback]) -> list[Said]:
    """Feedback in words, in this order; a paper that is gone has no title."""
    papers = asked.rooms.papers.get({one.paper_id for one in given if one.paper_id is not None})
    found = []
    for one in given:
        paper = papers.get(one.paper_id) if one.paper_id is not None else None
        fades = one.verb in {Verb.MORE, Verb.LESS}
        said = Said(
            id=one.id,
            words=in_words(asked, one),
            paper_id=paper.id if paper is not None else None,
            title=clean(paper.title) if paper is not None else "",
            day=asked.language.date(one.given_at, "medium"),
            counts=round(100 * one.weight(asked.now)) if fades else None,
            undone=one.undone_at is not None,
        )
        found.append(said)
    return found


def in_words(asked: Asked, one: Feedback) -> str:
    """``More like this``; ``Never show papers by Ada Lovelace``."""
    _, subject = asked.gettext, clean(one.subject, 200)
    return {
        Verb.MORE: _("More like this"),
        Verb.LESS: _("Less like this"),
        Verb.SAVE: _("Saved"),
        Verb.MUTE_AUTHOR: _("Never show papers by %(name)s") % {"name": subject},
        Verb.MUTE_WORD: _("Never show papers with “%(word)s”") % {"word": subject},
    }[one.verb]


def number(text: str) -> int:
    """The number of a piece, as a form says it; 0, which no piece has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
