"""XML from strangers → its items, each on its own: a broken one never takes the others with it.

A well-formed document is parsed at once. Anything else is cut at its item tags and every piece is parsed alone, so
that a response that breaks off still gives every complete item before the break. Entities may not be declared at all
(billion laughs, external files); no DTD is loaded, nothing is fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5

from lxml import etree

from digest.errors import SourceError
from digest.model import Rejection
from digest.sources.entries import MAX_TITLE, rejection_id
from digest.sources.text import decode

MAX_ITEM = 1_000_000
"""Characters in one item: ten times the longest abstract and author list together."""

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 section 2.2 does not allow in a document, …"""
_NUMBERED = re.compile(r"&#(?:x([0-9A-Fa-f]{1,20})|([0-9]{1,20}));")
"""… and how the same characters are smuggled in as references."""

_ROOT_END = r"</(?:\w{1,20}:)?(?:%s)\s*>\s*(?:<!--[^>]*-->\s*)?$"
_START = r"<(?:\w{1,20}:)?(?:%s)(?=[\s>])[^>]*>"
_END = r"</(?:\w{1,20}:)?(?:%s)\s*>"
_NAME = r"<(?:\w{1,20}:)?(?:%s)\b[^>]*>\s*([^<\s][^<]{0,300})"
_TITLE = r"<(?:\w{1,20}:)?(?:%s)\b[^>]*>([^<]*)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A kind of document: the local names of its root, of its items, and of what names and titles an item.

    ``noun`` is what people call such a document.
    """

    noun: str
    roots: tuple[str, ...]
    items: tuple[str, ...]
    names: tuple[str, ...]
    titles: tuple[str, ...] = ("title",)

    def pattern(self, form: str, tags: tuple[str, ...]) -> re.Pattern[str]:
        """One of the expressions above, for some of the tags."""
        return _compiled(form, tags)

    @property
    def paths(self) -> tuple[str, ...]:
        """The items' tags in any namespace."""
        return tuple(f"{{*}}{item}" for item in self.items)


@lru_cache(maxsize=64)
def _compiled(form: str, tags: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(form % "|".join(tags))


FEED = Shape(noun="a feed", roots=("rss", "RDF", "feed"), items=("item", "entry"), names=("guid", "id", "link"))
"""RSS, RDF and Atom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document: its root with all items that could be read in it, these items, and whether it came to the end."""

    root: etree._Element
    items: tuple[etree._Element, ...]
    rejected: tuple[Rejection, ...] = ()
    whole: bool = True


def read_document(data: bytes, *, source: str, label: str, shape: Shape = FEED) -> Document:
    """The items of a document; by default an RSS, RDF or Atom feed.

    Args:
        source, label: who sent it, for the program and for people.

    Raises:
        SourceError: it has another shape, it is empty, or it declares entities.
    """
    text = _ILLEGAL.sub(" ", _DECLARATION.sub("", decode(data), count=1))
    text = _NUMBERED.sub(_legal, text)
    if not text.strip():
        raise SourceError(source, f"{label} sent an empty answer")
    try:
        root = _xml(text)
    except (etree.XMLSyntaxError, ValueError):
        return _salvage(text, source=source, label=label, shape=shape)
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise _entities_refused(source, label)
    if local_name(root) not in shape.roots:
        raise _other_shape(text, source, label, shape)
    return Document(root=root, items=tuple(root.iter(*shape.paths)))


def _legal(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    return " " if code > 0x10FFFF or _ILLEGAL.match(chr(code)) else found[0]


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; empty for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def fields_of(element: etree._Element) -> dict[str, list[etree._Element]]:
    """An element's children by local name, in document order."""
    fields: dict[str, list[etree._Element]] = {}
    for child in element:
        fields.setdefault(local_name(child), []).append(child)
    return fields


def text_of(elements: list[etree._Element] | None) -> str:
    """All text inside the first of some elements; empty if there is none."""
    if not elements:
        return ""
    first = elements[0]
    return ("".join(first.itertext()) if len(first) else first.text or "").strip()


def _xml(text: str, *, recover: bool = False) -> etree._Element:
    """Parse text as bytes: lxml looks for an encoding declaration in a ``str`` with a regex of quadratic cost.

    Raises:
        etree.XMLSyntaxError, ValueError, AttributeError: not well-formed, or nothing there.
    """
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(text.encode("utf-8", "replace"), parser)


def _salvage(text: str, *, source: str, label: str, shape: Shape) -> Document:
    """What can be had from a document that is not well-formed: every item that is, by itself."""
    if "<!ENTITY" in text and "<!DOCTYPE" in text:
        raise _entities_refused(source, label)
    opening = shape.pattern(_START, shape.roots).search(text)
    if opening is None:
        raise _other_shape(text, source, label, shape)
    starts = [found.start() for found in shape.pattern(_START, shape.items).finditer(text, opening.end())]
    if not starts:
        raise SourceError(source, f"{label} sent {shape.noun} that is broken before its first item")
    root = _xml(text[opening.start() : starts[0]][:MAX_ITEM], recover=True)
    whole = shape.pattern(_ROOT_END, shape.roots).search(text[-500:]) is not None
    pieces = [text[start:following] for start, following in zip(starts, [*starts[1:], None], strict=True)]
    read = [_item(opening[0], piece, shape) for piece in pieces]
    items = [item for item in read if not isinstance(item, Rejection)]
    rejected = [item for item in read if isinstance(item, Rejection)]
    if not whole:
        if shape.pattern(_END, shape.items).search(pieces[-1]):
            rejected.append(Rejection("end of document", "cut off: the answer breaks off here"))
        else:
            rejected[-1] = Rejection(rejected[-1].id, "cut off: the answer breaks off in the middle of this item")
    parent = next(root.iter("{*}channel"), root) if local_name(root) == "rss" else root
    parent.extend(items)
    return Document(root=root, items=tuple(items), rejected=tuple(rejected), whole=whole)


def _item(root_tag: str, piece: str, shape: Shape) -> etree._Element | Rejection:
    """One item parsed inside a copy of its root tag, which declares the namespaces."""
    named = next((found for name in shape.names if (found := shape.pattern(_NAME, (name,)).search(piece))), None)
    name = rejection_id(named[1]) if named else "(no id)"
    end = shape.pattern(_END, shape.items).search(piece)
    if end is None:
        return Rejection(name, "this item does not end")
    if end.start() > MAX_ITEM:
        title = shape.pattern(_TITLE, shape.titles).search(piece)
        long_title = title is not None and len(title[1]) > MAX_TITLE
        return Rejection(
            name,
            f"{'title' if long_title else 'item'} longer than {MAX_TITLE if long_title else MAX_ITEM:,} characters",
        )
    wrapped = f"{root_tag}{piece[: end.end()]}</{root_tag[1:-1].split(maxsplit=1)[0]}>"
    for attempt in (wrapped, _REFERENCE.sub(_mended, wrapped)):
        try:
            return next(iter(_xml(attempt).iter(*shape.paths)))
        except (etree.XMLSyntaxError, ValueError, AttributeError, StopIteration) as error:
            reason = " ".join(str(error).split())[:100]
    return Rejection(name, f"not well-formed XML: {reason}")


_REFERENCE = re.compile(r"&(#?[A-Za-z0-9]{1,31};)?")


def _mended(found: re.Match[str]) -> str:
    """A stray ampersand escaped, and HTML's named characters, which XML does not know, written out."""
    name = found[1]
    if name is None:
        return "&amp;"
    if name.startswith("#") or name in ("amp;", "lt;", "gt;", "quot;", "apos;"):
        return found[0]
    return html5.get(name, f"&amp;{name}")


def _entities_refused(source: str, label: str) -> SourceError:
    return SourceError(
        source, f"{label} sent XML that declares entities; refused, since no real feed does and attacks do"
    )


def _other_shape(text: str, source: str, label: str, shape: Shape) -> SourceError:
    if re.search(r"<(?:!doctype\s+)?html", text[:2_000], re.IGNORECASE):
        return SourceError(source, f"{label} sent a web page, not {shape.noun}")
    return SourceError(source, f"{label} sent something that is not {shape.noun}")
