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
from digest.languages import Language
from digest.model import Attention, EditionKey, Fact, MailLayout, Paper, Summary


class Length(IntEnum):
    """How much of a card is left, from all to least."""

    WHOLE = 0
    ONE_SENTENCE = 1
    NO_SUMMARY = 2
    TERSE = 3
    """Even titles and reasons are cut, and what is not the paper itself goes: for hostile input."""


Sizes = Mapping[Length, int]


def card(
    view: PickView, position: int, *, key: EditionKey, links: Links, layout: MailLayout, language: Language,
    length: Length = Length.WHOLE,
) -> Block:  # fmt: skip
    """The pick at ``position`` (1 = first in the mail)."""
    compact = layout is MailLayout.COMPACT
    reason = clean(view.pick.reason, 300)
    if length is Length.TERSE:
        return Block(
            "card-compact", _terse(view.paper, view.summary, language), filled({"reason": _within(reason, 140)})
        )
    holes = {"reason": reason} if reason else {}
    if tune_url := links.tune(key, position):
        holes["tune_url"] = tune_url
    if answers := links.answers(key, position):
        holes["more_url"], holes["less_url"] = answers
        # The two words are commands: they are read in English, whatever the language around them.
        holes["answer"] = language.gettext("reply with “more %(number)s” or “less %(number)s”", number=position)
    words = _words(view.paper, view.summary, view.pick.attention, language, compact, length)
    return Block("card-compact" if compact else "card", words, holes)


@lru_cache(maxsize=8192)
def _words(
    paper: Paper, summary: Summary, attention: Attention, language: Language, compact: bool, length: Length
) -> Fixed:
    """What a card says of its paper to everyone of one language. Cached: one paper goes to many readers."""
    announced = paper.announced_at or paper.published_at or paper.first_seen_at
    facts = (
        wording.authors(paper.authors),
        clean(paper.primary_category or "", 40),
        language.date(announced, "short").replace(" ", "\u00a0"),
    )
    # A maker is named wherever its words are, whatever an operator's own templates show.
    maker = language.gettext("(TLDR by %(maker)s)", maker=clean(summary.by, 80)) if summary.by else ""
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
        (
            "highlights",
            "" if compact or length is not Length.WHOLE else _highlights(paper, f"{tldr} {more}", summary, language),
        ),
        ("votes", language.compact(attention.votes) if attention.votes else ""),
        ("votes_spoken", _spoken(attention, language)),
        ("rising", language.gettext("rising fast") if attention.rising else ""),
        ("code_url", safe_url(paper.code_url) or ""),
        ("stars", language.compact(attention.stars) if attention.stars else ""),
    )


def _spoken(attention: Attention, language: Language) -> str:
    """The votes as they are read out: ``181 votes, rising fast``."""
    if not attention.votes:
        return ""
    values = {"count": language.compact(attention.votes)}
    if attention.rising:
        return language.ngettext(
            "%(count)s vote, rising fast", "%(count)s votes, rising fast", attention.votes, **values
        )
    return language.ngettext("%(count)s vote", "%(count)s votes", attention.votes, **values)


def _highlights(paper: Paper, said: str, summary: Summary, language: Language) -> str:
    """Those that title and sentences have not said already: "Method: Tern · Result: …"."""
    said = f"{paper.title} {said}"
    new = (one for one in summary.highlights if one.text not in said)
    return " · ".join(_highlight(one.fact, clean(one.text, 160), language) for one in new)


def _highlight(fact: Fact, text: str, language: Language) -> str:
    if fact is Fact.TASK:
        return language.gettext("Task: %(text)s", text=text)
    if fact is Fact.METHOD:
        return language.gettext("Method: %(text)s", text=text)
    return language.gettext("Result: %(text)s", text=text)


@lru_cache(maxsize=1024)
def _terse(paper: Paper, summary: Summary, language: Language) -> Fixed:
    given = dict(_words(paper, summary, Attention(), language, True, Length.NO_SUMMARY))
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


def left_out(lengths: Sequence[Length], language: Language) -> str:
    """What was left out of a mail, in a sentence; empty if nothing was."""
    none = sum(length >= Length.NO_SUMMARY for length in lengths)
    fewer = sum(length is Length.ONE_SENTENCE for length in lengths)
    said = []
    if fewer:
        said.append(
            language.ngettext(
                "%(count)s paper is shown with one sentence",
                "%(count)s papers are shown with one sentence",
                fewer,
                count=fewer,
            )
        )
    if none:
        said.append(
            language.ngettext(
                "%(count)s paper is shown without a summary",
                "%(count)s papers are shown without a summary",
                none,
                count=none,
            )
        )
    if not said:
        return ""
    return language.gettext("To keep this mail from being cut off, %(what)s.", what=language.listed(said))
