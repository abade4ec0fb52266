"""The order of the mail: an edition's content → the shell and the parts inside it, with their words.

People you follow, each lane, what is trending, one outside the lanes, what was just missed; then how the sources did,
and how to leave. Every part splits its words in two: ``fixed`` is the same for all readers and is rendered once,
``holes`` differ and are filled in. Nothing here knows HTML or mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from digest.editions import wording
from digest.editions.clean import clean, safe_url
from digest.editions.content import EditionContent, PickView
from digest.editions.headers import mailto
from digest.editions.links import Links
from digest.model import Attention, Paper, Section, Summary

Fixed = tuple[tuple[str, str], ...]
"""Names and values that a part is rendered with; a tuple, because it is the key that the rendering is kept under."""
MISSED_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Block:
    """One part of the mail. A hole that would be empty is left out, and its template sees an empty string."""

    part: str
    fixed: Fixed = ()
    holes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    shell: Block
    body: tuple[Block, ...]


def layout(content: EditionContent, links: Links, *, unsubscribe_mail: str, settings_mail: str) -> Layout:
    """Lay out one edition; the two addresses are ``mailto:`` URLs, the way out that works without a web."""
    return Layout(_shell(content, links, unsubscribe_mail, settings_mail), tuple(_body(content, links)))


def _shell(content: EditionContent, links: Links, unsubscribe_mail: str, settings_mail: str) -> Block:
    key = content.key
    day = wording.long_date(key.date)
    holes = {
        "subject": clean(wording.subject(content)),
        "preheader": clean(wording.preheader(content)),
        "summary": f"{wording.count(content)} · {wording.reading_time(content.picks)}"
        if content.picks
        else "Nothing new",
        "date": day,
        "why": wording.why_you_get_this(content),
        "online_url": links.read_online(key) or "",
        "settings_url": links.preferences(key) or settings_mail,
        "pause_url": links.pause(key) or "",
        "unsubscribe_url": links.unsubscribe(key) or unsubscribe_mail,
        "health": "" if not content.picks else " · ".join(_health(content)),
    }
    return Block("shell", (("site", clean(content.site.name, 80)),), _open(holes))


def _open(holes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in holes.items() if value}


def _health(content: EditionContent) -> list[str]:
    return [f"{'✓' if source.ok else '⚠'} {clean(source.line, 160)}" for source in content.health]


def _body(content: EditionContent, links: Links) -> Iterator[Block]:
    if content.notice:
        yield Block("notice", (), {"notice": clean(content.notice, 400)})
    if not content.picks:
        yield from _quiet(content)
    title = None
    for position, view in enumerate(content.picks, start=1):
        if (heading := _heading(view)) != title:
            title = heading
            yield heading
        yield _card(view, position, links.tune(content.key, position), links.answers(content.key, position))
    if content.missed:
        yield Block(
            "heading", (("note", ""), ("title", "Just missed" if content.picks else "Closest to your interests"))
        )
    for missed in content.missed[:MISSED_SHOWN]:
        url = safe_url(missed.url) or ""
        holes = {"title": clean(missed.title, 300), "url": url, "reason": clean(missed.reason, 200)}
        yield Block("missed", (), _open(holes))


def _heading(view: PickView) -> Block:
    section = view.pick.section
    if section is Section.FOLLOWED:
        return Block("heading", (("note", ""), ("title", "From people you follow")))
    if section is Section.TRENDING:
        return Block("heading", (("note", ""), ("title", "Trending")))
    if section is Section.OUTSIDE:
        note = "One that none of your interests asked for."
        return Block("heading", (("note", note), ("title", "Outside your lanes")))
    return Block("heading", (("note", ""),), {"title": clean(view.pick.lane or "For you", 100)})


def _card(view: PickView, position: int, tune_url: str | None, answers: tuple[str, str] | None) -> Block:
    more_url, less_url = answers or ("", "")
    holes = {
        "reason": clean(view.pick.reason, 300),
        "tune_url": tune_url or "",
        "more_url": more_url,
        "less_url": less_url,
        "answer": f"reply with “more {position}” or “less {position}”" if answers else "",
    }
    return Block("card", _card_words(view.paper, view.summary, view.pick.attention), _open(holes))


@lru_cache(maxsize=8192)
def _card_words(paper: Paper, summary: Summary, attention: Attention) -> Fixed:
    """What a card says of its paper to everyone. Cached: one paper goes to many readers."""
    announced = paper.announced_at or paper.published_at or paper.first_seen_at
    facts = (
        wording.authors(paper.authors),
        clean(paper.primary_category or "", 40),
        wording.short_date(announced).replace(" ", "\u00a0"),
    )
    return (
        ("title", clean(paper.title, 300) or paper.label),
        ("url", safe_url(paper.url) or ""),
        ("byline", " · ".join(fact for fact in facts if fact)),
        ("tldr", clean(summary.tldr, 900)),
        # A maker is named wherever its words are, whatever an operator's own templates show.
        ("more", clean(f"(TLDR by {summary.by})" if summary.by else summary.more, 900)),
        ("votes", "" if not attention.votes else wording.thousands(attention.votes)),
        ("rising", "rising fast" if attention.rising else ""),
        ("code_url", safe_url(paper.code_url) or ""),
        ("stars", "" if not attention.stars else wording.thousands(attention.stars)),
    )


def _quiet(content: EditionContent) -> Iterator[Block]:
    considered = content.considered
    if considered:
        papers = f"{considered:,} paper was" if considered == 1 else f"{considered:,} papers were"
        claim = f"{papers} new, and none of them was for you."
    else:
        claim = "No paper was announced that you have not had already."
    # Where nothing was new, the claim is the whole reason.
    reason = clean(content.quiet_reason, 400) if considered else ""
    health = _health(content)
    proof = "And here is how we know. Sources read:" if health else "No source has been read yet."
    yield Block("quiet", (), _open({"claim": claim, "reason": reason, "proof": proof}))
    for line in health:
        yield Block("source", (), {"line": line})


def addresses(reply: str, contact: str, subscriber_id: str) -> tuple[str, str]:
    """The ``mailto:`` URLs that need no web: (unsubscribe, read by the program; settings, read by a person)."""
    return mailto(reply, f"unsubscribe {subscriber_id}"), mailto(contact, f"settings {subscriber_id}")
