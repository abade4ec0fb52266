"""The outbox: deliveries by what they have in common, one of them with its transcript, and what may be done to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException

from digest.model import DeliveryState
from digest.settings.times import parse_duration
from digest.store.outbox import Filters, Outbox
from digest.store.outbox.operating import CANCELLABLE, HOLDABLE, RETRIABLE
from digest.web.door import HOME
from digest.web.pages.admin.desk import admin_page, done, record
from digest.web.routes import Answer, Asked, Page, Sent, form, page

SHOWN: Final = 100
CHUNK: Final = 500
"""Deliveries that one transaction changes."""
_PLACE: Final = f"{HOME}/queue"
_QUERY: Final = ("state", "reader", "domain", "from", "to", "relay", "words", "older")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What may be done to deliveries in some states."""

    label: str
    done: str
    means: str
    able: frozenset[DeliveryState]
    do: Callable[[Outbox, Collection[int], dt.datetime], list[int]]


ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "hold": Act(
            label="Hold",
            done="held",
            means="They are not sent until they are released.",
            able=HOLDABLE,
            do=lambda outbox, ids, now: outbox.hold(ids, now=now),
        ),
        "release": Act(
            label="Release",
            done="released",
            means="Held ones go on.",
            able=frozenset({DeliveryState.HELD}),
            do=lambda outbox, ids, now: outbox.release_held(ids, now=now),
        ),
        "retry": Act(
            label="Retry",
            done="waiting to be sent again",
            means="They are sent again with the next pass. Of uncertain ones a second mail may arrive.",
            able=RETRIABLE,
            do=lambda outbox, ids, now: outbox.retry(ids, now=now),
        ),
        "cancel": Act(
            label="Cancel",
            done="cancelled",
            means="They are never sent. Of uncertain ones it says: they did not arrive.",
            able=CANCELLABLE,
            do=lambda outbox, ids, now: outbox.cancel(ids, now=now),
        ),
        "confirm": Act(
            label="Confirm",
            done="accepted",
            means="Of uncertain ones: they did arrive.",
            able=frozenset({DeliveryState.UNCERTAIN}),
            do=lambda outbox, ids, now: outbox.confirm(ids, now=now),
        ),
    }
)


def show(asked: Asked) -> Answer:
    """``/admin/queue``; what a filter says wrongly is told beside it, and the filter left out."""
    given = {name: asked.query.get(name, "") for name in _QUERY}
    filters, wrong = read_filters(given, asked.now)
    outbox = asked.rooms.outbox
    values = {
        "rows": outbox.listing(replace(filters, limit=SHOWN)),
        "counts": sorted(outbox.counts().items()),
        "size": outbox.size(filters),
        "given": given,
        "wrong": wrong,
        "states": list(DeliveryState),
        "acts": ACTS,
        "place": _PLACE,
        "most": SHOWN,
    }
    return admin_page(asked, "queue", values, here="queue", status=422 if wrong else 200)


def show_one(asked: Asked) -> Answer:
    """``/admin/queue/NUMBER``"""
    outbox, number = asked.rooms.outbox, asked.path["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise HTTPException(404)
    rows = outbox.listing(Filters(ids=frozenset({int(number)}), limit=1))
    if not rows:
        raise HTTPException(404)
    values = {
        "row": rows[0],
        "attempts": outbox.transcript(rows[0].id),
        "acts": {name: act for name, act in ACTS.items() if rows[0].state in act.able},
        "place": _PLACE,
    }
    return admin_page(asked, "delivery", values, here="queue")


def act(sent: Sent) -> Answer:
    """Do it to those that were ticked, or to all that the filters choose, once it was said how many they are."""
    name = sent.field("act")
    chosen = ACTS.get(name)
    if chosen is None:
        raise HTTPException(400)
    given = {key: sent.field(key) for key in _QUERY}
    if sent.field("everything"):
        filters, wrong = read_filters(given, sent.now)
        if wrong:
            raise HTTPException(400)
        within = chosen.able if filters.states is None else filters.states & chosen.able
        ids = sent.app.outbox.chosen(replace(filters, states=within))
        if ids and sent.field("sure") != str(len(ids)):
            return _ask(sent, name, chosen, given, len(ids))
        record(sent, f"queue {name}", filters={key: value for key, value in given.items() if value}, number=len(ids))
    else:
        ids = sorted({int(one) for one in sent.form.get("id", ()) if one.isascii() and one.isdigit() and len(one) < 19})
        record(sent, f"queue {name}", ids=ids)
    changed = _do(sent, chosen, ids)
    left = f" {len(ids) - changed} could not be: their state does not allow it." if changed < len(ids) else ""
    said = f"{changed} of {len(ids)} {chosen.done}.{left}" if ids else "Nothing was chosen."
    return done(sent, _PLACE, said, **given)


def _do(sent: Sent, chosen: Act, ids: list[int]) -> int:
    parts = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
    return sum(len(chosen.do(sent.app.outbox, part, sent.now)) for part in parts)


def _ask(sent: Sent, name: str, chosen: Act, given: Mapping[str, str], number: int) -> Page:
    values = {"name": name, "act": chosen, "given": given, "number": number, "place": _PLACE}
    return admin_page(sent, "sure", values, here="queue")


def read_filters(given: Mapping[str, str], now: dt.datetime) -> tuple[Filters, dict[str, str]]:
    """The filters of `digest queue`, and by name what is wrong with those that could not be read."""
    wrong: dict[str, str] = {}

    def day(name: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(given[name]) if given[name] else None
        except ValueError:
            wrong[name] = "Write a date as 2026-11-22."
            return None

    older: dt.datetime | None = None
    if given["older"]:
        try:
            older = now - dt.timedelta(seconds=parse_duration(given["older"]))
        except (ValueError, OverflowError):
            wrong["older"] = "Write a time as 2h or 3d."
    state = given["state"]
    if state and state not in set(DeliveryState):
        wrong["state"] = "There is no such state."
    return (
        Filters(
            states=frozenset({DeliveryState(state)}) if state and "state" not in wrong else None,
            subscriber_id=given["reader"] or None,
            domain=given["domain"].lstrip("@") or None,
            first=day("from"),
            last=day("to"),
            relay=given["relay"] or None,
            words=given["words"] or None,
            due_before=older,
        ),
        wrong,
    )


ROUTES = (
    form(_PLACE, act, show=show, query=(*_QUERY, "said")),
    page(f"{_PLACE}/{{number}}", show_one, query=("said",)),
)
