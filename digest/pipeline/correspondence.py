"""Letters: confirm, known already, the way to one's page, goodbye. Asked for by pages, sent by whoever comes first.

    a form ──▶ letters (one short insert, the same for every address) ──▶ answer to the visitor
                  │
        serve's carrier, the daemon's tick ──▶ whose address is it? ──▶ which letter? ──▶ SMTP, until it is taken

A form's answer cannot tell whether an address is known, in words or in time: nobody has looked yet when it is given.
What is looked up, and sent, comes after it. A relay that is down delays a letter and loses none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from digest.delivery.relays import Relay
from digest.delivery.single import Tried, try_one
from digest.editions.letters import Confirm, Goodbye, WayBack
from digest.editions.message import Composed, Composer
from digest.editions.recipe import assemble
from digest.errors import NotFound, RenderError, StoreError, TransportError
from digest.keyring import KeyRing
from digest.model import DeliveryState, EditionKey, Evidence, JoinOutcome, Letter, ReaderState, Subscriber
from digest.pipeline.desk import site_info
from digest.pipeline.membership import CONFIRM_WITHIN, Membership
from digest.pipeline.postmark import Postmark
from digest.pipeline.rooms import Rooms
from digest.seals import Seals
from digest.store.letters import SENT, LetterStore, WaitingLetter
from digest.store.outbox.suppression import canonical_address
from digest.subscribers import subscriber_from_json, subscriber_to_json

logger = logging.getLogger(__name__)

MOST: Final[Mapping[Letter, tuple[int, dt.timedelta]]] = {
    Letter.CONFIRM: (3, dt.timedelta(days=1)),
    Letter.KNOWN: (1, dt.timedelta(days=1)),
    Letter.LINK: (3, dt.timedelta(days=1)),
    Letter.GOODBYE: (1, dt.timedelta(minutes=10)),
}
"""How many letters of a kind an address is sent in which time: whoever types it in a form may not flood its mailbox."""
KEPT = max(span for _, span in MOST.values())
MOST_ABOUT = 200
"""Characters of an interest that stand in a link."""
SENT_WITHIN = dt.timedelta(days=2)
"""How long a letter is tried."""
_AT_ONCE = 20
_FIRST_WAIT = dt.timedelta(seconds=30)
_LONGEST_WAIT = dt.timedelta(hours=1)
_CONFIRM = "confirm"
TOO_MANY = "this address was written to too often"
GONE_FOR_GOOD = frozenset({DeliveryState.FAILED, DeliveryState.SUPPRESSED})


class Correspondence:
    def __init__(self, rooms: Rooms, members: Membership, ring: KeyRing) -> None:
        self._rooms, self._members = rooms, members
        self._ring, self._seals = ring, Seals(ring)
        self._store = LetterStore(rooms.db)
        self.arrived = threading.Event()
        """Set when this process has put a letter in: whoever sends them here may wait for it."""

    # ── asking: one short transaction each, whatever the address ────────────────────────────────────────────

    def ask_to_join(self, wanted: Subscriber, evidence: Evidence) -> None:
        """Somebody filled in the form; ``wanted.id`` is empty. See :meth:`Membership.join` for what follows."""
        now = self._rooms.clock()
        consent = {"text": evidence.text, "language": evidence.language, "ip": evidence.ip, "at": now.isoformat()}
        body = {"wanted": subscriber_to_json(wanted), "evidence": consent}
        self._put(Letter.JOIN, wanted.email, body=body)

    def ask_for_link(self, address: str) -> None:
        """Somebody lost the way to their page."""
        self._put(Letter.LOST, address, body={"address": address})

    def ask_to_confirm(self, reader_id: str) -> None:
        """After :meth:`Membership.ask_for_address` said ASKED: the letter goes to the address that waits.

        Raises:
            NotFound: nothing of this reader waits to be confirmed.
        """
        wanted = self._members.wanted(reader_id)
        if wanted is None:
            raise NotFound(f"nothing of {reader_id} waits to be confirmed")
        self._put(Letter.CONFIRM, wanted.email, reader_id=reader_id)

    def say_goodbye(self, reader_id: str) -> None:
        """After a leave: the last mail; none to who never confirmed, and is forgotten already."""
        with contextlib.suppress(NotFound):
            self._put(Letter.GOODBYE, self._members.find(reader_id).subscriber.email, reader_id=reader_id)

    def _put(
        self, kind: Letter, address: str, *, reader_id: str | None = None, body: Mapping[str, object] | None = None
    ) -> None:
        now = self._rooms.clock()
        self._store.put(kind, address=address, reader_id=reader_id, body=body, expires_at=now + SENT_WITHIN, now=now)
        self.arrived.set()

    # ── confirming ──────────────────────────────────────────────────────────────────────────────────────────

    def confirmation(self, wanted: Subscriber, *, asked_at: dt.datetime) -> str:
        """The token of a confirmation's link: good for one reader and one address, for three days."""
        text = f"{wanted.id} {self._digest(wanted.email)}"
        return self._seals.seal(_CONFIRM, text, until=asked_at + CONFIRM_WITHIN)

    def confirms(self, token: str) -> tuple[str, str]:
        """(reader's id, digest of the address) that a token was made for.

        Raises:
            TokenError: torn, forged or too old.
        """
        reader_id, _, digest = self._seals.open(_CONFIRM, token, now=self._rooms.clock()).rpartition(" ")
        return reader_id, digest

    def is_for(self, digest: str, address: str) -> bool:
        """Whether a token was made for this address; a reader may have asked for another one since."""
        return digest == self._digest(address)

    def _digest(self, address: str) -> str:
        return self._ring.token(_CONFIRM, canonical_address(address))

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self) -> int:
        """Letters that are still to be sent."""
        return self._store.waiting()

    def send(
        self,
        *,
        composer: Callable[[], Composer],
        relays: Callable[[], Sequence[Relay]],
        postmark: Postmark,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Send what is due; returns how many went out. What fails is logged and tried again.

        Raises:
            StoreError: the database cannot be used.
        """
        sent = 0
        while not stop() and (batch := self._store.claim(_AT_ONCE, now=self._rooms.clock())):
            for letter in batch:
                try:
                    sent += self._send(letter, composer, relays, postmark)
                except StoreError:
                    raise
                except Exception as bug:  # the boundary per letter
                    logger.exception("letter=%d kind=%s", letter.id, letter.kind)
                    self._again(letter, f"{type(bug).__name__}")
        self._store.forget(before=self._rooms.clock() - KEPT)
        return sent

    def _send(
        self,
        letter: WaitingLetter,
        composer: Callable[[], Composer],
        relays: Callable[[], Sequence[Relay]],
        postmark: Postmark,
    ) -> bool:
        now = self._rooms.clock()
        if letter.expires_at <= now:
            logger.warning("letter=%d kind=%s was never taken, and is given up", letter.id, letter.kind)
            self._store.settle(letter, "expired")
            return False
        decided = self._decided(letter)
        if isinstance(decided, str):
            logger.info("letter=%d kind=%s is not sent: %s", letter.id, letter.kind, decided)
            self._store.settle(letter, decided)
            return False
        kind, reader = decided
        try:
            drawn = self._drawn(composer(), kind, reader, letter.created_at, about=_about(letter))
            message = assemble(drawn.recipe, drawn.fragments)
            tried = try_one(relays(), postmark.envelope(drawn.recipe, message, now=now))
        except (RenderError, TransportError) as error:
            self._again(letter, str(error))
            return False
        return self._noted(letter, tried)

    def _decided(self, letter: WaitingLetter) -> tuple[Letter, Subscriber] | str:
        """Which letter goes to whom, as of now; or why none does."""
        answer = self._answered(letter)
        if isinstance(answer, str):
            return answer
        kind, reader_id = answer
        if self._too_many(letter, kind):
            return TOO_MANY
        try:
            reader = self._addressee(kind, reader_id)
        except NotFound:
            return "the reader is gone"
        if (reason := self._rooms.outbox.is_suppressed(reader.email, now=self._rooms.clock())) is not None:
            return f"not written to: {reason}"
        if kind is not letter.kind:
            about = _about(letter) if kind is Letter.KNOWN else ""
            self._store.decide(letter, kind, reader_id, body={"about": about} if about else None)
        return kind, reader

    def _answered(self, letter: WaitingLetter) -> tuple[Letter, str] | str:
        """A question's answer: the letter that follows and its reader; or why none does."""
        match letter.kind:
            case Letter.JOIN:
                if self._too_many(letter, Letter.CONFIRM):
                    return TOO_MANY
                joined = self._members.join(*_asked(letter))
                if joined.outcome is JoinOutcome.REFUSED or joined.reader_id is None:
                    return f"refused: {joined.reason}"
                known = joined.outcome is JoinOutcome.KNOWN
                return (Letter.KNOWN if known else Letter.CONFIRM), joined.reader_id
            case Letter.LOST:
                found = self._members.with_address(str(letter.body.get("address", "")))
                if found is None:
                    return "nobody has this address"
                pending = found.state is ReaderState.PENDING
                return (Letter.CONFIRM if pending else Letter.LINK), found.subscriber.id
        return (letter.kind, letter.reader_id) if letter.reader_id else "it is nobody's"

    def _addressee(self, kind: Letter, reader_id: str) -> Subscriber:
        if kind is not Letter.CONFIRM:
            return self._members.find(reader_id).subscriber
        wanted = self._members.wanted(reader_id)
        if wanted is None:
            raise NotFound(f"nothing of {reader_id} waits to be confirmed")
        return wanted

    def _too_many(self, letter: WaitingLetter, kind: Letter) -> bool:
        most, span = MOST[kind]
        since = self._rooms.clock() - span
        return self._store.sent_lately(letter.to_hash, kind, since=since) >= most

    def _drawn(
        self, composer: Composer, kind: Letter, reader: Subscriber, sent_at: dt.datetime, *, about: str
    ) -> Composed:
        """The same moment in every attempt, and so the same Message-ID: a mail that came twice is recognised.

        ``about``: what a reader asked for who asked for mails that they get already; their page offers it as a lane.
        """
        site, base = site_info(self._rooms.config), self._rooms.config.site.public_url
        if kind is Letter.GOODBYE:
            back = f"{base}/f/{self._ring.sign(EditionKey(reader.id, sent_at.date()))}/0/undo" if base else None
            return composer.goodbye(Goodbye(subscriber=reader, site=site, sent_at=sent_at, back_url=back))
        if base is None:
            raise RenderError("mail", "a letter with a link needs site.public_url")
        if kind is Letter.CONFIRM:
            url = f"{base}/confirm/{self.confirmation(reader, asked_at=sent_at)}"
            return composer.confirm(
                Confirm(subscriber=reader, site=site, sent_at=sent_at, confirm_url=url, valid_for=CONFIRM_WITHIN)
            )
        url = f"{base}/me/{self._seals.fresh(reader.id, now=self._rooms.clock())}/preferences"
        url += f"?{urlencode({'q': about})}" if about and kind is Letter.KNOWN else ""
        return composer.way_back(
            WayBack(subscriber=reader, site=site, sent_at=sent_at, page_url=url, asked_to_join=kind is Letter.KNOWN)
        )

    def _noted(self, letter: WaitingLetter, tried: Tried) -> bool:
        outcome = tried.outcome
        if outcome.state is DeliveryState.ACCEPTED:
            self._store.settle(letter, SENT)
            return True
        if outcome.state in GONE_FOR_GOOD:
            logger.warning("letter=%d kind=%s was refused: %s", letter.id, letter.kind, outcome.reason)
            self._store.settle(letter, f"refused: {outcome.reason}"[:500])
            return False
        self._again(letter, outcome.reason)
        return False

    def _again(self, letter: WaitingLetter, reason: str) -> None:
        wait = min(_FIRST_WAIT * 2 ** min(letter.attempts, 10), _LONGEST_WAIT)
        logger.warning("letter=%d kind=%s again in %ds: %s", letter.id, letter.kind, wait.seconds, reason)
        self._store.retry(letter, reason, at=self._rooms.clock() + wait)


def _about(letter: WaitingLetter) -> str:
    """The first interest that a form named, as the question or what was kept of it says; empty if none was."""
    if "about" in letter.body:
        return str(letter.body["about"])
    if letter.kind is not Letter.JOIN:
        return ""
    wanted, _ = _asked(letter)
    return next((phrase for lane in wanted.lanes for phrase in lane.phrases), "")[:MOST_ABOUT]


def _asked(letter: WaitingLetter) -> tuple[Subscriber, Evidence]:
    wanted, told = letter.body.get("wanted"), letter.body.get("evidence")
    if not isinstance(wanted, dict) or not isinstance(told, dict):
        raise TypeError(f"letter {letter.id} does not say what was asked for")
    evidence = Evidence(
        text=str(told["text"]),
        language=str(told["language"]),
        ip=None if told["ip"] is None else str(told["ip"]),
        at=dt.datetime.fromisoformat(str(told["at"])),
    )
    try:
        return subscriber_from_json(wanted), evidence
    except StoreError as error:  # this letter's fault, and no other's
        raise ValueError(str(error)) from error
