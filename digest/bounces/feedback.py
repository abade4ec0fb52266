"""Complaints: RFC 5965 feedback reports, and the two providers that wrote letters before there was a format."""

from __future__ import annotations

import re

from digest.bounces.addresses import address_in
from digest.bounces.mail import Mail, header, headers_of
from digest.bounces.values import Bounce, Kind

_LETTER_FROM = re.compile(r"\bstaff@hotmail\.|\bcomplaints@|\bfbl@|\babuse-report|feedbackloop@", re.IGNORECASE)
_LETTER_SUBJECT = re.compile(
    r"complaint about message from|e-?mail feedback report|abuse report|feedback loop report", re.IGNORECASE
)
_RECIPIENT_HEADERS = ("X-HmXmrOriginalRecipient", "X-Original-To", "Delivered-To", "To")

AUTHENTICATION = "auth-failure"
"""RFC 6591: about our signature, not about our mail; said by the reader's provider, never by the reader."""


def read_feedback(mail: Mail) -> Bounce | None:
    """The complaint that a mail is; None if it is none."""
    if mail.feedback is not None:
        fields = headers_of(mail.feedback)
        kind = re.sub(r"[^a-z-]", "", header(fields, "Feedback-Type").lower()) or "abuse"
        return Bounce(
            recipient=_recipient(mail, header(fields, "Original-Rcpt-To") or header(fields, "Removal-Recipient")),
            kind=Kind.NONE if kind == "not-spam" else Kind.COMPLAINT,
            reason=kind[:32],
        )
    if not _LETTER_SUBJECT.search(mail.header("Subject")) or not mail.returned:
        return None
    if _LETTER_FROM.search(mail.header("From")):
        return Bounce(recipient=_recipient(mail, ""), kind=Kind.COMPLAINT, reason="abuse")
    return None


def _recipient(mail: Mail, told: str) -> str | None:
    if found := address_in(told):
        return found
    for headers in mail.returned:
        for name in _RECIPIENT_HEADERS:
            if found := address_in(header(headers, name)):
                return found
    return None
