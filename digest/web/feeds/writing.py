"""A feed → bytes: Atom (RFC 4287) by lxml, JSON Feed 1.1 (jsonfeed.org) by orjson.

lxml rather than feedgen: feedgen's last release is of 2023, it has no types, and what it would write is these 40 lines.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import orjson
from lxml import etree

from digest.web.feeds.content import Feed, Item

ATOM_TYPE: Final = "application/atom+xml; charset=utf-8"
JSON_TYPE: Final = "application/feed+json; charset=utf-8"
_ATOM: Final = "http://www.w3.org/2005/Atom"


def atom(feed: Feed) -> bytes:
    """RFC 4287: one author for all, since an item may have none; ``alternate`` links where there are pages."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "updated", _instant(feed.updated))
    _add(etree.SubElement(root, f"{{{_ATOM}}}author"), "name", feed.site)
    _link(root, "self", feed.address, "application/atom+xml")
    _link(root, "alternate", feed.page, "text/html")
    for item in feed.items:
        _entry(root, item)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _entry(root: etree._Element, item: Item) -> None:
    entry = etree.SubElement(root, f"{{{_ATOM}}}entry")
    _add(entry, "id", item.id)
    _add(entry, "title", item.title)
    _add(entry, "published", _instant(item.published))
    _add(entry, "updated", _instant(item.updated))
    for name in item.authors:
        _add(etree.SubElement(entry, f"{{{_ATOM}}}author"), "name", name)
    _link(entry, "alternate", item.address, "text/html")
    _link(entry, "related", item.source, "text/html")
    for tag in item.tags:
        etree.SubElement(entry, f"{{{_ATOM}}}category", term=tag)
    if item.summary:
        _add(entry, "summary", item.summary)
    _add(entry, "content", str(item.html)).set("type", "html")


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{_ATOM}}}{name}")
    child.text = text
    return child


def _link(parent: etree._Element, rel: str, href: str, kind: str) -> None:
    if href:
        etree.SubElement(parent, f"{{{_ATOM}}}link", rel=rel, type=kind, href=href)


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1; what is empty is left out."""
    body: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.address,
        "authors": [{"name": feed.site}],
    }
    items = [_filled(_item(item)) for item in feed.items]
    return orjson.dumps({**_filled(body), "items": items})


def _item(item: Item) -> dict[str, object]:
    return {
        "id": item.id,
        "url": item.address,
        "external_url": item.source,
        "title": item.title,
        "summary": item.summary,
        "content_html": str(item.html),
        "date_published": _instant(item.published),
        "date_modified": _instant(item.updated),
        "authors": [{"name": name} for name in item.authors],
        "tags": list(item.tags),
    }


def _filled(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value or name == "content_html"}


def _instant(at: dt.datetime) -> str:
    """RFC 3339."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
