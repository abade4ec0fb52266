"""Any other feed: RSS and Atom in all their dialects through feedparser, and JSON Feed 1.1.

feedparser gets only what :mod:`digest.sources.markup` has vetted and written anew, as bytes in memory: given a
string, it would take it for an address or a file name. A DOI or an arXiv link in an item is the paper's identifier;
else the item's own address is.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lxml import etree

from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection
from digest.sources.arxiv_rss import split_creators
from digest.sources.base import FetchRequest, Page
from digest.sources.entries import collect, make_entry
from digest.sources.loose_json import first_text, mapping, names, read_json, sequence, text
from digest.sources.markup import read_document
from digest.sources.pace import Provider
from digest.sources.text import from_html, instant

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

SOURCE = "feed"
LABEL = "The feed"


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The items of a feed, with ``feed`` as their source; the key is the item's own id, else its link.

    There is no ``announced_at``: a feed holds its archive too, so a paper is as old as its own date says.

    Raises:
        SourceError: not a feed.
    """
    return parse_feed(data, source=SOURCE, label=LABEL)


def parse_feed(data: bytes, *, source: str, label: str) -> Batch:
    """The items of a feed, for a source of any name; see :func:`parse`."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _parse_json(data, source=source, label=label)
    import feedparser

    document = read_document(data, source=source, label=label)
    vetted = io.BytesIO(etree.tostring(document.root, encoding="utf-8", xml_declaration=True))
    parsed = feedparser.parse(vetted, sanitize_html=False, resolve_relative_uris=False)
    items = [dict(item) for item in parsed.entries]
    lost = len(document.items) - len(items)
    rejected = [*document.rejected, *(Rejection("(unknown)", "not a feed item") for _ in range(lost))]
    return collect((_entry(item, source) for item in items), rejected=rejected, whole=document.whole)


def _entry(item: Mapping[str, object], source: str) -> Entry | Rejection:
    links = [
        text(mapping(link).get("href"))
        for link in sequence(item.get("links"))
        if mapping(link).get("rel") != "enclosure"
    ]
    link, name = text(item.get("link")), text(item.get("id"))
    content = [text(mapping(one).get("value")) for one in sequence(item.get("content"))]
    return make_entry(
        source=source,
        key=name or link,
        title=_title(text(item.get("title"))),
        spellings=_papers_first([*(text(item.get(key)) for key in ("prism_doi", "dc_identifier")), name, link, *links]),
        abstract=from_html(text(item.get("summary")) or "".join(content[:1])),
        authors=_authors(names(item.get("authors")) or [text(item.get("author"))]),
        categories=[text(mapping(tag).get("term")) for tag in sequence(item.get("tags"))],
        url=link,
        published_at=_when(item),
    )


def _title(markup: str) -> str:
    """A title's tags are taken out only if it is short enough to be one."""
    return from_html(markup) if len(markup) <= 20_000 else markup


def _when(item: Mapping[str, object]) -> dt.datetime | None:
    """feedparser gives nine numbers in UTC, which may still be no date."""
    for key in ("published_parsed", "updated_parsed"):
        parts = item.get(key)
        if isinstance(parts, tuple):
            year, month, day, hour, minute, second = parts[:6]
            return instant(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{min(second, 59):02}+00:00")
    return None


def _papers_first(spellings: list[str]) -> Iterator[str]:
    """Names of papers before mere addresses; of the addresses only the first, since the others are just more views."""
    from digest.catalog.identifiers import parse as parse_identifier
    from digest.model import Scheme

    found = [(spelling, identifier) for spelling in spellings if (identifier := parse_identifier(spelling))]
    papers = [spelling for spelling, identifier in found if identifier.scheme is not Scheme.URL]
    return iter(papers or [spelling for spelling, _ in found][:1])


def _authors(written: list[str]) -> list[str]:
    """Some feeds put all names into one author."""
    return split_creators(written[0]) if len(written) == 1 else written


def _parse_json(data: bytes, *, source: str, label: str) -> Batch:
    """JSON Feed, https://www.jsonfeed.org/version/1.1/."""
    feed = mapping(read_json(data, source=source, label=label))
    if "jsonfeed.org/version/" not in text(feed.get("version")):
        raise SourceError(source, f"{label} sent JSON that is not a JSON Feed")
    return collect(_json_entry(mapping(item), source) for item in sequence(feed.get("items")))


def _json_entry(item: Mapping[str, object], source: str) -> Entry | Rejection:
    link, name = first_text(item, "url", "external_url"), text(item.get("id"))
    published = instant(first_text(item, "date_published", "date_modified"))
    return make_entry(
        source=source,
        key=name or link,
        title=text(item.get("title")),
        spellings=_papers_first([name, link, text(item.get("external_url"))]),
        abstract=first_text(item, "summary", "content_text") or from_html(text(item.get("content_html"))),
        authors=names(item.get("authors")) or names([item.get("author")]),
        categories=[text(tag) for tag in sequence(item.get("tags"))],
        url=link,
        published_at=published,
    )


class FeedSource:
    """One feed, asked conditionally; what its server remembers of us is an ETag."""

    def __init__(self, url: str, *, name: str, pace_s: float = 1.0) -> None:
        self._url = url
        self._name = name
        host = urlsplit(url).hostname or url
        self._provider = Provider(source=name, label=host, host=host, pace_key=host, pace_s=pace_s)

    @property
    def name(self) -> str:
        return self._name

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """One page: the feed as it is now. Back-filling is not a thing that feeds can do."""
        answer = await client.get(self._url, self._provider)
        if answer.not_modified:
            yield Page(batch=Batch(entries=(), announced=0), not_modified=True)
            return
        batch = await answer.parsed(lambda data: parse_feed(data, source=self._name, label=self._provider.label))
        broken_off = batch.announced is None
        yield Page(batch=batch, validators=() if broken_off else answer.validators)
        if broken_off:
            raise SourceError(self._name, f"{self._provider.label} broke off in the middle of its feed")
