"""JSON Lines: one paper a line, for papers that come from somewhere else, and for saved archives.

    {"id": "2305.10430", "title": "…", "abstract": "…", "authors": ["…"], "categories": ["cs.CV"],
     "published": "2023-05-17"}

Needed are a title and one of ``id``, ``arxiv_id``, ``doi``, ``url``. Several spellings are known for the rest
(below), so that dumps of arXiv and of Hugging Face Daily Papers read as they are; unknown keys are ignored. Counts
of attention become readings, taken when the line says (``snapshot_at``) or else now.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from digest.catalog.identifiers import arxiv_version
from digest.model import AnnounceType, Batch, Entry, Rejection, Signal
from digest.sources.arxiv_rss import split_creators
from digest.sources.entries import collect, make_entry, reading, rejection_id, web_url
from digest.sources.loose_json import first_text, loads, mapping, names, sequence, text
from digest.sources.text import decode, instant

SOURCE = "jsonl"


def parse(data: bytes, *, now: dt.datetime, first_line: int = 1) -> Batch:
    """All papers of a file; empty lines do not count. The key is the first name given: id, arXiv id, DOI or URL."""
    lines = ((number, line.strip()) for number, line in enumerate(decode(data).split("\n"), start=first_line))
    return collect(_entry(line, number, now) for number, line in lines if line)


def _entry(line: str, number: int, now: dt.datetime) -> Entry | Rejection:
    place = f"line {number}"
    try:
        value = loads(line)
    except ValueError as error:
        return Rejection(place, str(error))
    if not isinstance(value, dict):
        return Rejection(place, "not an object")
    item = mapping(value)
    spellings = [name for key in ("arxiv_id", "id", "doi", "url") if (name := text(item.get(key)))]
    if not spellings:
        return Rejection(place, "none of id, arxiv_id, doi, url")
    code_url = web_url(first_text(item, "code_url", "githubRepo"))
    seen_at = _first_instant(item, "snapshot_at", "observed_at") or now
    entry = make_entry(
        source=SOURCE,
        key=first_text(item, "id", "arxiv_id", "doi", "url"),
        title=first_text(item, "title"),
        spellings=spellings,
        abstract=first_text(item, "abstract", "summary"),
        authors=_authors(item.get("authors")),
        categories=[first_text(item, "primary", "primary_category"), *_words(item.get("categories"))],
        url=first_text(item, "url"),
        published_at=_first_instant(item, "published_at", "published", "publishedAt", "created", "pubDate", "date"),
        announced_at=_first_instant(
            item, "announced_at", "announced", "first_announced", "submittedOnDailyAt", "list_date"
        ),
        version=_version(item, spellings),
        announce_type=_announce_type(item),
        comment=first_text(item, "comment", "comments"),
        journal_ref=first_text(item, "journal_ref", "journal-ref"),
        code_url=code_url,
        withdrawn=item.get("withdrawn") is True,
        readings=(
            *reading(Signal.HF_UPVOTES, item.get("upvotes"), seen_at),
            *reading(Signal.HF_COMMENTS, item.get("numComments"), seen_at),
            *(reading(Signal.GITHUB_STARS, item.get("githubStars"), seen_at) if code_url else ()),
        ),
    )
    return Rejection(rejection_id(f"{entry.id} ({place})"), entry.reason) if isinstance(entry, Rejection) else entry


def _authors(value: object) -> list[str]:
    """A list of names or of objects with ``name``, or one string split at semicolons, else at commas or "and"."""
    written = text(value)
    if not written or written.lstrip().startswith("["):
        return names(value)
    if ";" in written:
        return written.split(";")
    return [name for part in split_creators(written) for name in part.split(" and ")]


def _words(value: object) -> list[str]:
    """A list of texts, or one text split at white space and commas."""
    return re.split(r"[\s,]+", text(value)) if text(value) else [text(one) for one in sequence(value)]


def _first_instant(item: Mapping[str, object], *keys: str) -> dt.datetime | None:
    for key in keys:
        if (value := item.get(key)) is not None and (found := instant(text(value))):
            return found
    return None


def _version(item: Mapping[str, object], spellings: list[str]) -> int | None:
    written = text(item.get("version")).lower().removeprefix("v")
    if re.fullmatch(r"[0-9]{1,3}", written):
        return int(written)
    return next((version for spelling in spellings if (version := arxiv_version(spelling))), None)


def _announce_type(item: Mapping[str, object]) -> AnnounceType | None:
    """``announce_type``, or the weightiest of several ``types``: a paper new in one list may be crossed into others."""
    types = {text(item.get("announce_type")), *(text(one) for one in sequence(item.get("types")))}
    return next((kind for kind in AnnounceType if kind.value in types), None)
