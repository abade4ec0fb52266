"""What a mail is made of: the parts, the mails, and the words that each template is given.

A *part* is a pair of files in ``templates/mail``, ``NAME.mjml.j2`` and its twin ``NAME.txt.j2``. A *mail* is a part,
its opening, with a third file ``NAME.subject.j2``; the parts of an edition follow it, and ``shell`` is around them all.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]
"""Word → what it says; all are plain strings, empty where there is nothing to say."""

_SITE = {"site": "the name or logo text of the site"}
_TUNING: Words = {
    "tune_url": "where a reader tunes by this paper, on the web",
    "more_url": "a mail that asks for more like it",
    "less_url": "a mail that asks for less like it",
    "answer": "how to answer by hand, for the text version",
}
_CARD: Words = {
    "title": "the paper's title",
    "url": "its page",
    "byline": "authors, category and day",
    "tldr": "the summary's first sentence",
    "more": "its second sentence, or who wrote the summary",
    "highlights": "task, method and result in a few words each, as far as they are sure and not said above",
    "reason": "why this reader gets it",
    "votes": "how many votes",
    "votes_spoken": "the same with its noun, and whether they rise",
    "rising": "“rising fast”, if it is",
    "code_url": "where its code is",
    "stars": "how many stars that has",
    **_TUNING,
}
_EDITION: Words = {
    **_SITE,
    "date": "the day in full, of a weekly mail the span",
    "day": "the same in short",
    "top": "the first paper's title in short, empty on a quiet day",
    "more": "how many others there are",
    "count": "how many were chosen of how many new ones",
    "reading": "how long it takes to read",
    "online_url": "the mail on the web",
}

PARTS: Mapping[str, Words] = {
    "shell": {
        **_SITE,
        "subject": "the finished subject",
        "preheader": "what an inbox shows beside the subject",
        "body": "where the parts go",
        "shortened": "that summaries were left out, and how many",
        "health": "how the sources did",
        "why": "why one gets this mail",
        "imprint": "the site's own footer",
        "privacy_url": "what is stored of readers",
        "imprint_url": "who is responsible",
        "language": "the tag of the mail's language: en, de",
        "settings_url": "where settings are changed",
        "pause_url": "where mails are paused",
        "unsubscribe_url": "where one leaves",
    },
    "daily": _EDITION,
    "weekly": _EDITION,
    "welcome": {
        **_EDITION,
        "expect": "that it is the first, when mails come, and what they look for",
    },
    "notice": {"notice": "what must be said first"},
    "heading": {"title": "the group's name", "note": "a line on it"},
    "card": _CARD,
    "card-compact": _CARD,
    "missed": {"title": "the paper's title", "url": "its page", "reason": "why it was close"},
    "quiet": {
        "title": "that there is nothing new, today or this week",
        "when": "“today” or “this week”",
        "claim": "that nothing was for this reader",
        "reason": "why",
        "proof": "what leads to the sources that were read",
    },
    "source": {"line": "how one source did"},
    "confirm": {
        "site": "the name of the site",
        "address": "the address that is to get mails",
        "confirm_url": "where one confirms",
        "valid": "how long that works",
        "rhythm": "when mails will come",
        "about": "the interests they will look for",
    },
    "link": {
        "site": "the name of the site",
        "address": "the reader's address",
        "page_url": "the reader's own page",
        "rhythm": "when their mails come",
        "known": "the address, where somebody asked for mails that it gets already",
    },
    "goodbye": {
        "site": "the name of the site",
        "address": "the address that was unsubscribed",
        "back_url": "where one comes back",
    },
    "report": {
        "site": "the name of the site",
        "date": "the press day in full",
        "day": "the same in short",
        "headline": "the day in a sentence",
        "tasks": "how many things need attention",
    },
    "task": {"what": "what needs attention", "todo": "what to do about it"},
    "row": {"label": "what is counted, or who", "value": "how many, or which state", "note": "a word on it"},
}
"""Every part with the words that its templates are given."""

MEANINGS: Mapping[str, str] = {
    "shell": "the frame of every mail: style, masthead, how to leave",
    "daily": "mail: an edition, once a day",
    "weekly": "mail: an edition, once a week",
    "welcome": "mail: a reader's first edition",
    "notice": "what must be said first: a trial, a day made again",
    "heading": "above each group of papers",
    "card": "a paper in the full layout",
    "card-compact": "a paper in the compact layout",
    "missed": "a paper that was just missed",
    "quiet": "a day without a pick",
    "source": "how one source did",
    "confirm": "mail: do you want these mails?",
    "link": "mail: the way to a reader's own page",
    "goodbye": "mail: you are unsubscribed",
    "report": "mail: the operator's report",
    "task": "in the report: what needs attention",
    "row": "in the report: one figure, or one delivery",
}
MAILS = ("daily", "weekly", "welcome", "confirm", "link", "goodbye", "report")
"""The parts that open a mail, and so have a subject; the subject is given the same words."""


def files_of(part: str) -> tuple[str, ...]:
    """The part's files, below the templates' folder."""
    endings = ("subject", "mjml", "txt") if part in MAILS else ("mjml", "txt")
    return tuple(f"mail/{part}.{ending}.j2" for ending in endings)


def part_of(name: str) -> str:
    """The part that a template file belongs to, by its name."""
    return name.rpartition("/")[2].partition(".")[0]
