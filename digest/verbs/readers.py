"""Readers: what they do with themselves, what arrives from them, what is kept of them outside the database."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

from digest.composition import Composition
from digest.subscribers import load_subscribers

if TYPE_CHECKING:
    import datetime as dt
    from collections import Counter
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from digest.bibliography import BibEntry
    from digest.bounces import Notice
    from digest.config import Config
    from digest.model import Subscriber
    from digest.pipeline.answers import Taken
    from digest.pipeline.archive import Archived
    from digest.pipeline.correspondence import Correspondence
    from digest.pipeline.library import Suggestion
    from digest.pipeline.mailroom import Handled
    from digest.pipeline.membership import Imported, Membership
    from digest.pipeline.reader_feeds import ReaderFeeds
    from digest.store.erasure import Erased


class Readers(Composition):
    """Verbs about readers, and the mails to them that are no editions."""

    @cached_property
    def members(self) -> Membership:
        """What readers may do with themselves: join, confirm, pause, leave, export, erase …"""
        from digest.pipeline.membership import Membership

        return Membership(self.rooms)

    @cached_property
    def feeds(self) -> ReaderFeeds:
        """Feeds of readers' own editions: a new address, none any more."""
        from digest.pipeline.reader_feeds import ReaderFeeds

        return ReaderFeeds(self.rooms, self.ring)

    @cached_property
    def letters(self) -> Correspondence:
        """Mails to one person that are no editions: asked for at once, sent by :meth:`send_letters`."""
        from digest.pipeline.correspondence import Correspondence

        return Correspondence(self.rooms, self.members, self.ring)

    def send_letters(self, stop: threading.Event | None = None) -> int:
        """Send the letters that are due; returns how many went out. What is refused for now is tried again.

        Raises:
            StoreError: the database cannot be used.
        """
        return self.letters.send(
            composer=lambda: self.composer,
            relays=self.relays,
            postmark=self.postmark,
            stop=(stop or threading.Event()).is_set,
        )

    def subscriber(self, reader: str) -> Subscriber:
        """A reader by id or address, with the settings of the file as it is now, even if it was never stored."""
        from digest.pipeline.readers import reader_named

        return reader_named(self.rooms, self.config, reader)

    def readers(self, only: Sequence[str] = (), *, config: Config | None = None) -> tuple[Subscriber, ...]:
        """The readers of a configuration (this one), or some of them, by id or address."""
        from digest.pipeline.readers import readers

        return readers(self.rooms, config or self.config, only)

    def import_readers(self, path: Path, *, dry_run: bool) -> Imported:
        """Readers of a CSV file.

        Raises:
            ConfigError: with every mistake in it; then nobody was imported.
        """
        from digest.reader_list import read_reader_list

        return self.members.import_list(read_reader_list(path, now=self.clock()), dry_run=dry_run)

    def files_of(self, reader: str) -> Sequence[Path]:
        """The files that declare a reader."""
        files = load_subscribers(self.config.subscribers)
        return [loaded.path for loaded in files.good if loaded.subscriber.id == reader]

    def erase(self, reader: str, *, archives: Sequence[Path] = ()) -> tuple[Erased, int]:
        """Forget a reader (by id), and their pages in these folders of `digest archive`; and how many files."""
        from digest.pipeline.archive import Archive, forget

        site = self.config.site
        erased = self.members.erase(reader)
        places = [Archive(folder, site=site.name, url=site.archive_url, ring=self.ring) for folder in archives]
        return erased, sum(forget(place, reader, erased.editions) for place in places)

    def archive(
        self,
        folder: Path,
        *,
        readers: Sequence[str] = (),
        since: dt.date | None = None,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> Archived:
        """Write the pages that are missing of editions that went out, of some readers (ids or addresses) or all."""
        from digest.pipeline.archive import Archive, archive

        site = self.config.site
        ids = [self.rooms.subscribers.get(reader).subscriber.id for reader in readers]
        place = Archive(folder, site=site.name, url=site.archive_url, ring=self.ring)
        return archive(self.rooms, place, readers=ids, since=since, progress=progress)

    def take_answer(self, data: bytes) -> Taken:
        """What a reader wrote to us, noted if the mail may speak for them."""
        from digest.pipeline.answers import take_answer

        return take_answer(self.rooms, self.ring, data)

    def take_mail(self, data: bytes) -> Handled:
        """One mail that arrived: a bounce, a complaint, an answer, a goodbye. What it changes is committed."""
        from digest.pipeline.mailroom import handle

        handled = handle(self.rooms, self.ring, data)
        if handled.left is not None:
            self.letters.say_goodbye(handled.left.subscriber_id)
            self.send_letters()
        return handled

    def delivery_of(self, notice: Notice) -> int | None:
        """The number of the delivery that a mail proves to be about."""
        from digest.pipeline.mailroom import proven

        sent = proven(self.rooms, self.ring, notice)
        return sent.id if sent else None

    def read_inbox(self, stop: threading.Event | None = None) -> Counter[str] | None:
        """Take in what is new in the mailbox: how many mails were what; None where none is configured.

        Raises:
            TransportError: the mailbox cannot be read. What was taken in before stays so.
        """
        from digest.pipeline.mailroom import read_inbox

        inbox = self.inbox()
        if inbox is None:
            return None
        return read_inbox(inbox, self.take_mail, stop=stop or threading.Event())

    def zotero_library(self, library: str, *, key: str | None, url: str) -> list[BibEntry]:
        """The papers of a Zotero library, such as ``users/12345``."""
        from digest.pipeline.library import zotero_library

        return zotero_library(self.client, library, key=key, url=url)

    def suggest_lanes(self, entries: Sequence[BibEntry], *, offline: bool = False) -> Suggestion:
        """Lanes that a library suggests; papers of which only an id is known are asked for, unless ``offline``."""
        from digest.pipeline.library import suggest_lanes
        from digest.sources.examples import ExampleSource

        asked = ExampleSource(self.config.sources) if self.config.sources.examples and not offline else None
        return suggest_lanes(self.rooms, entries, asked=asked, client=self.client)
