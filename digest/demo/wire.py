"""What the providers would have answered: the sample's papers in the wire forms of arXiv and Hugging Face.

    papers ──arxiv_rss──▶  one category's feed of one announcement day   (rss.arxiv.org/rss/CATEGORY)
           ──arxiv_api──▶  an Atom page of the days before               (export.arxiv.org/api/query)
           ──hf_daily──▶   one day's list as it stood at some moment     (huggingface.co/api/daily_papers?date=)

The demo feeds these bytes to the real parsers, so it runs what a real morning runs. Shapes follow recorded answers of
2026; the order of elements is theirs. Everything is a pure function of its arguments.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from lxml import etree

from digest.demo.sample import Listing, SamplePaper
from digest.model import AnnounceType, Reading

_ATOM = "http://www.w3.org/2005/Atom"
_ARXIV = "http://arxiv.org/schemas/atom"
_DC = "http://purl.org/dc/elements/1.1/"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_EASTERN = ZoneInfo("America/New_York")
_TYPE_ORDER = tuple(AnnounceType)


def arxiv_rss(category: str, papers: Iterable[SamplePaper], *, day: dt.date) -> bytes:
    """The RSS 2.0 feed of ``category`` as rebuilt at midnight US Eastern on ``day``; without items on a quiet day.

    New papers come first, then cross-lists, replacements and replaced cross-lists.
    """
    midnight = dt.datetime.combine(day, dt.time(), _EASTERN)
    rss = etree.Element("rss", nsmap={"arxiv": _ARXIV, "dc": _DC, "atom": _ATOM}, version="2.0")
    channel = etree.SubElement(rss, "channel")
    link = f"http://rss.arxiv.org/rss/{category}"
    _text(channel, "title", f"{category} updates on arXiv.org")
    _text(channel, "link", link)
    _text(channel, "description", f"{category} updates on the arXiv.org e-print archive.")
    etree.SubElement(channel, f"{{{_ATOM}}}link", href=link, rel="self", type="application/rss+xml")
    _text(channel, "docs", "http://www.rssboard.org/rss-specification")
    _text(channel, "language", "en-us")
    _text(channel, "lastBuildDate", format_datetime(midnight.astimezone(dt.UTC)))
    _text(channel, "managingEditor", "rss-help@arxiv.org")
    _text(channel, "pubDate", format_datetime(midnight))
    skipped = etree.SubElement(channel, "skipDays")
    for name in ("Sunday", "Saturday"):
        _text(skipped, "day", name)

    announced = [(kind, paper) for paper in papers if (kind := _announced_as(paper, category, day))]
    for kind, paper in sorted(announced, key=lambda pair: (_TYPE_ORDER.index(pair[0]), pair[1].id)):
        _rss_item(channel, paper, kind, midnight)
    return _document(rss)


def _announced_as(paper: SamplePaper, category: str, day: dt.date) -> AnnounceType | None:
    if category not in paper.categories:
        return None
    primary = category == paper.categories[0]
    if paper.announced_on == day:
        return AnnounceType.NEW if primary else AnnounceType.CROSS
    if paper.replaced and paper.replaced.announced_on == day:
        return AnnounceType.REPLACE if primary else AnnounceType.REPLACE_CROSS
    return None


def _rss_item(channel: etree._Element, paper: SamplePaper, kind: AnnounceType, midnight: dt.datetime) -> None:
    replaced = kind in {AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS}
    version = paper.replaced.version if replaced and paper.replaced else paper.version
    item = etree.SubElement(channel, "item")
    _text(item, "title", paper.title)
    _text(item, "link", f"https://arxiv.org/abs/{paper.id}")
    _text(item, "description", f"arXiv:{paper.id}v{version} Announce Type: {kind} \nAbstract: {paper.abstract}")
    _text(item, "guid", f"oai:arXiv.org:{paper.id}v{version}").set("isPermaLink", "false")
    for category in paper.categories:
        _text(item, "category", category)
    _text(item, "pubDate", format_datetime(midnight))
    _text(item, f"{{{_ARXIV}}}announce_type", kind)
    _text(item, f"{{{_DC}}}rights", paper.license)
    _text(item, f"{{{_DC}}}creator", ", ".join(paper.authors_tex or paper.authors))


def arxiv_api(
    papers: Iterable[SamplePaper],
    *,
    since: dt.date,
    before: dt.date,
    categories: Collection[str] = (),
    start: int = 0,
    max_results: int = 100,
) -> bytes:
    """A page of the Atom feed with papers announced from ``since`` up to the day before ``before``, newest first.

    Replacements announced later than that are not in it yet. ``categories`` narrows it as ``cat:`` terms do.
    """
    found = [paper for paper in papers if since <= paper.announced_on < before]
    if categories:
        found = [paper for paper in found if not set(categories).isdisjoint(paper.categories)]
    found.sort(key=lambda paper: (paper.published_on, paper.id), reverse=True)

    query = " OR ".join(f"cat:{category}" for category in categories)
    feed = etree.Element("feed", nsmap={None: _ATOM, "opensearch": _OPENSEARCH, "arxiv": _ARXIV})
    _text(feed, _atom("id"), "https://arxiv.org/api/paper-digest-demo")
    _text(feed, _atom("title"), f"arXiv Query: search_query={query}&id_list=&start={start}&max_results={max_results}")
    _text(feed, _atom("updated"), _midnight(before))
    for name, number in (("itemsPerPage", max_results), ("totalResults", len(found)), ("startIndex", start)):
        _text(feed, f"{{{_OPENSEARCH}}}{name}", str(number))
    for paper in found[start : start + max_results]:
        _atom_entry(feed, paper)
    return _document(feed)


def _atom_entry(feed: etree._Element, paper: SamplePaper) -> None:
    named = f"{paper.id}v{paper.version}"
    entry = etree.SubElement(feed, _atom("entry"))
    _text(entry, _atom("id"), f"http://arxiv.org/abs/{named}")
    _text(entry, _atom("title"), paper.title)
    _text(entry, _atom("updated"), _midnight(paper.published_on))
    alternate = {"href": f"https://arxiv.org/abs/{named}", "rel": "alternate", "type": "text/html"}
    etree.SubElement(entry, _atom("link"), alternate)
    related = {"href": f"https://arxiv.org/pdf/{named}", "rel": "related", "type": "application/pdf", "title": "pdf"}
    etree.SubElement(entry, _atom("link"), related)
    _text(entry, _atom("summary"), paper.abstract)
    for category in paper.categories:
        etree.SubElement(entry, _atom("category"), term=category, scheme=_ARXIV)
    _text(entry, _atom("published"), _midnight(paper.published_on))
    if paper.comment:
        _text(entry, f"{{{_ARXIV}}}comment", paper.comment)
    etree.SubElement(entry, f"{{{_ARXIV}}}primary_category", term=paper.categories[0])
    for author in paper.authors:
        _text(etree.SubElement(entry, _atom("author")), _atom("name"), author)


def hf_daily(
    day: dt.date, papers: Iterable[SamplePaper], votes: Mapping[str, Sequence[Reading]], *, as_of: dt.datetime
) -> bytes:
    """The JSON list of ``day`` at the moment ``as_of``, most votes first.

    A paper is on the list from its first reading on, with the votes of its last reading up to ``as_of``.
    """
    listed: list[tuple[int, SamplePaper, Listing]] = []
    for paper in papers:
        readings = [reading for reading in votes.get(paper.id, ()) if reading.observed_at <= as_of]
        if paper.listing and paper.listing.listed_on == day and readings:
            listed.append((round(readings[-1].value), paper, paper.listing))
    listed.sort(key=lambda row: (-row[0], row[1].id))
    items = [_hf_item(paper, listing, upvotes) for upvotes, paper, listing in listed]
    return json.dumps(items, ensure_ascii=False).encode()


def _hf_item(paper: SamplePaper, listing: Listing, upvotes: int) -> dict[str, object]:
    said: dict[str, object] = {
        "title": listing.title or paper.title,
        "summary": paper.abstract,
        "publishedAt": _midnight(paper.published_on, millis=True),
    }
    inner: dict[str, object] = {
        "id": paper.id,
        "authors": [{"name": name, "hidden": False} for name in listing.authors or paper.authors],
        "submittedOnDailyAt": _midnight(listing.listed_on, millis=True),
        "upvotes": upvotes,
        **said,
    }
    if listing.code:
        inner |= {"githubRepo": listing.code, "githubStars": listing.stars}
    outer: dict[str, object] = {"paper": inner, **said}
    if listing.comments is not None:
        outer["numComments"] = listing.comments
    return outer


def _midnight(day: dt.date, *, millis: bool = False) -> str:
    """ISO 8601 with a final Z, as both providers write it; the sample knows days only."""
    return f"{day.isoformat()}T00:00:00{'.000' if millis else ''}Z"


def _atom(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _text(parent: etree._Element, tag: str, text: str) -> etree._Element:
    child = etree.SubElement(parent, tag)
    child.text = text
    return child


def _document(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
