"""arXiv's daily announcements: RSS 2.0 and Atom of rss.arxiv.org, and the RDF form (RSS 1.0) used until January 2024.

Specification: https://info.arxiv.org/help/rss_specifications.html. What it does not say: authors are one string,
split at commas that stand outside parentheses (affiliations) and braces (TeX accents); old items carry version,
category and announcement type in the title, and HTML elsewhere.
"""

from __future__ import annotations

import datetime as dt
import re

from lxml import etree

from digest.catalog.identifiers import arxiv_version, url_of
from digest.catalog.identifiers import parse as parse_identifier
from digest.model import AnnounceType, Batch, Entry, Rejection, Scheme
from digest.sources.entries import collect, make_entry, rejection_id
from digest.sources.markup import fields_of, read_document, text_of
from digest.sources.text import from_html, instant

SOURCE = "arxiv"
LABEL = "arXiv"
LIMIT = 2_000
"""Items in one feed at most, the newest last: a longer day is cut at its most interesting end."""

_PREFIX = re.compile(r"\s*arXiv:\S{1,60}\s+Announce Type:\s*([a-z-]{1,20})\s*(?:Abstract:\s*)?")
_OLD_TITLE = re.compile(r"^(.*?)\s*\(arXiv:(\S{5,40})\s+\[([\w.-]{1,30})\]\s*(UPDATED|CROSS LISTED)?\)\s*$", re.DOTALL)
_OLD_TYPES = {None: AnnounceType.NEW, "UPDATED": AnnounceType.REPLACE, "CROSS LISTED": AnnounceType.CROSS}
_SUFFIXES = {"Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"}
_MAX_CREATORS = 500_000


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """Announced papers in feed order; ``announced`` counts the feed's items.

    The key is the OAI name without version (``oai:arXiv.org:2305.10430``), so that a replacement updates its entry.

    Raises:
        SourceError: not a feed at all.
    """
    document = read_document(data, source=SOURCE, label=LABEL)
    channel = next(document.root.iter("{*}channel"), document.root)
    fields = fields_of(channel)
    published = instant(text_of(fields.get("pubDate")) or text_of(fields.get("date")))
    return collect(
        (_entry(item, published) for item in document.items), rejected=document.rejected, whole=document.whole
    )


def _entry(item: etree._Element, feed_date: dt.datetime | None) -> Entry | Rejection:
    fields = fields_of(item)
    title = text_of(fields.get("title"))
    description = text_of(fields.get("description") or fields.get("summary"))
    name = text_of(fields.get("guid") or fields.get("id")) or _about(item) or _link(fields)
    old = _OLD_TITLE.match(title[:20_000])
    if old:
        title, name, description = old[1].removesuffix("."), old[2], from_html(description)
    identifier = parse_identifier(name)
    if identifier is None or identifier.scheme is not Scheme.ARXIV:
        return Rejection(rejection_id(name or title), "no arXiv id")
    prefix = _PREFIX.match(description)
    dated = text_of(fields.get("pubDate") or fields.get("published"))
    creators = fields.get("creator", []) or fields.get("author", [])
    return make_entry(
        source=SOURCE,
        key=f"oai:arXiv.org:{identifier.value}",
        title=title,
        spellings=[str(identifier), *(doi for field in fields.get("DOI", []) for doi in (field.text or "").split())],
        abstract=description[prefix.end() :] if prefix else description,
        authors=[name for creator in creators for name in split_creators(_creator(creator, html=bool(old)))],
        categories=[old[3]] if old else [c.get("term") or c.text or "" for c in fields.get("category", [])],
        url=url_of(identifier),
        announced_at=instant(dated) or feed_date,
        version=arxiv_version(name),
        announce_type=_OLD_TYPES[old[4]]
        if old
        else _type(text_of(fields.get("announce_type")) or (prefix[1] if prefix else "")),
        journal_ref=text_of(fields.get("journal_reference")),
    )


def _about(item: etree._Element) -> str:
    return next((value for name, value in item.items() if name.endswith("}about")), "")


def _link(fields: dict[str, list[etree._Element]]) -> str:
    links = fields.get("link", [])
    return next((found for link in links if (found := link.get("href") or (link.text or "").strip())), "")


def _type(text: str) -> AnnounceType | None:
    try:
        return AnnounceType(text)
    except ValueError:
        return None


def _creator(element: etree._Element, *, html: bool) -> str:
    text = "".join(element.itertext())[:_MAX_CREATORS]
    return from_html(text) if html else text


def split_creators(text: str) -> list[str]:
    """Author names of one ``dc:creator``, in order, without affiliations; TeX is left alone.

    ``Li Wei (MIT, USA), Przemys{\\l}aw Nowak, A. Cunha, Jr`` gives three names. A parenthesis inside a name stays:
    ``Xin (Jason) Wang``.
    """
    pieces = _split_at_commas(text, brackets="(){}")
    if pieces is None:  # unbalanced: better an affiliation among the names than half of the names in an affiliation
        pieces = text.replace("(", ",(").split(",")
    names: list[str] = []
    for piece in pieces:
        name = _without_affiliation(" ".join(piece.split()).removeprefix("and "))
        if name in _SUFFIXES and names:
            names[-1] += f" {name}"
        elif name and not name.startswith("("):
            names.append(name)
    return names


def _split_at_commas(text: str, *, brackets: str) -> list[str] | None:
    """Split at commas outside all brackets; None if the brackets do not match up."""
    pieces, start, depth = [], 0, 0
    for at, character in enumerate(text):
        if character in brackets and text[at - 1 : at] != "\\":
            depth += 1 if brackets.index(character) % 2 == 0 else -1
            if depth < 0:
                return None
        elif character == "," and depth == 0:
            pieces.append(text[start:at])
            start = at + 1
    return None if depth else [*pieces, text[start:]]


def _without_affiliation(name: str) -> str:
    """Drop parentheses at the end of a name, however they are nested."""
    while name.endswith(")"):
        depth = 0
        for at in range(len(name) - 1, -1, -1):
            depth += (name[at] == ")") - (name[at] == "(")
            if depth == 0:
                name = name[:at].rstrip()
                break
        else:
            return name
    return name
