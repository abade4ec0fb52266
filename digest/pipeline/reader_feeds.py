"""A reader's own feed: the editions that went to them, at an address that nobody can guess and that they can change.

The address is a right to read, not to act: its token is none of those in mails, and nothing in the feed leads to one.
It is made of a random name, which the store knows, and a proof, which only who has the ring of keys can make: a copy
of the database alone opens no feed. A reader has none until they ask for one, and asking again ends the old one.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from digest.editions.recipe import Recipe
from digest.keyring import KeyRing
from digest.model import EditionKey, Paper, Pick, ReaderState
from digest.pipeline.rooms import Rooms
from digest.store.feed_addresses import FeedAddressStore

MOST_EDITIONS = 20
_TOKEN = re.compile("([a-z2-7]{16})([a-z2-7]{26})", re.ASCII)
_READING = (ReaderState.ACTIVE, ReaderState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEdition:
    """What one mail said, without anything that is its reader's own right."""

    key: EditionKey
    subject: str
    sent_at: dt.datetime
    picks: tuple[tuple[Pick, Paper], ...]


class ReaderFeeds:
    def __init__(self, rooms: Rooms, ring: KeyRing) -> None:
        self._rooms, self._ring = rooms, ring
        self._addresses = FeedAddressStore(rooms.db)

    def token(self, reader_id: str) -> str | None:
        """What the address of a reader's feed is made of; None if they have not asked for one."""
        name = self._addresses.name(reader_id)
        return self._token(name, reader_id) if name is not None else None

    def renew(self, reader_id: str) -> str:
        """A new token; the one before it opens nothing any more.

        Raises:
            NotFound: no such reader.
        """
        return self._token(self._addresses.renew(reader_id, now=self._rooms.clock()), reader_id)

    def close(self, reader_id: str) -> None:
        """No feed any more."""
        self._addresses.close(reader_id)

    def reader(self, token: str) -> str | None:
        """Whose feed this is; None if nobody's, and for who does not read any more."""
        found = _TOKEN.fullmatch(token)
        reader_id = self._addresses.reader(found[1]) if found is not None else None
        if found is None or reader_id is None or not hmac.compare_digest(self._token(found[1], reader_id), token):
            return None
        known = self._rooms.subscribers.get(reader_id)
        return reader_id if known.state in _READING else None

    def editions(self, reader_id: str) -> Sequence[SentEdition]:
        """The last that went out, the newest first; those whose text was pruned are left out."""
        sent = []
        for one in reversed(self._rooms.outbox.frozen([reader_id])):
            replay = self._rooms.outbox.replay(reader_id, one.key.date) if one.has_recipe else None
            if replay is None:
                continue
            recipe = Recipe.from_bytes(replay.recipe)
            at = one.sent_at or dt.datetime.combine(one.key.date, dt.time(), dt.UTC)
            sent.append((one.key, recipe, at))
            if len(sent) == MOST_EDITIONS:
                break
        papers = self._rooms.papers.get({pick.paper_id for _, recipe, _ in sent for pick in recipe.picks})
        return [
            SentEdition(
                key=key,
                subject=recipe.subject,
                sent_at=at,
                picks=tuple((pick, papers[pick.paper_id]) for pick in recipe.picks if pick.paper_id in papers),
            )
            for key, recipe, at in sent
        ]

    def _token(self, name: str, reader_id: str) -> str:
        return name + self._ring.token("feed", name, reader_id)
