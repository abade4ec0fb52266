"""The one gate through which every parser's items go: cleaned, bounded, or refused with a reason.

    what the item says ──make_entry──▶ Entry | Rejection ──collect──▶ Batch (each key once)

Limits are far above any real paper (the longest author lists have some 5,000 names) and far below what hurts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from digest.catalog.identifiers import parse as parse_identifier
from digest.catalog.identifiers import url_of
from digest.model import AnnounceType, Batch, Entry, Identifier, Reading, Rejection, Signal, Withdrawal
from digest.sources.text import plain

MAX_TITLE = 2_000
MAX_ABSTRACT = 50_000
MAX_NOTE = 4_000
MAX_AUTHORS = 10_000
MAX_NAME = 300
MAX_CATEGORIES = 50
MAX_KEY = 400
MAX_URL = 2_000
_RAW_FACTOR = 10  # white space and tags may fill some of the raw text; more than this is not a title any more


def make_entry(
    *,
    source: str,
    key: str,
    title: str,
    spellings: Iterable[str],
    abstract: str = "",
    authors: Iterable[str] = (),
    categories: Iterable[str] = (),
    url: str | None = None,
    published_at: dt.datetime | None = None,
    announced_at: dt.datetime | None = None,
    version: int | None = None,
    announce_type: AnnounceType | None = None,
    comment: str | None = None,
    journal_ref: str | None = None,
    code_url: str | None = None,
    withdrawn: bool = False,
    readings: tuple[Reading, ...] = (),
) -> Entry | Rejection:
    """An entry from raw fields, or why there can be none.

    ``spellings`` are texts that may name the paper (arXiv ids, DOIs, links), the best first; the ones that
    do not are passed over. ``url`` defaults to the first identifier's own page.
    """
    key = plain(key[:MAX_URL])
    if not key:
        return Rejection(rejection_id(title), "no id")
    if len(title) > MAX_TITLE * _RAW_FACTOR or len(title := plain(title)) > MAX_TITLE:
        return Rejection(rejection_id(key), f"title longer than {MAX_TITLE:,} characters")
    if not title:
        return Rejection(rejection_id(key), "no title")
    identifiers = _identifiers(spellings)
    page = url_of(identifiers[0]) if identifiers else None
    link = page if url == page else web_url(url) or page
    if link is None:
        return Rejection(rejection_id(key), "its id is no arXiv id, DOI or other known name, and it has no web address")
    return Entry(
        source=source,
        key=key if len(key) <= MAX_KEY else "sha256:" + hashlib.sha256(key.encode()).hexdigest(),
        identifiers=identifiers,
        title=title,
        abstract=_cut(abstract, MAX_ABSTRACT),
        authors=_names(authors, MAX_AUTHORS),
        categories=_names(categories, MAX_CATEGORIES),
        url=link,
        published_at=published_at,
        announced_at=announced_at,
        version=version if version is not None and 0 < version < 1000 else None,
        announce_type=announce_type,
        comment=_cut(comment or "", MAX_NOTE) or None,
        journal_ref=_cut(journal_ref or "", MAX_NOTE) or None,
        code_url=web_url(code_url),
        withdrawn=withdrawn or is_withdrawn(abstract, comment),
        readings=readings,
    )


def collect(
    items: Iterable[Entry | Rejection | Withdrawal], *, rejected: Sequence[Rejection] = (), whole: bool = True
) -> Batch:
    """One batch, each key once: of two items with one key the higher version stays, else the first, with all readings.

    Every item is an entry, a withdrawal or a rejection (the doubles too), so that the books can be balanced against the
    raw response. ``whole`` is False when it breaks off; then nobody knows how many items were announced.
    """
    entries: dict[str, Entry] = {}
    withdrawn: dict[Withdrawal, None] = {}
    refused = list(rejected)
    for item in items:
        if isinstance(item, Rejection):
            refused.append(item)
        elif isinstance(item, Withdrawal):
            if item in withdrawn:
                refused.append(Rejection(str(item.identifier), "listed twice: joined with the other"))
            withdrawn[item] = None
        elif (twin := entries.get(item.key)) is None:
            entries[item.key] = item
        else:
            better = item if (item.version or 0) > (twin.version or 0) else twin
            readings = tuple(dict.fromkeys([*twin.readings, *item.readings]))
            entries[item.key] = replace(better, readings=readings)
            refused.append(Rejection(item.key, "listed twice: joined with the other"))
    return Batch(
        entries=tuple(entries.values()),
        rejected=tuple(refused),
        withdrawn=tuple(withdrawn),
        announced=len(entries) + len(withdrawn) + len(refused) if whole else None,
    )


def rejection_id(text: str) -> str:
    """What to call a refused item: one short visible line."""
    return plain(text[:2_000])[:120] or "(no id)"


def reading(signal: Signal, value: object, observed_at: dt.datetime) -> tuple[Reading, ...]:
    """One reading if ``value`` is a believable count, else none."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.0+)?", value):
        value = float(value)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < 1e9
        or not math.isfinite(value)
    ):
        return ()
    return (Reading(signal, float(value), observed_at),)


def web_url(url: str | None) -> str | None:
    """The address if it is a plain http(s) one: ``javascript:`` and friends must not reach a mail."""
    url = (url or "").strip()
    if not url:
        return None
    if len(url) > MAX_URL or not url.isprintable() or _UNFIT_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        return url if parts.scheme.lower() in ("http", "https") and parts.hostname and not parts.username else None
    except ValueError:
        return None


_THING = r"(?:paper|article|submission|manuscript|work|preprint|report|version|arxiv entry)"
_WITHDRAWN_ABSTRACT = re.compile(
    rf"(?:(?:this|the)\s+{_THING}\s+(?:has\s+been|is|was)\s+(?:temporarily\s+|being\s+)?withdrawn|withdrawn\b(?!\s+from\s+the\s+market))",
    re.IGNORECASE,
)
_WITHDRAWN_COMMENT = re.compile(
    rf"(?:this|the)\s+{_THING}\s+(?:has\s+been|is|was)\s+(?:temporarily\s+|being\s+)?withdrawn"
    r"|^\W*(?:paper\s+)?withdrawn\b|\bwithdrawn\s+by\s+(?:the\s+|its\s+)?(?:arxiv|authors?|submitter)",
    re.IGNORECASE,
)


def is_withdrawn(abstract: str, comment: str | None) -> bool:
    """arXiv has no flag for it: the last version's abstract or comment says so in words.

    An abstract counts only when it *begins* so, since papers are also written about withdrawals.
    """
    return bool(
        _WITHDRAWN_ABSTRACT.match(abstract[:300].lstrip(" \t\r\n*[("))
        or _WITHDRAWN_COMMENT.search((comment or "")[:MAX_NOTE])
    )


_WORD = re.compile(r"\w")
_UNFIT_IN_URL = re.compile(r"[\s\"<>\\]")


def _identifiers(spellings: Iterable[str]) -> tuple[Identifier, ...]:
    found = (parse_identifier(spelling) for spelling in list(spellings)[:20])
    return tuple(dict.fromkeys(identifier for identifier in found if identifier is not None))


def _cut(text: str, limit: int) -> str:
    text = plain(text[: limit * 2])
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _names(names: Iterable[str], limit: int) -> tuple[str, ...]:
    cleaned = (plain(name[: MAX_NAME * 2])[:MAX_NAME] for name in names)
    return tuple(dict.fromkeys(name for name in cleaned if _WORD.search(name)))[:limit]
