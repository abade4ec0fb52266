"""My page: everything the reader said, with undo, and what they saved, for a reference manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from digest.bibliography.writing import to_bibtex, to_ris
from digest.feedback import Feedback, Verb
from digest.model import Paper
from digest.web.cards import plain_card_of
from digest.web.my_page import LIMIT, back, mine
from digest.web.pager import pager
from digest.web.routes import Answer, Asked, Document, Sent, form, page
from digest.web.said import number, told
from digest.web.visitor import for_readers, visitor

ON_A_PAGE: Final = 50
PLACE: Final = "preferences/feedback"
KINDS: Final = {
    "bib": ("application/x-bibtex; charset=utf-8", to_bibtex),
    "ris": ("application/x-research-info-systems; charset=utf-8", to_ris),
}
"""Suffix → media type and writer."""


def show(asked: Asked) -> Answer:
    """The newest first; what was taken back stays, marked."""
    who = visitor(asked)
    history = asked.rooms.feedback.history(who.id)
    saved = _saved(history)
    said = [one for one in history if one.verb is not Verb.SAVE]
    pages = pager(asked.query.get("page", ""), len(said), ON_A_PAGE)
    papers = asked.rooms.papers.get(one.paper_id for one in saved if one.paper_id is not None)
    values = {
        "tab": PLACE,
        "said": told(asked, said[pages.start : pages.start + ON_A_PAGE]),
        "pages": pages,
        "saved": [
            (one.id, plain_card_of(papers[one.paper_id], asked.language)) for one in saved if one.paper_id in papers
        ],
    }
    return mine(asked, who, "my_feedback.html.j2", values)


def take(sent: Sent) -> Answer:
    """Undo one piece; of somebody else's there is none by that number."""
    who = visitor(sent)
    sent.app.rooms.feedback.undo(who.id, number(sent.field("piece")), now=sent.now)
    return back(sent, who, PLACE, "undone")


def saved_as(kind: str) -> Callable[[Asked], Answer]:
    """The page ``saved.bib`` or ``saved.ris``: the papers that were saved, the newest first."""
    return lambda asked: _saved_papers(asked, kind)


def _saved_papers(asked: Asked, kind: str) -> Answer:
    who = visitor(asked)
    kept = _saved(asked.rooms.feedback.history(who.id))
    papers = asked.rooms.papers.get(one.paper_id for one in kept if one.paper_id is not None)
    listed = list({papers[i].id: papers[i] for one in kept if (i := one.paper_id) in papers}.values())
    return document(kind, listed, name="saved")


def document(kind: str, papers: Sequence[Paper], *, name: str) -> Document:
    """Papers for a reference manager; ``kind`` is one of KINDS."""
    media_type, write = KINDS[kind]
    return Document(body=write(papers).encode(), media_type=media_type, filename=f"{name}.{kind}")


def _saved(history: Sequence[Feedback]) -> list[Feedback]:
    return [one for one in history if one.verb is Verb.SAVE and one.undone_at is None]


ROUTES = (
    *for_readers(PLACE, lambda path: form(path, take, show=show, query=("done", "page"), limit=LIMIT)),
    *for_readers("preferences/saved.bib", lambda path: page(path, saved_as("bib"), limit=LIMIT)),
    *for_readers("preferences/saved.ris", lambda path: page(path, saved_as("ris"), limit=LIMIT)),
)
