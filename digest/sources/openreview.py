"""OpenReview's API 2: notes as JSON (https://docs.openreview.net/reference/api-v2/openapi-definition).

PROVISIONAL: written from the API's own pages and clients; no recorded response was at hand to check it against.

A note's fields are at ``content.X.value`` (in API 1, which still answers for old venues, at ``content.X``); instants
are milliseconds. Withdrawn and desk-rejected submissions stay in the list and say so in their venue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection
from digest.sources.base import Portion
from digest.sources.entries import collect, make_entry, rejection_id
from digest.sources.loose_json import first_text, mapping, read_json, sequence, text
from digest.sources.text import plain

SOURCE = "openreview"
LABEL = "OpenReview"

_GONE = ("withdrawn", "desk_rejected", "desk rejected", "retracted")


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """The submissions of one page; see :func:`parse_page`."""
    return parse_page(data).batch


def parse_page(data: bytes) -> Portion:
    """Submissions of one page; replies (reviews, comments, decisions) are refused. The key is the forum's id.

    Raises:
        SourceError: OpenReview reports an error, or it is no list of notes.
    """
    outer = mapping(read_json(data, source=SOURCE, label=LABEL))
    if said := first_text(outer, "message", "name", "error"):
        raise SourceError(SOURCE, f"{LABEL} said: {plain(said)[:200]}")
    if not isinstance(outer.get("notes"), list):
        raise SourceError(SOURCE, f"{LABEL} sent JSON that is no list of notes")
    notes = sequence(outer.get("notes"))
    total = outer.get("count")
    return Portion(
        batch=collect(_entry(mapping(note)) for note in notes),
        total=total if isinstance(total, int) else None,
    )


def _entry(note: Mapping[str, object]) -> Entry | Rejection:
    key, forum = text(note.get("id")), text(note.get("forum"))
    if forum and key and forum != key:
        return Rejection(rejection_id(key), "a reply (review, comment or decision), not a submission")
    content = {name: _value(value) for name, value in mapping(note.get("content")).items()}
    venue, venue_id = text(content.get("venue")), text(content.get("venueid"))
    created, shown = _instant(note, "pdate", "cdate", "tcdate"), _instant(note, "odate", "pdate", "cdate", "tcdate")
    group = (text(note.get("domain")) or venue_id).partition("/")[0].lower()
    return make_entry(
        source=SOURCE,
        key=key,
        title=text(content.get("title")),
        spellings=[f"openreview:{key}"] if key else [],
        abstract=text(content.get("abstract")),
        authors=[_author(one) for one in sequence(content.get("authors"))],
        categories=[f"openreview/{group}"] if group else [],
        published_at=created,
        announced_at=shown,
        comment=venue,
        code_url=first_text(content, "code", "code_url", "repository"),
        withdrawn=any(word in f"{venue} {venue_id}".lower() for word in _GONE),
    )


def _value(field: object) -> object:
    """``{"value": …}`` of API 2, or the plain value of API 1."""
    return field.get("value") if isinstance(field, dict) else field


def _author(author: object) -> str:
    """A name, or since 2025 at some venues an object with one."""
    return author if isinstance(author, str) else first_text(mapping(author), "fullname", "name")


def _instant(note: Mapping[str, object], *keys: str) -> dt.datetime | None:
    """The first of some instants that is one: milliseconds since 1970, between 1970 and 2200."""
    for key in keys:
        value = note.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 7_258_118_400_000:
            return dt.datetime.fromtimestamp(value / 1000, tz=dt.UTC)
    return None
