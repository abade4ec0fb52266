"""Editions that went out, as static pages: written once each, with an index a reader, and never left half done.

    private   DIR/index.html, DIR/READER/index.html, DIR/READER/2026-05-25.html
    public    DIR/r/TOKEN/index.html and feed.xml, DIR/e/TOKEN.html; nothing leads from one to another but the index

Public means that ``site.archive_url`` says where the folder is served. A page's token is an HMAC under the store's
oldest key, so it is the same for the mail that links to it and for the page, and nobody can guess it. A page is written
beside its place and moved there, and what is there is not written again: an archive that was killed goes on.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest.editions.archive import page, title_of
from digest.editions.links import archived_at
from digest.editions.recipe import Recipe
from digest.errors import DigestError
from digest.keyring import KeyRing
from digest.languages import ENGLISH, language
from digest.model import EditionKey
from digest.pipeline.rooms import Rooms
from digest.reports import archive as drawn
from digest.store.outbox import Frozen

TITLE_WITHIN = 20_000
"""Characters of a page in which its title is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One reader's part of the archive. ``url`` is its index on the web, None in a private archive."""

    reader: str
    index: Path
    url: str | None
    editions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What one run did; ``failed`` has the editions of which no page could be made, with the reason."""

    written: int
    kept: int
    failed: tuple[tuple[EditionKey, str], ...]
    shelves: tuple[Shelf, ...]


class Archive:
    """Where pages go, and under which names."""

    def __init__(self, folder: Path, *, site: str, url: str | None, ring: KeyRing) -> None:
        self.folder, self.site, self.url = folder, site, url
        self._ring = ring

    def edition(self, key: EditionKey) -> str:
        """The page of an edition, relative to the folder."""
        return archived_at(self._ring, key) if self.url else f"{key.subscriber_id}/{key.date}.html"

    def shelf(self, reader: str) -> str:
        """A reader's own folder, relative to the folder."""
        return f"r/{self._ring.token('reader', reader)}" if self.url else reader

    def address(self, path: str) -> str | None:
        return f"{self.url.rstrip('/')}/{path}" if self.url else None


def archive(
    rooms: Rooms,
    place: Archive,
    *,
    readers: Sequence[str] = (),
    since: dt.date | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Archived:
    """Write the pages that are missing, of some readers or all, and every index that they change.

    Raises:
        OSError: the folder can't be written.
    """
    frozen = rooms.outbox.frozen(readers)
    wanted = [one for one in frozen if one.has_recipe and (since is None or one.key.date >= since)]
    written, kept, failed = 0, 0, []
    for done, one in enumerate(wanted, start=1):
        path = place.folder / place.edition(one.key)
        if path.exists():
            kept += 1
        else:
            try:
                put(path, _page(rooms, place, one))
                written += 1
            except (DigestError, ValueError) as error:
                failed.append((one.key, str(error)))
        progress(done, len(wanted))
    shelves = tuple(_shelves(place, frozen))
    _front(place, shelves, every=not readers)
    return Archived(written=written, kept=kept, failed=tuple(failed), shelves=shelves)


def forget(place: Archive, reader: str, editions: Iterable[dt.date]) -> int:
    """Delete a reader's pages and their index; returns how many files. The front names them until it is drawn again."""
    paths = [place.folder / place.edition(EditionKey(reader, date)) for date in editions]
    shelf = place.folder / place.shelf(reader)
    paths += [shelf / "index.html", shelf / "feed.xml"]
    there = [path for path in dict.fromkeys(paths) if path.exists()]
    for path in there:
        path.unlink()
    if shelf.is_dir() and not any(shelf.iterdir()):
        shelf.rmdir()
    return len(there)


def _page(rooms: Rooms, place: Archive, one: Frozen) -> str:
    replay = rooms.outbox.replay(one.key.subscriber_id, one.key.date)
    if replay is None:
        raise ValueError("its text was pruned meanwhile")
    recipe = Recipe.from_bytes(replay.recipe)
    date = language(ENGLISH).date(one.key.date, "full")
    words = f"From the archive of {place.site}: the edition of {date}, without its reader's own links."
    return page(
        recipe, rooms.fragments.get(recipe.hashes), words=words, back=None if place.url is not None else "index.html"
    )


def _shelves(place: Archive, frozen: Iterable[Frozen]) -> Iterable[Shelf]:
    """Draw each reader's index, of the pages that are there: also of those whose mail was pruned since."""
    by_reader: dict[str, list[Frozen]] = {}
    for one in frozen:
        if (place.folder / place.edition(one.key)).exists():
            by_reader.setdefault(one.key.subscriber_id, []).append(one)
    for reader, editions in sorted(by_reader.items()):
        shelf = place.shelf(reader)
        lines = [
            drawn.Line(
                date=one.key.date,
                subject=_subject(place.folder / place.edition(one.key)),
                href=f"../../{place.edition(one.key)}" if place.url else f"{one.key.date}.html",
                url=place.address(place.edition(one.key)),
                sent_at=one.sent_at,
            )
            for one in sorted(editions, key=lambda one: one.key.date, reverse=True)
        ]
        index = place.folder / shelf / "index.html"
        feed = place.address(f"{shelf}/feed.xml")
        name = place.site if place.url else f"{place.site}: {reader}"
        put(
            index,
            drawn.shelf(name, lines, feed="feed.xml" if feed else None, up=None if place.url else "../index.html"),
        )
        if feed is not None:
            url = place.address(f"{shelf}/index.html")
            assert url is not None
            put(index.with_name("feed.xml"), drawn.feed(name, lines, url=url, feed=feed))
        yield Shelf(reader=reader, index=index, url=place.address(f"{shelf}/index.html"), editions=len(lines))


def _front(place: Archive, shelves: Sequence[Shelf], *, every: bool) -> None:
    """The page in front. A public one names nobody, and stands in every folder that a server might list."""
    if place.url is not None:
        for folder in (place.folder, place.folder / "e", place.folder / "r"):
            put(folder / "index.html", drawn.closed(place.site))
    elif every:
        lines = [(shelf.reader, f"{shelf.reader}/index.html", shelf.editions) for shelf in shelves]
        put(place.folder / "index.html", drawn.front(place.site, lines))


def _subject(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return html.unescape(title_of(file.read(TITLE_WITHIN)))


def put(path: Path, text: str) -> None:
    """Write a file whole or not at all; one that says the same already is left alone."""
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(data)
    beside.replace(path)
