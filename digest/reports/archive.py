"""The pages around archived editions: a reader's index and feed, the page in front, and one that says nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from digest.languages import ENGLISH, language
from digest.reports.pages import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One edition in an index; ``url`` is its address on the web, ``sent_at`` when a server took the mail."""

    date: dt.date
    subject: str
    href: str
    url: str | None
    sent_at: dt.datetime | None

    @property
    def day(self) -> str:
        return language(ENGLISH).date(self.date, "full")

    @property
    def updated(self) -> str:
        """RFC 3339, for Atom."""
        at = self.sent_at or dt.datetime.combine(self.date, dt.time(), dt.UTC)
        return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shelf(title: str, lines: Sequence[Line], *, feed: str | None, up: str | None) -> str:
    """One reader's editions, the newest first."""
    return render("archive.html.j2", title=title, lines=lines, feed=feed, up=up)


def feed(title: str, lines: Sequence[Line], *, url: str, feed: str) -> str:
    """The newest editions as Atom (RFC 4287)."""
    return render("archive.xml.j2", title=title, lines=lines[:30], url=url, feed=feed)


def front(title: str, readers: Sequence[tuple[str, str, int]]) -> str:
    """(reader, page, editions) of everybody, for an archive that is nobody else's."""
    return render("archive-readers.html.j2", title=title, readers=readers)


def closed(title: str) -> str:
    """For folders that must not be listed."""
    return render("archive-closed.html.j2", title=title)
