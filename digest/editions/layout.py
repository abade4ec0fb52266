"""The order of an edition: its content → the shell and the parts inside it, with their words.

What kind of mail it is and what is in it; people you follow, each lane, what is trending, one outside the lanes, what
was just missed; then how the sources did, and how to leave. Nothing here knows HTML or mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from digest.editions import wording
from digest.editions.blocks import Block, Draft, filled
from digest.editions.cards import Length, card, left_out
from digest.editions.clean import clean, safe_url
from digest.editions.content import EditionContent, PickView, SiteInfo, SourceHealth
from digest.editions.links import Links
from digest.model import Frequency, Section

MISSED_SHOWN = 3
SOURCES_SHOWN = 8
"""More sources than these are counted, those in trouble first."""

_HEADINGS = {
    section: Block("heading", (("note", note), ("title", title)))
    for section, title, note in (
        (Section.FOLLOWED, "From people you follow", ""),
        (Section.TRENDING, "Trending", ""),
        (Section.OUTSIDE, "Outside your lanes", "One that none of your interests asked for."),
    )
}
"""Lanes have headings of their own."""


def layout(
    content: EditionContent,
    links: Links,
    *,
    unsubscribe_mail: str,
    settings_mail: str,
    lengths: Sequence[Length] = (),
) -> Draft:
    """Lay out one edition.

    Args:
        unsubscribe_mail, settings_mail: ``mailto:`` URLs, the way out that works without a web.
        lengths: of each card; by default all are whole.
    """
    shell = _shell(content, links, unsubscribe_mail, settings_mail, left_out(lengths))
    return Draft(shell, (_opening(content, links), *_body(content, links, lengths)))


def kind(content: EditionContent) -> str:
    """Which mail it is, by the name of its templates."""
    if content.welcome:
        return "welcome"
    return "weekly" if content.subscriber.times.frequency is Frequency.WEEKLY else "daily"


def frame(site: SiteInfo) -> tuple[tuple[str, str], ...]:
    """What the shell says in every mail of a site."""
    return ("site", clean(site.logo or site.name, 80)), ("imprint", clean(site.imprint, 500))


def _shell(content: EditionContent, links: Links, unsubscribe_mail: str, settings_mail: str, shortened: str) -> Block:
    key = content.key
    holes = {
        "preheader": clean(wording.preheader(content)),
        "shortened": shortened,
        "why": wording.why_you_get_this(content),
        "settings_url": links.preferences(key) or settings_mail,
        "pause_url": links.pause(key) or "",
        "unsubscribe_url": links.unsubscribe(key) or unsubscribe_mail,
        "health": "" if not content.picks else " · ".join(health_lines(content.health)),
    }
    return Block("shell", frame(content.site), filled(holes))


def _opening(content: EditionContent, links: Links) -> Block:
    """The day or the week, what is inside; a welcome says what to expect as well."""
    name, day = kind(content), content.key.date
    weekly = content.subscriber.times.frequency is Frequency.WEEKLY
    picks = content.picks
    words = {
        "site": clean(content.site.logo or content.site.name, 80),
        "date": wording.span(day) if weekly else wording.long_date(day),
        "day": wording.short_span(day) if weekly else wording.short_date(day),
        "top": wording.short_title(picks[0].paper.title) or picks[0].paper.label if picks else "",
        "more": str(len(picks) - 1) if len(picks) > 1 else "",
        "count": wording.count(content),
        "reading": wording.reading_time(picks) if picks else "",
        "online_url": links.read_online(content.key) or "",
    }
    if name == "welcome":
        words["expect"] = wording.what_to_expect(content.subscriber)
    return Block(name, (), filled(words))


def health_lines(health: Sequence[SourceHealth], most: int = SOURCES_SHOWN) -> list[str]:
    """A line for each source; of more than ``most``, those in trouble, and how many did well."""
    lines = [f"{'✓' if source.ok else '⚠'} {clean(source.line, 160)}" for source in health]
    if len(lines) <= most:
        return lines
    troubled = [line for line, source in zip(lines, health, strict=True) if not source.ok]
    well = len(lines) - len(troubled)
    shown = troubled[:most]
    if len(troubled) > len(shown):
        shown.append(f"⚠ {len(troubled) - len(shown)} more in trouble")
    return [f"✓ {well} source{'s' if well > 1 else ''} read", *shown] if well else shown


def _body(content: EditionContent, links: Links, lengths: Sequence[Length]) -> Iterator[Block]:
    if content.notice:
        yield Block("notice", (), {"notice": clean(content.notice, 400)})
    if not content.picks:
        yield from _quiet(content)
    title = None
    form = content.subscriber.layout
    for number, view in enumerate(content.picks):
        if (heading := _heading(view)) != title:
            title = heading
            yield heading
        length = lengths[number] if lengths else Length.WHOLE
        yield card(view, number + 1, key=content.key, links=links, layout=form, length=length)
    missed = () if Length.TERSE in lengths else content.missed[:MISSED_SHOWN]
    if missed:
        yield Block(
            "heading", (("note", ""), ("title", "Just missed" if content.picks else "Closest to your interests"))
        )
    for near in missed:
        url = safe_url(near.url) or ""
        holes = {"title": clean(near.title, 300), "url": url, "reason": clean(near.reason, 200)}
        yield Block("missed", (), filled(holes))


def _heading(view: PickView) -> Block:
    fixed = _HEADINGS.get(view.pick.section)
    if fixed is not None:
        return fixed
    return Block("heading", (("note", ""),), {"title": clean(view.pick.lane or "For you", 100)})


def _quiet(content: EditionContent) -> Iterator[Block]:
    considered = content.considered
    weekly = content.subscriber.times.frequency is Frequency.WEEKLY
    if considered:
        papers = f"{considered:,} paper was" if considered == 1 else f"{considered:,} papers were"
        claim = f"{papers} new, and none of them was for you."
    else:
        claim = "No paper was announced that you have not had already."
    # Where nothing was new, the claim is the whole reason.
    reason = clean(content.quiet_reason, 400) if considered else ""
    health = health_lines(content.health)
    proof = "And here is how we know. Sources read:" if health else "No source has been read yet."
    holes = {"when": "this week" if weekly else "today", "claim": claim, "reason": reason, "proof": proof}
    yield Block("quiet", (), filled(holes))
    for line in health:
        yield Block("source", (), {"line": line})
