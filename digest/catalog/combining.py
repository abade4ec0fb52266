"""One provider's entry, told several times → one record.

The same version of a paper stands in several of arXiv's feeds (new here, cross-listed there), and the API tells more of
it than a feed does. So a later telling fills gaps and corrects text, and never takes anything back; telling the same
things again, in any order, changes nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from digest.model import AnnounceType, Entry

_NEWSWORTHY = (AnnounceType.NEW, AnnounceType.CROSS, AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


def combine(known: Entry, told: Entry) -> Entry:
    """The record after ``told``, which has the same source and key as ``known``.

    Text and links are the later ones where given; identifiers and categories are joined; of announcements the most
    newsworthy type and the earliest day stay. A version that was withdrawn stays so, though a feed tells less of it
    than the API; a record without versions is the present state of things. Readings are those of ``told``: they are
    observations, not content.
    """
    return dataclasses.replace(
        told,
        identifiers=tuple(sorted({*known.identifiers, *told.identifiers})),
        abstract=told.abstract or known.abstract,
        authors=told.authors or known.authors,
        categories=_joined(known.categories, told.categories),
        url=told.url or known.url,
        published_at=_first(known.published_at, told.published_at),
        announced_at=_first(known.announced_at, told.announced_at),
        announce_type=_most_newsworthy(known.announce_type, told.announce_type),
        version=told.version or known.version,
        comment=told.comment or known.comment,
        journal_ref=told.journal_ref or known.journal_ref,
        code_url=told.code_url or known.code_url,
        withdrawn=told.withdrawn or (known.withdrawn and told.version is not None and told.version == known.version),
        candidate=known.candidate or told.candidate,
    )


def _joined(known: Iterable[str], told: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *told)))


def _first(known: dt.datetime | None, told: dt.datetime | None) -> dt.datetime | None:
    return min((at for at in (known, told) if at is not None), default=None)


def _most_newsworthy(known: AnnounceType | None, told: AnnounceType | None) -> AnnounceType | None:
    given = [_NEWSWORTHY.index(kind) for kind in (known, told) if kind is not None]
    return _NEWSWORTHY[min(given)] if given else None
