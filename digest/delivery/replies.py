"""What a server's answer means for a delivery, an address and the relay. Pure.

What failed decides, not only the code: the same 550 is a dead mailbox after RCPT TO, our own fault after the dot, and
the relay's refusal after MAIL FROM. And the text decides over the code, because servers say 5.1.1 of a full mailbox and
550 of a greylist. Sources: RFC 5321 §4.2 (reply codes), RFC 3463 (enhanced status codes), RFC 7504 (521, 556),
RFC 7505 (null MX), RFC 6531 (5.6.7), support.google.com/a/answer/3726730 (Gmail's texts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from digest.model import DeliveryState


class Phase(StrEnum):
    """How far a transaction had come when the answer, or the silence, arrived."""

    RENDER = "render"
    CHECK = "check"
    """Before any byte: this message cannot be sent over this connection."""
    CONNECT = "connect"
    """TCP, and the server's greeting."""
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    """From the command DATA to the last byte before the final dot."""
    DOT = "dot"
    """The final dot has left this process: the server may have the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, or none: ``code`` is None when the connection was lost or the time was up; ``text`` says which."""

    phase: Phase
    code: int | None
    text: str

    @property
    def status(self) -> str | None:
        """The enhanced status code (RFC 2034), such as ``5.1.1``; None if the server gave none."""
        match = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})\b", self.text)
        return match[1] if match else None

    def __str__(self) -> str:
        text = " ".join(self.text.split())
        return f"{self.code} {text}" if self.code is not None else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to do about a reply."""

    state: DeliveryState
    """ACCEPTED, DEFERRED, FAILED, SUPPRESSED or UNCERTAIN; READY when the relay is at fault."""
    reason: str
    suppress: bool = False
    relay_fault: bool = False
    """Pause the relay and charge the delivery nothing."""
    lost: bool = False
    """The connection ended before the dot: nothing was delivered."""
    hint_s: float | None = None
    """What the server asked to wait."""

    @property
    def label(self) -> str:
        """What stands in the attempts table."""
        if self.lost or self.relay_fault:
            return "lost"
        return str(self.state)


DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
"""Status codes of an address that does not exist or never will again."""


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


FULL = _words(
    r"(mail)?box (is )?(too )?full",
    r"over\s?quota",
    r"quota (is )?exceeded",
    r"exceeded.{0,30}quota",
    r"exceeds? .{0,20}storage",
    r"insufficient (system )?storage",
    r"out of (disk )?space",
)
GREYLIST = _words(r"gr[ae]y-?list")
LATER = _words(
    GREYLIST.pattern,
    r"try (again )?later",
    r"try again in",
    r"please retry",
    r"temporar(y|ily)",
    r"receiving (mail|email) (too quickly|at a rate)",
)
BLOCKED = _words(
    r"\bspam",
    r"\bblock(ed|ing|list)",
    r"(black|deny)-?list",
    r"\bpolic(y|ies)\b",
    r"reputation",
    r"\b(dmarc|dkim|spf|rbl|dnsbl)\b",
    r"unsolicited",
    r"\bbanned\b",
    r"relay(ing)? (access )?(is )?(denied|not (allowed|permitted))",
    r"unable to relay",
)
LIMIT = _words(
    r"daily .{0,20}(quota|limit)",
    r"sending (quota|limit)",
    r"(rate|message|relay|submission) limit",
    r"too many (messages|emails|recipients|connections)",
    r"throttl",
)
UNKNOWN = _words(
    r"(user|recipient|mailbox|address|account|alias) (is )?(unknown|not found|invalid|unavailable|disabled)",
    r"(unknown|no such|invalid) (user|recipient|mailbox|address|account|local part|person)",
    r"does ?n[o']t exist",
    r"not exist",
    r"no mailbox",
    r"null ?mx",
    r"unrouteable address",
    r"(domain|host) not found",
    r"no longer (in use|active|available)",
)

ADDRESS_OR_LINK = re.compile(r"https?://\S+|<?[^\s<>]+@[^\s<>]+>?")
"""Left out before words are looked for: policy@uni.example is nobody's policy."""

HINT = re.compile(
    r"\b(?:in|after|for|wait|least)[:\s]+(?:at least\s+)?(\d{1,6})\s*"
    r"(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b",
    re.IGNORECASE,
)
UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
LIMIT_HINT_S = 3600.0


UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
LONGEST_TEXT = 500


def legible(text: str) -> str:
    """A server's text made fit for a database, a log and a terminal: one short line, no controls, no broken bytes."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(UNREADABLE.sub(" ", text).split())[:LONGEST_TEXT]


def hint_s(text: str) -> float | None:
    """Seconds that a text asks to wait ("try again in 5 minutes"); None if it does not say."""
    match = HINT.search(text)
    return int(match[1]) * UNIT_S[match[2][0].lower()] if match else None


def classify(reply: Reply) -> Outcome:
    """Decide about one transaction's last reply; total over all phases, codes and texts."""
    reason = f"{reply.phase}: {reply}"
    if reply.phase is Phase.RENDER:
        return Outcome(state=DeliveryState.FAILED, reason=reason)
    if reply.phase in (Phase.CONNECT, Phase.EHLO, Phase.TLS, Phase.AUTH):
        return _relay(reply, reason)
    if reply.code is None or not 200 <= reply.code < 600:
        if reply.phase is Phase.DOT:
            return Outcome(state=DeliveryState.UNCERTAIN, reason=reason)
        return Outcome(state=DeliveryState.DEFERRED, reason=reason, lost=True)
    if reply.code < 400:
        if reply.phase is Phase.DOT:
            return Outcome(state=DeliveryState.ACCEPTED, reason=reason)
        # No transaction ends on a good reply before the dot; whoever says so is confused, and nothing was delivered.
        return Outcome(state=DeliveryState.DEFERRED, reason=reason, lost=True)
    return _refused(reply, reply.code, reason)


def _refused(reply: Reply, code: int, reason: str) -> Outcome:
    words = ADDRESS_OR_LINK.sub(" ", reply.text)
    status = reply.status or ""
    if reply.phase is Phase.CHECK:
        return Outcome(state=DeliveryState.FAILED, reason=reason)
    if code in (530, 535, 538) or (code >= 500 and status == "5.4.5"):
        return _relay(reply, reason)  # it wants us to log in, or our account is over its daily limit
    if LIMIT.search(words) and (code >= 500 or reply.phase is Phase.MAIL):
        return _relay(reply, reason)
    deferred = Outcome(state=DeliveryState.DEFERRED, reason=reason, hint_s=hint_s(words))
    too_big = code == 552 or status[1:] == ".3.4"
    if reply.phase is Phase.MAIL:
        if code >= 500 and too_big and not FULL.search(words):
            return Outcome(state=DeliveryState.FAILED, reason=reason)
        # The reader was not named yet: the relay refuses us or our sender address, and would refuse it for everyone.
        return deferred if GREYLIST.search(words) else _relay(reply, reason)
    if code < 500:
        return deferred
    if FULL.search(words) or status == "5.2.2" or LATER.search(words):
        return deferred
    blocked = BLOCKED.search(words) or status.startswith("5.7.")
    dead = status in DEAD or code in (521, 556) or (not status and UNKNOWN.search(words) and code in (550, 551, 553))
    if dead and not blocked and not (reply.phase is not Phase.RCPT and too_big):
        return Outcome(state=DeliveryState.SUPPRESSED, reason=reason, suppress=True)
    return Outcome(state=DeliveryState.FAILED, reason=reason)


def _relay(reply: Reply, reason: str) -> Outcome:
    hint = hint_s(reply.text)
    if hint is None and LIMIT.search(reply.text):
        hint = LIMIT_HINT_S
    return Outcome(state=DeliveryState.READY, reason=reason, relay_fault=True, hint_s=hint)
