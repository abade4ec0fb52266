"""What Amazon SES says as JSON: the letter that its notification service sends to a subscribed address.

docs.aws.amazon.com/ses/latest/dg/notification-contents.html: ``notificationType`` is Bounce, Complaint or Delivery,
with the recipients of each below it.
"""

from __future__ import annotations

import json
import re

from digest.bounces.addresses import address_in
from digest.bounces.statuses import MOST_RECIPIENTS, Fields, status_in
from digest.bounces.values import Bounce, Kind

_BEGINS = re.compile(r'\{\s*"(?:notificationType|eventType|bounce|complaint|delivery|mail|Type)"')


def read_notification(text: str) -> tuple[tuple[Fields, ...], tuple[Bounce, ...]]:
    """(bounces and deliveries, complaints) that a text holds; nothing if it is no such notification."""
    told = _object(text)
    if told is None:
        return (), ()
    kind = str(told.get("notificationType", told.get("eventType", ""))).lower()
    if kind == "bounce":
        return tuple(_bounced(one) for one in _list(told, "bounce", "bouncedRecipients")), ()
    if kind == "delivery":
        addresses = _list(told, "delivery", "recipients")
        return tuple(Fields(recipient=address_in(str(one)), action="delivered") for one in addresses), ()
    if kind == "complaint":
        reason = str(_dict(told.get("complaint")).get("complaintFeedbackType") or "abuse")
        people = [_dict(one).get("emailAddress") for one in _list(told, "complaint", "complainedRecipients")]
        kind_told = Kind.NONE if reason == "not-spam" else Kind.COMPLAINT
        return (), tuple(Bounce(recipient=address_in(str(one)), kind=kind_told, reason=reason[:32]) for one in people)
    return (), ()


def _bounced(one: object) -> Fields:
    fields = _dict(one)
    return Fields(
        recipient=address_in(str(fields.get("emailAddress", ""))),
        action=str(fields.get("action", "failed")).lower(),
        status=status_in(str(fields.get("status", ""))),
        diagnostic=re.sub(r"^\s*[\w-]{1,30}\s*;\s*", "", str(fields.get("diagnosticCode", ""))),
    )


def _object(text: str) -> dict[str, object] | None:
    begins = _BEGINS.search(text)
    if begins is None:
        return None
    try:
        told, _ = json.JSONDecoder(strict=False).raw_decode(text[begins.start() :])
        if isinstance(told, dict) and isinstance(told.get("Message"), str):  # wrapped by the notification service
            told = json.loads(told["Message"], strict=False)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(told: dict[str, object], *path: str) -> list[object]:
    value: object = told
    for name in path:
        value = _dict(value).get(name)
    return value[:MOST_RECIPIENTS] if isinstance(value, list) else []
