"""Why a mail server did not take a message: its words, its codes, and how far the transaction had come. Pure.

One table for both who ask: replies to our own transactions (digest.delivery.replies) and bounce mails (digest.bounces).
The text decides over the code, because servers say 5.1.1 of a full mailbox and 550 of a greylist; and what is our own
fault (blocked, policy, content, …) is looked for before a dead address, so that it is never held against the reader.

Sources: RFC 3463 and IANA's list of enhanced status codes; RFC 7504 (521, 556), RFC 7505 (null MX), RFC 7372
(5.7.20 … 5.7.25); the texts of Postfix, Sendmail, Exim, qmail, Courier, Exchange (learn.microsoft.com, "Email
non-delivery reports"), Gmail (support.google.com/a/answer/3726730), Yahoo (senders.yahooinc.com/smtp-error-codes).
Names and borders of the reasons follow Sisimai's (libsisimai.org/en/reason), whose labelled samples measure them.
"""

from __future__ import annotations

import re
from enum import StrEnum

from digest.refusals import words


class Reason(StrEnum):
    """Why, by the side that would have to change something."""

    # the address
    USER_UNKNOWN = "user-unknown"
    HOST_UNKNOWN = "host-unknown"
    MOVED = "moved"
    NO_MAIL = "no-mail"
    """The domain says that it takes no mail at all: null MX, 521, 556."""
    # the reader's side, for now
    MAILBOX_FULL = "mailbox-full"
    SUSPENDED = "suspended"
    FILTERED = "filtered"
    """Refused by the recipient's own filter, or as unknown after the content was seen."""
    # us
    SENDER = "sender-refused"
    AUTHENTICATION = "authentication"
    """SPF, DKIM, DMARC."""
    NO_PTR = "no-ptr"
    BLOCKED = "blocked"
    REPUTATION = "reputation"
    POLICY = "policy"
    SECURITY = "security"
    RELAYING = "relaying-denied"
    SPAM = "spam"
    VIRUS = "virus"
    CONTENT = "content"
    TOO_BIG = "too-big"
    RATE = "rate"
    """Too many or too fast: connections, messages, recipients."""
    # machines
    LATER = "try-later"
    """Greylisted, or busy, or "temporary" without more."""
    EXPIRED = "expired"
    NETWORK = "network"
    SYSTEM = "system"
    SYSTEM_FULL = "system-full"
    PROTOCOL = "protocol"
    UNDEFINED = "undefined"

    @property
    def is_dead(self) -> bool:
        """Nobody will ever read mail there: the only reasons to give an address up at once."""
        return self in _DEAD

    @property
    def is_ours(self) -> bool:
        """Our own fault, or the recipient's system's opinion of us: never held against an address."""
        return self in _OURS


_DEAD = frozenset({Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.MOVED, Reason.NO_MAIL})
_OURS = frozenset(
    {
        *(Reason.SENDER, Reason.AUTHENTICATION, Reason.NO_PTR, Reason.BLOCKED, Reason.REPUTATION, Reason.POLICY),
        *(Reason.SECURITY, Reason.RELAYING, Reason.SPAM, Reason.VIRUS, Reason.CONTENT, Reason.TOO_BIG, Reason.RATE),
    }
)


class Stage(StrEnum):
    """How far the transaction had come."""

    GREETING = "greeting"
    """Up to EHLO."""
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"
    """From DATA on: the address was taken before, and what was in the mail could be judged."""


LONGEST_TEXT = 2_000
"""Characters of a reply that are looked at."""

_BY_STATUS = {
    **dict.fromkeys(("1.1", "1.3"), Reason.USER_UNKNOWN),
    "1.2": Reason.HOST_UNKNOWN,
    "1.6": Reason.MOVED,
    **dict.fromkeys(("1.7", "1.8"), Reason.SENDER),
    "1.10": Reason.NO_MAIL,
    "2.0": Reason.FILTERED,
    "2.1": Reason.SUSPENDED,
    "2.2": Reason.MAILBOX_FULL,
    **dict.fromkeys(("2.3", "3.4"), Reason.TOO_BIG),
    "3.1": Reason.SYSTEM_FULL,
    "3.2": Reason.NO_MAIL,
    **dict.fromkeys(("3.0", "3.3", "3.5"), Reason.SYSTEM),
    **dict.fromkeys(("4.0", "4.2", "4.3", "4.5", "4.6"), Reason.NETWORK),
    "4.4": Reason.HOST_UNKNOWN,
    **dict.fromkeys(("4.1", "4.7"), Reason.EXPIRED),
    "5.3": Reason.RATE,
    **dict.fromkeys(("7.13", "7.14"), Reason.SUSPENDED),
    **dict.fromkeys(("7.8", "7.9", "7.10", "7.11"), Reason.SECURITY),
    **dict.fromkeys((f"7.{detail}" for detail in (20, 21, 22, 23, 24, 26, 27)), Reason.AUTHENTICATION),
    "7.25": Reason.NO_PTR,
}
_BY_SUBJECT = {"5": Reason.PROTOCOL, "6": Reason.CONTENT, "7": Reason.POLICY}
"""Of X.subject.detail, where the detail is none of the above."""

_AGAINST_US = (
    (Reason.AUTHENTICATION, words.AUTHENTICATION),
    (Reason.NO_PTR, words.NO_PTR),
    (Reason.RELAYING, words.RELAYING),
    (Reason.REPUTATION, words.REPUTATION),
    (Reason.SENDER, words.SENDER),
    (Reason.RATE, words.RATE),
    (Reason.VIRUS, words.VIRUS),
    (Reason.SPAM, words.SPAM),
    (Reason.BLOCKED, words.BLOCKED),
    (Reason.POLICY, words.POLICY),
    (Reason.SECURITY, words.SECURITY),
    (Reason.CONTENT, words.CONTENT),
)
_FIRST = (
    (Reason.MAILBOX_FULL, words.FULL),
    (Reason.TOO_BIG, words.TOO_BIG),
    (Reason.NO_MAIL, words.NO_MAIL),
    *_AGAINST_US,
    (Reason.SUSPENDED, words.SUSPENDED),
    (Reason.MOVED, words.MOVED),
)
"""In this order, before a dead address is thought of."""
_PLAIN = frozenset(
    {Reason.MAILBOX_FULL, Reason.TOO_BIG, Reason.SENDER, Reason.AUTHENTICATION, Reason.NO_PTR, Reason.MOVED}
)
"""What a status alone settles as well as words do."""
_OTHERWISE = (
    (Reason.FILTERED, words.FILTERED),
    (Reason.NETWORK, words.NETWORK),
    (Reason.EXPIRED, words.EXPIRED),
    (Reason.SYSTEM_FULL, words.SYSTEM_FULL),
    (Reason.LATER, words.LATER),
    (Reason.LATER, words.BUSY),
    (Reason.PROTOCOL, words.PROTOCOL),
    (Reason.SYSTEM, words.SYSTEM),
)


def why(text: str, *, code: int | None = None, status: str | None = None, stage: Stage | None = None) -> Reason:
    """Why a server refused; total over all texts and codes.

    Args:
        text: what it said, without the code if that is known.
        code: its reply code (RFC 5321, 4.2).
        status: its enhanced status code (RFC 3463), such as ``5.1.1``.
        stage: to what it was the answer; None where nothing tells.
    """
    said = words.ADDRESS_OR_LINK.sub(" ", words.IRONPORT.sub("", text[:LONGEST_TEXT]))
    detail = status.partition(".")[2] if status else ""
    by_code = _by_code(code, status, detail)
    for reason, pattern in _FIRST:
        if (by_code is reason and reason in _PLAIN) or pattern.search(said):
            return reason
    reason = _dead(said, by_code) or _machines(said, by_code)
    if reason is Reason.USER_UNKNOWN and stage in (Stage.GREETING, Stage.SENDER):
        return Reason.SENDER  # nobody had been named yet but us
    if reason is Reason.USER_UNKNOWN and not (detail.startswith("1.") or _certain(said, detail, stage)):
        return Reason.FILTERED
    return reason


def _certain(said: str, detail: str, stage: Stage | None) -> bool:
    """Whether "unknown" is meant, where no status says so.

    After the content it often hides a filter (carriers of mobile phones do so); words alone, without the command that
    they answer, are a rumour. A wrong "dead" loses a reader, a wrong "not yet" costs a few more mails.
    """
    if detail == "5.0" and words.HOTMAIL.search(said):
        return True
    return stage is Stage.RECIPIENT or words.SURELY.search(said) is not None


def _dead(said: str, by_code: Reason | None) -> Reason | None:
    """A dead address, if the words or the code say so and nothing else speaks against it."""
    if words.HOST_UNKNOWN.search(said):
        return Reason.HOST_UNKNOWN
    if words.UNKNOWN.search(said):
        return Reason.USER_UNKNOWN
    for _, pattern in _OTHERWISE:
        if pattern.search(said):
            return None
    return by_code if by_code and by_code.is_dead else None


def _machines(said: str, by_code: Reason | None) -> Reason:
    return next((reason for reason, pattern in _OTHERWISE if pattern.search(said)), by_code or Reason.UNDEFINED)


def _by_code(code: int | None, status: str | None, detail: str) -> Reason | None:
    if code in (521, 556):
        return Reason.NO_MAIL
    if status is None or status.startswith("2."):
        return None
    if status.startswith("4.") and detail in {"3.2", "4.4"}:
        return Reason.LATER if detail == "3.2" else Reason.NETWORK
    return _BY_STATUS.get(detail) or _BY_SUBJECT.get(detail.partition(".")[0])


UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
LONGEST_LEGIBLE = 500


def legible(text: str) -> str:
    """A server's text made fit for a database, a log and a terminal: one short line, no controls, no broken bytes."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(UNREADABLE.sub(" ", text).split())[:LONGEST_LEGIBLE]
