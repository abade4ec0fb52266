"""What arrives in our mailbox → what follows: one reader of mail for bounces, complaints, answers and goodbyes.

Anybody can write to us anything, so a mail changes something only if it proves that it may:

    a bounce, a complaint   our tag in the address it was sent to (digest.delivery.tags), or the Message-ID of a mail of
                            ours among what came back; both are keyed, and nobody knows them who was not sent the mail
    leaving                 the token in the subject that our List-Unsubscribe asked for; or the words in an answer
                            to a mail of ours, from the reader's own address
    feedback                as digest.pipeline.answers says

What it is about is the delivery's recipient then, whatever addresses the mail names. The same mail twice changes
nothing the second time, so a mail is filed away only after the commit, and a crash in between costs nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from digest.answers import MOST_BYTES, read_answer
from digest.bounces import Bounce, Kind, Notice, Topic, read_notice, subject_of
from digest.bounces.feedback import AUTHENTICATION
from digest.bounces.reading import DELAYED
from digest.delivery.inbox import Inbox
from digest.delivery.tags import ReturnPath
from digest.errors import NotFound, StoreError
from digest.keyring import KeyRing
from digest.model import EditionKey, Evidence
from digest.pipeline.answers import take_answer
from digest.pipeline.membership import Membership
from digest.pipeline.rooms import Rooms
from digest.refusals import Reason
from digest.store.bounces import BounceStore, Noted, Sent, Verdict, mail_hash
from digest.store.outbox.suppression import canonical_address

logger = logging.getLogger(__name__)

COMES_BACK = dt.timedelta(days=90)
"""A domain that is gone may be registered anew."""
_LEAVE = re.compile(
    r"\s*(?:re:\s*)?(?:please\s+)?(?:unsubscribe|stop|abmelden|d[eé]sabonner)(?:\s+me)?\s*[.!]?\s*", re.IGNORECASE
)


class What(StrEnum):
    """What a mail was."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    LEFT = "left"
    FEEDBACK = "feedback"
    NOTHING = "nothing"
    """A machine's answer that changes nothing: a vacation note, a delay, a report of success."""
    TWICE = "twice"
    """Taken before."""
    UNPROVEN = "unproven"
    """A bounce or a complaint that nothing shows to be about a mail of ours."""
    OTHER = "other"
    """For people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of a mail."""

    what: What
    reader: str | None = None
    words: str = ""
    """One line for a log or a terminal, without addresses."""
    suppressed: str | None = None
    left: EditionKey | None = None

    @property
    def done(self) -> bool:
        """Nobody needs to look at it any more."""
        return self.what not in {What.OTHER, What.UNPROVEN}


def handle(rooms: Rooms, ring: KeyRing, data: bytes) -> Handled:
    """Take in one mail. Everything that it changes is committed when this returns.

    Raises:
        StoreError: the database does not answer; nothing was changed, and the mail is to be kept.
    """
    if key := ring.unsubscribed_by(subject_of(data)):
        return _leave(rooms, key, "unsubscribed by mail, with the token of a mail of theirs")
    notice = read_notice(data)
    if notice.topic in {Topic.BOUNCE, Topic.COMPLAINT}:
        return _returned(rooms, ring, notice, data)
    if notice.topic is Topic.AUTOMATIC:
        return Handled(what=What.NOTHING, words="a machine's answer")
    return _written(rooms, ring, data)


def read_inbox(inbox: Inbox, take: Callable[[bytes], Handled], *, stop: threading.Event) -> Counter[str]:
    """Take in what nobody has looked at, mail by mail, until ``stop``; closes the inbox.

    A mail that runs into a bug of ours is left as it was, logged, and counted as ``failed``; the others go on.

    Raises:
        TransportError: the inbox does not answer any more.
        StoreError: nor does the database.
    """
    counts: Counter[str] = Counter()
    try:
        for key, data in inbox.unread():
            if stop.is_set():
                break
            try:
                handled = take(data)
            except StoreError:
                raise
            except Exception:
                logger.exception("a mail in the inbox runs into a bug of ours; it stays unread")
                counts["failed"] += 1
                continue
            inbox.file_away(key, done=handled.done)
            counts[str(handled.what)] += 1
            level = logging.WARNING if handled.what in {What.COMPLAINT, What.UNPROVEN} else logging.INFO
            logger.log(level, "mail what=%s reader=%s: %s", handled.what, handled.reader or "-", handled.words)
    finally:
        inbox.close()
    return counts


def proven(rooms: Rooms, ring: KeyRing, notice: Notice) -> Sent | None:
    """The delivery that a mail proves to be about; None if it proves nothing."""
    store, path = BounceStore(rooms.db), ReturnPath(mailbox="", ring=ring)
    for address in notice.addressed_to:
        number = path.verify(address)
        if number is not None and (sent := store.sent(delivery_id=number)):
            return sent
    for message_id in notice.message_ids:
        if sent := store.sent(message_id=message_id):
            return sent
    return None


def _returned(rooms: Rooms, ring: KeyRing, notice: Notice, data: bytes) -> Handled:
    sent = proven(rooms, ring, notice)
    if sent is None:
        return Handled(what=What.UNPROVEN, words="nothing shows that it is about a mail of ours")
    bounce = about(notice.bounces, sent.recipient)
    if bounce is None or bounce.kind is Kind.NONE or bounce.reason in {DELAYED, AUTHENTICATION}:
        words = bounce.reason if bounce else "about nobody"
        return Handled(what=What.NOTHING, reader=sent.subscriber_id, words=f"{words}: changes nothing")
    now = rooms.clock()
    if bounce.kind is Kind.COMPLAINT:
        _leave(rooms, EditionKey(sent.subscriber_id, sent.edition), f"complaint to their provider: {bounce.reason}")
    identity = (notice.own_id or "").encode() or data
    noted = BounceStore(rooms.db).take(
        sent, _verdict(bounce, now), mail=mail_hash(b"%d\0%s" % (sent.id, identity)), now=now
    )
    return _told(bounce, sent, noted)


def about(bounces: Iterable[Bounce], recipient: str) -> Bounce | None:
    """What a mail says of one recipient: by the address, else, where a forwarder has put in others, the mildest."""
    bounces = tuple(bounces)
    key = canonical_address(recipient)
    own = [one for one in bounces if one.recipient and canonical_address(one.recipient) == key]
    mildness = [Kind.NONE, Kind.SOFT, Kind.HARD, Kind.COMPLAINT]
    return min(own or bounces, key=lambda one: mildness.index(one.kind), default=None)


def _verdict(bounce: Bounce, now: dt.datetime) -> Verdict:
    suppress, expires_at = None, None
    if bounce.kind is Kind.COMPLAINT:
        suppress = f"complaint: {bounce.reason}"
    elif bounce.kind is Kind.HARD:
        suppress = f"bounce: {bounce.reason}" + (f", {bounce.diagnostic[:200]}" if bounce.diagnostic else "")
        if bounce.reason in {Reason.HOST_UNKNOWN, Reason.NO_MAIL}:
            expires_at = now + COMES_BACK
    ours = bounce.reason in set(Reason) and Reason(bounce.reason).is_ours
    return Verdict(
        kind=str(bounce.kind),
        reason=bounce.reason,
        status=bounce.status,
        diagnostic=bounce.diagnostic,
        counts=not ours,
        suppress=suppress,
        expires_at=expires_at,
    )


def _told(bounce: Bounce, sent: Sent, noted: Noted) -> Handled:
    if not noted.new:
        return Handled(what=What.TWICE, reader=sent.subscriber_id, words="taken before")
    what = What.COMPLAINT if bounce.kind is Kind.COMPLAINT else What.BOUNCE
    words = f"{bounce.kind}, {bounce.reason}"
    if noted.suppressed:
        words += ": not written to any more"
    elif noted.score:
        words += f": day {noted.score} of a row"
    return Handled(what=what, reader=sent.subscriber_id, words=words, suppressed=noted.suppressed)


def _leave(rooms: Rooms, key: EditionKey, why: str) -> Handled:
    """Twice is as good as once, and an address that was forgotten stays so."""
    try:
        known = rooms.subscribers.get(key.subscriber_id)
        Membership(rooms).leave(known.subscriber.id, Evidence(text=why))
    except NotFound:
        return Handled(what=What.LEFT, words="no such reader any more")
    again = str(known.state) == "left"
    words = "had left already" if again else why
    return Handled(what=What.LEFT, reader=key.subscriber_id, words=words, left=None if again else key)


def _written(rooms: Rooms, ring: KeyRing, data: bytes) -> Handled:
    """By a person, as far as can be told."""
    taken = take_answer(rooms, ring, data)
    if taken.noted:
        number = len(taken.noted)
        return Handled(
            what=What.FEEDBACK, reader=taken.reader, words=f"{number} piece{'s' if number > 1 else ''} noted"
        )
    if key := _asks_to_leave(rooms, data):
        return _leave(rooms, key, "unsubscribed by an answer to a mail of theirs, from their own address")
    return Handled(what=What.OTHER, reader=taken.reader, words=taken.refused)


def _asks_to_leave(rooms: Rooms, data: bytes) -> EditionKey | None:
    """Whose answer says no more than "unsubscribe", in its subject or its first line."""
    if len(data) > MOST_BYTES:
        return None
    answer = read_answer(data)
    if answer.by_machine or not any(_LEAVE.fullmatch(line) for line in (answer.subject, answer.first_line)):
        return None
    for message_id in answer.in_reply_to:
        if key := rooms.outbox.edition_of(message_id):
            try:
                reader = rooms.subscribers.get(key.subscriber_id).subscriber
            except NotFound:
                return None
            return key if canonical_address(answer.sender) == canonical_address(reader.email) else None
    return None
