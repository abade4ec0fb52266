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
from digest.refusals import LONGEST_TEXT, Reason, Stage, why
from digest.refusals.words import ADDRESS_OR_LINK, FULL, GREYLIST, LATER, LIMIT


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
    crowded: bool = False
    """The recipient's side says that we go too fast: its domain is to be given less, and nobody is charged."""
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


TOO_FAST = frozenset({"4.3.2", "4.4.5", "4.7.28", "4.7.500", "4.7.650", "4.7.651"})
"""Status codes of a receiver that wants less at once: RFC 3463 §3.4 and §3.5; Gmail's; Exchange Online's (its page
"Fix email delivery issues for error code 451 4.7.500-699")."""

HINT = re.compile(
    r"\b(?:in|after|for|wait|least)[:\s]+(?:at least\s+)?(\d{1,6})\s*"
    r"(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b",
    re.IGNORECASE,
)
UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
LIMIT_HINT_S = 3600.0


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
    words = ADDRESS_OR_LINK.sub(" ", reply.text[:LONGEST_TEXT])
    status = reply.status or ""
    if reply.phase is Phase.CHECK:
        return Outcome(state=DeliveryState.FAILED, reason=reason)
    if code in (530, 535, 538) or (code >= 500 and status == "5.4.5"):
        return _relay(reply, reason)  # it wants us to log in, or our account is over its daily limit
    if LIMIT.search(words) and (code >= 500 or reply.phase is Phase.MAIL):
        return _relay(reply, reason)
    crowded = code < 500 and reply.phase is not Phase.MAIL and _too_fast(code, status, words)
    deferred = Outcome(state=DeliveryState.DEFERRED, reason=reason, hint_s=hint_s(words), crowded=crowded)
    too_big = code == 552 or status[1:] == ".3.4"
    if reply.phase is Phase.MAIL:
        if code >= 500 and too_big and not FULL.search(words):
            return Outcome(state=DeliveryState.FAILED, reason=reason)
        # The reader was not named yet: the relay refuses us or our sender address, and would refuse it for everyone.
        return deferred if GREYLIST.search(words) else _relay(reply, reason)
    if code < 500:
        return deferred
    stage = Stage.RECIPIENT if reply.phase is Phase.RCPT else Stage.CONTENT
    refusal = why(reply.text, code=code, status=reply.status, stage=stage)
    if refusal in (Reason.MAILBOX_FULL, Reason.RATE) or LATER.search(words):
        return deferred
    if refusal.is_dead or (refusal is Reason.SUSPENDED and status == "5.2.1"):
        return Outcome(state=DeliveryState.SUPPRESSED, reason=reason, suppress=True)
    return Outcome(state=DeliveryState.FAILED, reason=reason)


def _too_fast(code: int, status: str, words: str) -> bool:
    """About the pace, not about a mailbox: a full one and a greylist say 4xx as well."""
    if FULL.search(words) or GREYLIST.search(words):
        return False
    return code == 421 or status in TOO_FAST or bool(LIMIT.search(words))


def _relay(reply: Reply, reason: str) -> Outcome:
    hint = hint_s(reply.text)
    if hint is None and LIMIT.search(reply.text):
        hint = LIMIT_HINT_S
    return Outcome(state=DeliveryState.READY, reason=reason, relay_fault=True, hint_s=hint)
