"""One paper of a mail: more or less like it, save it, never again its author or a word of its title; and undo.

The page of a card's link changes nothing until a button is pressed: scanners follow every link of a mail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from starlette.exceptions import HTTPException

from digest import lane_names
from digest.editions.clean import clean
from digest.feedback import Feedback, Origin, Verb, about_pick
from digest.model import Paper, Pick
from digest.pipeline.answers import picks_of
from digest.web.cards import card_of
from digest.web.my_page import LIMIT, mine
from digest.web.routes import Answer, Asked, Page, SeeOther, Sent, form
from digest.web.said import number, told
from digest.web.urls import segment
from digest.web.visitor import Visitor, visitor

MOST_WORDS: Final = 8
MOST_AUTHORS: Final = 100
_ABOUT: Final = {"more": Verb.MORE, "less": Verb.LESS, "save": Verb.SAVE}
_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def show(asked: Asked) -> Answer:
    """The paper, why it came, what can be said of it, and what was."""
    who = visitor(asked)
    found = _found(asked, who)
    return _page(asked, who, *found) if found is not None else _gone(asked, who)


def take(sent: Sent) -> Answer:
    """A button: note it, or take a piece back, and tell which."""
    who, act = visitor(sent), sent.field("do")
    found = _found(sent, who)
    if act == "undo":
        undone = sent.app.rooms.feedback.undo(who.id, number(sent.field("piece")), now=sent.now)
        return _again(sent, undone.id)
    if found is None:
        return _gone(sent, who)
    said = _said(sent, act, *found)
    if said is None:
        raise HTTPException(400)
    return _again(sent, sent.app.rooms.feedback.give(who.id, said).id)


def suggested(title: str) -> list[str]:
    """Words of a title that are worth muting: pairs, then single ones; none of those in every title."""
    words = _WORD.findall(clean(title))
    telling = [_is_telling(word) for word in words]
    pairs = [f"{words[i]} {words[i + 1]}" for i in range(len(words) - 1) if telling[i] and telling[i + 1]]
    single = [word for word, tells in zip(words, telling, strict=True) if tells]
    return list(dict.fromkeys((*pairs[: MOST_WORDS // 2], *single)))[:MOST_WORDS]


def _is_telling(word: str) -> bool:
    """``KV`` is; ``at``, ``learning`` and ``2026`` are not."""
    return (len(word) > 2 or word.isupper()) and word.casefold() not in lane_names.COMMON and not word.isdigit()


def _found(asked: Asked, who: Visitor) -> tuple[Pick, Paper] | None:
    """The pick of the address; None where its mail, or it, is not on record any more.

    Raises HTTPException 404 for a place that the mail does not have.
    """
    assert who.edition is not None
    place = number(asked.path["pick"])
    picks = picks_of(asked.rooms, who.edition)
    if picks is None:
        return None
    if not 1 <= place <= len(picks):
        raise HTTPException(404)
    pick = picks[place - 1]
    paper = asked.rooms.papers.get([pick.paper_id]).get(pick.paper_id)
    return (pick, paper) if paper is not None else None


def _said(sent: Sent, act: str, pick: Pick, paper: Paper) -> Feedback | None:
    """What a button says; only of this paper, of its authors, of the words that were offered."""
    if act in _ABOUT:
        return about_pick(_ABOUT[act], pick, origin=Origin.WEB, now=sent.now)
    author, word = sent.field("author"), sent.field("word")
    if act == "mute-author" and author in _authors(paper):
        return Feedback(verb=Verb.MUTE_AUTHOR, subject=author, origin=Origin.WEB, given_at=sent.now)
    if word and word in suggested(paper.title):
        return Feedback(verb=Verb.MUTE_WORD, subject=word, origin=Origin.WEB, given_at=sent.now)
    return None


def _authors(paper: Paper) -> list[str]:
    return list(dict.fromkeys(name for one in paper.authors[:MOST_AUTHORS] if (name := clean(one, 200))))


def _again(asked: Asked, piece: int) -> SeeOther:
    place = f"/f/{segment(asked.path['token'])}/{segment(asked.path['pick'])}/tune"
    return SeeOther(asked.site.urls.path(place, said=piece))


def _page(asked: Asked, who: Visitor, pick: Pick, paper: Paper) -> Page:
    history = asked.rooms.feedback.history(who.id)
    mine_only = {one.id: one for one in history}
    just = mine_only.get(number(asked.query.get("said", "")))
    authors, words = _authors(paper), suggested(paper.title)
    standing = [one for one in history if one.undone_at is None and _concerns(one, paper, authors, words)]
    values = {
        "tab": "",
        "card": card_of(paper, asked.language, pick.attention),
        "why": clean(pick.reason, 300),
        "lane": clean(pick.lane or "", 80),
        "authors": authors,
        "words": words,
        "just": told(asked, [just])[0] if just is not None else None,
        "standing": told(asked, standing),
        "verbs": {str(one.verb) for one in standing if one.verb.is_about_paper},
        "tune_place": f"/f/{segment(asked.path['token'])}/{segment(asked.path['pick'])}/tune",
    }
    return mine(asked, who, "tune.html.j2", values)


def _concerns(one: Feedback, paper: Paper, authors: Sequence[str], words: Sequence[str]) -> bool:
    if one.verb.is_about_paper:
        return one.paper_id == paper.id
    return one.subject in (authors if one.verb is Verb.MUTE_AUTHOR else words)


def _gone(asked: Asked, who: Visitor) -> Page:
    return mine(asked, who, "tune.html.j2", {"tab": "", "card": None}, status=410)


ROUTES = (form("/f/{token}/{pick}/tune", take, show=show, query=("said",), limit=LIMIT),)
