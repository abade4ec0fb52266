"""The order of an edition: its content → the shell and the parts inside it, with their words.

What kind of mail it is and what is in it; people you follow, each lane, what is trending, one outside the lanes, what
was just missed; then how the sources did, and how to leave. Nothing here knows HTML or mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from digest.editions import wording
from digest.editions.blocks import Block, Draft, filled
from digest.editions.cards import Length, card, left_out
from digest.editions.clean import clean, safe_url
from digest.editions.content import EditionContent, PickView, SiteInfo, SourceHealth
from digest.editions.links import Links
from digest.languages import Language, of_reader
from digest.model import Frequency, Section

MISSED_SHOWN = 3
SOURCES_SHOWN = 8
"""More sources than these are counted, those in trouble first."""


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
    language = of_reader(content.subscriber.language)
    shell = _shell(content, links, unsubscribe_mail, settings_mail, left_out(lengths, language), language)
    body = _opening(content, links, language), *_body(content, links, lengths, language)
    return Draft(shell, body, language)


def kind(content: EditionContent) -> str:
    """Which mail it is, by the name of its templates."""
    if content.welcome:
        return "welcome"
    return "weekly" if content.subscriber.times.frequency is Frequency.WEEKLY else "daily"


def frame(site: SiteInfo, language: Language) -> tuple[tuple[str, str], ...]:
    """What the shell says in every mail of a site in one language."""
    return (
        ("site", clean(site.logo or site.name, 80)),
        ("imprint", clean(site.imprint, 500)),
        ("privacy_url", safe_url(site.privacy_url) or ""),
        ("imprint_url", safe_url(site.imprint_url) or ""),
        ("language", language.tag),
    )


def _shell(
    content: EditionContent, links: Links, unsubscribe_mail: str, settings_mail: str, shortened: str, language: Language
) -> Block:
    key = content.key
    holes = {
        "preheader": clean(wording.preheader(content, language)),
        "shortened": shortened,
        "why": wording.why_you_get_this(content, language),
        "settings_url": links.preferences(key) or settings_mail,
        "pause_url": links.pause(key) or "",
        "unsubscribe_url": links.unsubscribe(key) or unsubscribe_mail,
        "health": "" if not content.picks else " · ".join(health_lines(content.health, language)),
    }
    return Block("shell", frame(content.site, language), filled(holes))


def _opening(content: EditionContent, links: Links, language: Language) -> Block:
    """The day or the week, what is inside; a welcome says what to expect as well."""
    name, day = kind(content), content.key.date
    weekly = content.subscriber.times.frequency is Frequency.WEEKLY
    picks = content.picks
    words = {
        "site": clean(content.site.logo or content.site.name, 80),
        "date": language.days(day - wording.WEEK, day) if weekly else language.date(day, "full"),
        "day": language.days(day - wording.WEEK, day, "short") if weekly else language.date(day, "short"),
        "top": wording.short_title(picks[0].paper.title) or picks[0].paper.label if picks else "",
        "more": str(len(picks) - 1) if len(picks) > 1 else "",
        "count": wording.count(content, language),
        "reading": wording.reading_time(picks, language) if picks else "",
        "online_url": links.read_online(content.key) or "",
    }
    if name == "welcome":
        words["expect"] = wording.what_to_expect(content.subscriber, language)
    return Block(name, (), filled(words))


def health_lines(health: Sequence[SourceHealth], language: Language, most: int = SOURCES_SHOWN) -> list[str]:
    """A line for each source; of more than ``most``, those in trouble, and how many did well."""
    lines = [f"{'✓' if source.ok else '⚠'} {wording.health(source, language)}" for source in health]
    if len(lines) <= most:
        return lines
    troubled = [line for line, source in zip(lines, health, strict=True) if not source.ok]
    well = len(lines) - len(troubled)
    shown = troubled[:most]
    if left := len(troubled) - len(shown):
        shown.append(
            "⚠ " + language.ngettext("%(count)s more in trouble", "%(count)s more in trouble", left, count=left)
        )
    read = language.ngettext("%(count)s source read", "%(count)s sources read", well, count=well)
    return [f"✓ {read}", *shown] if well else shown


def _body(content: EditionContent, links: Links, lengths: Sequence[Length], language: Language) -> Iterator[Block]:
    if content.notice:
        yield Block("notice", (), {"notice": clean(content.notice, 400)})
    if not content.picks:
        yield from _quiet(content, language)
    title = None
    form = content.subscriber.layout
    for number, view in enumerate(content.picks):
        if (heading := _heading(view, language)) != title:
            title = heading
            yield heading
        length = lengths[number] if lengths else Length.WHOLE
        yield card(view, number + 1, key=content.key, links=links, layout=form, language=language, length=length)
    missed = () if Length.TERSE in lengths else content.missed[:MISSED_SHOWN]
    if missed:
        near = language.gettext("Just missed") if content.picks else language.gettext("Closest to your interests")
        yield Block("heading", (("note", ""), ("title", near)))
    for one in missed:
        url = safe_url(one.url) or ""
        holes = {"title": clean(one.title, 300), "url": url, "reason": clean(one.reason, 200)}
        yield Block("missed", (), filled(holes))


def _heading(view: PickView, language: Language) -> Block:
    """A lane's own name; the other sections have a fixed one."""
    section = view.pick.section
    if section is not Section.LANE:
        return _fixed_heading(section, language)
    title = clean(view.pick.lane or language.gettext("For you"), 100)
    return Block("heading", (("note", ""),), {"title": title})


@cache
def _fixed_heading(section: Section, language: Language) -> Block:
    note = ""
    if section is Section.FOLLOWED:
        title = language.gettext("From people you follow")
    elif section is Section.TRENDING:
        title = language.gettext("Trending")
    else:
        title = language.gettext("Outside your lanes")
        note = language.gettext("One that none of your interests asked for.")
    return Block("heading", (("note", note), ("title", title)))


def _quiet(content: EditionContent, language: Language) -> Iterator[Block]:
    considered = content.considered
    weekly = content.subscriber.times.frequency is Frequency.WEEKLY
    reason = wording.quiet_reason(content, language)
    holes = {
        "when": language.gettext("this week") if weekly else language.gettext("today"),
        "title": language.gettext("Nothing new for you this week")
        if weekly
        else language.gettext("Nothing new for you today"),
        # Where nothing was new, that is the whole reason.
        "claim": language.ngettext(
            "%(count)s paper was new, and none of them was for you.",
            "%(count)s papers were new, and none of them was for you.",
            considered,
            count=language.number(considered),
        )
        if considered
        else reason,
        "reason": reason if considered else "",
        "proof": wording.proof(content, language),
    }
    yield Block("quiet", (), filled(holes))
    for line in health_lines(content.health, language):
        yield Block("source", (), {"line": line})
