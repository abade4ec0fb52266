"""My page, its first tab: lanes and mutes as a form, and what they would have brought this week."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from digest.editions.clean import clean
from digest.model import Subscriber
from digest.pipeline.tryout import Answer as Week
from digest.pipeline.tryout import Brought
from digest.web import lanes_form
from digest.web.cards import Card, plain_card_of
from digest.web.lanes_form import Interests, Understood
from digest.web.my_page import LIMIT, MEMBERS, back, mine
from digest.web.routes import Answer, Asked, Page, Sent, form
from digest.web.visitor import Visitor, for_readers, visitor

SHOWN: Final = 8
"""Papers of one lane in the answer."""
MOST_BYTES: Final = 256 * 1024
"""Twenty full lanes fit."""
SAVE: Final = "save"


def show(asked: Asked) -> Answer:
    """The lanes as they are; with ``?q=…``, one more of what was searched for, and what that would bring."""
    who = visitor(asked)
    reader = who.reader.subscriber
    interests = lanes_form.stored(reader.lanes, reader.mute)
    if (words := asked.query.get("q")) is None or not _editable(who):
        return _page(asked, who, interests)
    return _tried(asked, who, lanes_form.with_search(interests, words))


def take(sent: Sent) -> Answer:
    """A button: one that changes the form, one that tries it, and the one that saves it."""
    who = visitor(sent)
    act, interests = sent.field("do"), lanes_form.typed(sent.form)
    if not _editable(who):
        return _page(sent, who, lanes_form.stored(who.reader.subscriber.lanes, who.reader.subscriber.mute), status=409)
    if (acted := lanes_form.acted(interests, act)) is not None:
        changed, at = acted
        return _page(sent, who, changed, open_lane=at)
    if act != SAVE:
        return _tried(sent, who, interests)
    read = lanes_form.understood(interests, sent.gettext)
    if read.problems:
        return _page(sent, who, interests, read=read, status=422)
    sent.app.members.change(_with(who.reader.subscriber, read))
    return back(sent, who, "preferences", "saved")


def _tried(asked: Asked, who: Visitor, interests: Interests) -> Page:
    read = lanes_form.understood(interests, asked.gettext)
    if read.problems:
        return _page(asked, who, interests, read=read, status=422)
    wanted = _with(who.reader.subscriber, read)
    week = asked.site.tryout.of(wanted, now=asked.now)
    return _page(asked, who, interests, read=read, week=_told(asked, wanted, week), tried=True)


def _with(reader: Subscriber, read: Understood) -> Subscriber:
    return replace(reader, lanes=read.lanes, mute=read.mute)


def _editable(who: Visitor) -> bool:
    return not who.declared and who.reader.state in MEMBERS


def _page(
    asked: Asked,
    who: Visitor,
    interests: Interests,
    *,
    read: Understood | None = None,
    week: dict[str, object] | None = None,
    tried: bool = False,
    open_lane: int | None = None,
    status: int = 200,
) -> Page:
    reader = who.reader.subscriber
    values = {
        "tab": "preferences",
        "interests": interests,
        "problems": read.problems if read is not None else {},
        "open_lane": open_lane,
        "few": len(interests.lanes) <= 2,
        "most_lanes": lanes_form.MOST_LANES,
        "unsaved": interests != lanes_form.stored(reader.lanes, reader.mute),
        "tried": tried,
        "week": week,
    }
    return mine(asked, who, "my_interests.html.j2", values, status=status)


def _told(asked: Asked, wanted: Subscriber, week: Week | None) -> dict[str, object] | None:
    """What a week brought, lane by lane in the form's order, then what came outside them."""
    if week is None:
        return None
    names: list[str | None] = [lane.name for lane in wanted.lanes]
    others: list[str | None] = [name for name in week.by_lane if name not in names]
    lanes = [
        {
            "name": name,
            "matches": week.matches.get(name) if name is not None else None,
            "sent": len(week.by_lane.get(name, ())),
            "papers": [_shown(asked, one) for one in week.by_lane.get(name, ())[:SHOWN]],
        }
        for name in (*names, *others)
    ]
    return {"considered": week.considered, "sent": week.sent, "silenced": week.silenced, "lanes": lanes}


def _shown(asked: Asked, brought: Brought) -> tuple[Card, str]:
    return plain_card_of(brought.paper, asked.language, brought.pick.attention), clean(brought.pick.reason, 300)


ROUTES = for_readers(
    "preferences",
    lambda path: form(path, take, show=show, query=("q", "done"), limit=LIMIT, max_bytes=MOST_BYTES),
)
