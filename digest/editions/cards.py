"""One paper in the mail: the words of its card, in full or compact, and in the lengths that make a mail fit.

Gmail cuts a mail off after 102,400 bytes, and with it the way to unsubscribe. So a mail that grows too large loses
second sentences, then summaries, from the last card up; title, byline, reason and link stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

from markupsafe import escape

from digest.editions import wording
from digest.editions.blocks import Block, Fixed, filled
from digest.editions.clean import clean, cut, safe_url
from digest.editions.content import PickView
from digest.editions.links import Links
from digest.model import Attention, EditionKey, MailLayout, Paper, Summary


class Length(IntEnum):
    """How much of a card is left, from all to least."""

    WHOLE = 0
    ONE_SENTENCE = 1
    NO_SUMMARY = 2
    TERSE = 3
    """Even titles and reasons are cut, and what is not the paper itself goes: for hostile input."""


Sizes = Mapping[Length, int]


def card(
    view: PickView, position: int, *, key: EditionKey, links: Links, layout: MailLayout, length: Length = Length.WHOLE
) -> Block:
    """The pick at ``position`` (1 = first in the mail)."""
    compact = layout is MailLayout.COMPACT
    reason = clean(view.pick.reason, 300)
    if length is Length.TERSE:
        return Block("card-compact", _terse(view.paper, view.summary), filled({"reason": _within(reason, 140)}))
    holes = {"reason": reason} if reason else {}
    if tune_url := links.tune(key, position):
        holes["tune_url"] = tune_url
    if answers := links.answers(key, position):
        holes["more_url"], holes["less_url"] = answers
        holes["answer"] = f"reply with “more {position}” or “less {position}”"
    words = _words(view.paper, view.summary, view.pick.attention, compact, length)
    return Block("card-compact" if compact else "card", words, holes)


@lru_cache(maxsize=8192)
def _words(paper: Paper, summary: Summary, attention: Attention, compact: bool, length: Length) -> Fixed:
    """What a card says of its paper to everyone. Cached: one paper goes to many readers."""
    announced = paper.announced_at or paper.published_at or paper.first_seen_at
    facts = (
        wording.authors(paper.authors),
        clean(paper.primary_category or "", 40),
        wording.short_date(announced).replace(" ", "\u00a0"),
    )
    # A maker is named wherever its words are, whatever an operator's own templates show.
    maker = f"(TLDR by {clean(summary.by, 80)})" if summary.by else ""
    tldr, more = summary.tldr, maker or summary.more
    if compact:
        tldr, more = f"{clean(tldr, 800)} {maker}", ""
    elif length is Length.ONE_SENTENCE:
        more = maker
    if length >= Length.NO_SUMMARY:
        tldr = more = ""
    return (
        ("title", clean(paper.title, 300) or paper.label),
        ("url", safe_url(paper.url) or ""),
        ("byline", " · ".join(fact for fact in facts if fact)),
        ("tldr", clean(tldr, 900)),
        ("more", clean(more, 900)),
        ("highlights", "" if compact or length is not Length.WHOLE else _highlights(paper, f"{tldr} {more}", summary)),
        ("votes", "" if not attention.votes else wording.thousands(attention.votes)),
        ("rising", "rising fast" if attention.rising else ""),
        ("code_url", safe_url(paper.code_url) or ""),
        ("stars", "" if not attention.stars else wording.thousands(attention.stars)),
    )


def _highlights(paper: Paper, said: str, summary: Summary) -> str:
    """Those that title and sentences have not said already: "Method: Tern · Result: …"."""
    said = f"{paper.title} {said}"
    new = (one for one in summary.highlights if one.text not in said)
    return " · ".join(f"{one.fact.capitalize()}: {clean(one.text, 160)}" for one in new)


@lru_cache(maxsize=1024)
def _terse(paper: Paper, summary: Summary) -> Fixed:
    given = dict(_words(paper, summary, Attention(), True, Length.NO_SUMMARY))
    kept = {"title": _within(given["title"], 200), "byline": _within(given["byline"], 100)}
    kept["url"] = given["url"] if len(str(escape(given["url"]))) <= 160 else ""
    return tuple({**dict.fromkeys(given, ""), **kept}.items())


def _within(text: str, most: int) -> str:
    """``text`` cut so that it takes at most ``most`` bytes of HTML."""
    limit = len(text)
    while len(str(escape(text)).encode()) > most:
        limit = limit * 3 // 4
        text = cut(text, limit)
    return text


# ── making a mail fit ───────────────────────────────────────────────────────────────────────────────────────


def shortened(sizes: Sequence[Sizes], excess: int) -> tuple[Length, ...]:
    """The length of each card that takes ``excess`` bytes away: each step from the last card up, as far as needed.

    Args:
        sizes: of every card, in mail order, its bytes at each length.
    """
    lengths = [Length.WHOLE] * len(sizes)
    for step in list(Length)[1:]:
        for number in reversed(range(len(sizes))):
            if excess <= 0:
                return tuple(lengths)
            gain = sizes[number][lengths[number]] - sizes[number][step]
            if gain > 0:
                lengths[number] = step
                excess -= gain
    return tuple(lengths)


def left_out(lengths: Sequence[Length]) -> str:
    """What was left out of a mail, in a sentence; empty if nothing was."""
    none = sum(length >= Length.NO_SUMMARY for length in lengths)
    fewer = sum(length is Length.ONE_SENTENCE for length in lengths)
    said = [
        f"{number} paper{'s are' if number > 1 else ' is'} shown {how}"
        for number, how in ((fewer, "with one sentence"), (none, "without a summary"))
        if number
    ]
    return f"To keep this mail from being cut off, {' and '.join(said)}." if said else ""
