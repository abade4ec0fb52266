"""`/confirm/TOKEN`: whoever reads mail at an address says yes. A scanner that opens the link says nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from digest import timezones
from digest.errors import DigestError, MembershipError, NotFound, TokenError
from digest.model import EditionKey, Evidence, Frequency, ReaderState, SendTimes, Subscriber
from digest.pipeline.correspondence import Correspondence
from digest.pipeline.membership import Membership
from digest.settings.times import parse_clock_time
from digest.store.subscribers import STORE, KnownReader
from digest.web.cards import Card, plain_card_of
from digest.web.limits import Limit
from digest.web.routes import Answer, Asked, Page, Sent, form
from digest.web.urls import segment
from digest.web.visitor import fresh_place

log = logging.getLogger(__name__)

SHOWN: Final = 5
"""Papers of the first look."""
LIMIT: Final = Limit(name="confirm", per_hour=600, burst=120)
MEMBERS: Final = frozenset({ReaderState.ACTIVE, ReaderState.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What a link asks. ``wanted`` is None once it was answered."""

    reader_id: str
    wanted: Subscriber | None
    known: KnownReader


def ask(asked: Asked) -> Answer:
    """One button, and when mails would come, which is the time to mend a wrong guess."""
    question = _question(asked)
    if isinstance(question, Page):
        return question
    if question.wanted is None:
        return _subscribed(asked, question.known, fresh=False)
    return _asking(asked, question, question.wanted)


def take(sent: Sent) -> Answer:
    question = _question(sent)
    if isinstance(question, Page):
        return question
    if question.wanted is None:
        return _subscribed(sent, question.known, fresh=False)
    times, problems = _times(sent, question.wanted)
    if problems:
        return _asking(sent, question, question.wanted, problems=problems)
    evidence = Evidence(text=sent.gettext("Yes, send them"), language=sent.language.tag, ip=sent.client or None)
    try:
        known = sent.app.members.confirm(question.reader_id, evidence, email=question.wanted.email, at_once=True)
        if known.origin == STORE and times != known.subscriber.times:
            known = sent.app.members.change(replace(known.subscriber, times=times))
    except (MembershipError, NotFound):  # answered or forgotten between the look and the deed
        return _over(sent)
    return _subscribed(sent, known, fresh=True, moved=question.known.state in MEMBERS)


def _question(asked: Asked) -> _Question | Page:
    members = Membership(asked.rooms)
    letters = Correspondence(asked.rooms, members, asked.site.ring)
    try:
        reader_id, address = letters.confirms(asked.path["token"])
    except TokenError as error:
        return _over(asked, expired=error.expired, status=403)
    known = asked.rooms.subscribers.many([reader_id]).get(reader_id)
    wanted = members.wanted(reader_id)
    if known is None:
        return _over(asked, expired=True)
    if wanted is not None and letters.is_for(address, wanted.email):
        return _Question(reader_id=reader_id, wanted=wanted, known=known)
    if known.state in MEMBERS and letters.is_for(address, known.subscriber.email):
        return _Question(reader_id=reader_id, wanted=None, known=known)
    return _over(asked)


def _times(sent: Sent, wanted: Subscriber) -> tuple[SendTimes, dict[str, str]]:
    """The times that the form says, those that were asked for where it says nothing; and what is wrong with them."""
    problems: dict[str, str] = {}
    zone, send = sent.field("timezone"), sent.field("send")
    times = wanted.times
    if zone:
        if (named := timezones.exactly(zone) or timezones.nearest(zone)) is None:
            problems["timezone"] = sent.gettext("Write a place, such as Europe/Berlin.")
        else:
            times = replace(times, timezone=named)
    if send:
        try:
            times = replace(times, send=parse_clock_time(send))
        except ValueError:
            problems["send"] = sent.gettext("Write a time such as 07:30.")
    return times, problems


def _asking(
    asked: Asked, question: _Question, wanted: Subscriber, *, problems: Mapping[str, str] | None = None
) -> Page:
    values = {
        "place": f"/confirm/{segment(asked.path['token'])}",
        "email": wanted.email,
        "lanes": [lane.name for lane in wanted.lanes],
        "timezone": _typed(asked, "timezone") or wanted.times.timezone,
        "send": _typed(asked, "send") or f"{wanted.times.send:%H:%M}",
        "zones": sorted(timezones.names()),
        "moving": question.known.state in MEMBERS,
        "problems": problems or {},
    }
    return Page(template="confirm.html.j2", values=values, status=422 if problems else 200)


def _typed(asked: Asked, name: str) -> str:
    """What was typed, where this is the answer to a form."""
    return asked.field(name) if isinstance(asked, Sent) else ""


def _subscribed(asked: Asked, known: KnownReader, *, fresh: bool, moved: bool = False) -> Page:
    """What comes now. Who has just confirmed reads mail at the address, so their page opens all of its doors."""
    site, reader = asked.site, known.subscriber
    if fresh:
        page = fresh_place(site, reader.id, now=asked.now)
    else:
        page = f"/f/{segment(site.ring.sign(EditionKey(reader.id, asked.now.date())))}/0/preferences"
    values = {
        "first": fresh and not moved,
        "moved": moved,
        "times": reader.times,
        "page": page,
        "cards": [] if moved else _first_look(asked, reader),
    }
    return Page(template="welcome.html.j2", values=values)


def _first_look(asked: Asked, reader: Subscriber) -> list[Card]:
    """The best of this week for them, by no more than what they asked for. They are subscribed, whatever fails here."""
    wanted = replace(reader, papers=SHOWN, times=replace(reader.times, frequency=Frequency.WEEKLY))
    try:
        week = asked.site.tryout.of(wanted, now=asked.now)
    except DigestError as error:
        log.warning("no first look for reader=%s: %s", reader.id, error)
        return []
    brought = [one for papers in week.by_lane.values() for one in papers] if week is not None else []
    best = sorted(brought, key=lambda one: -one.pick.score)
    return [plain_card_of(one.paper, asked.language, one.pick.attention) for one in best[:SHOWN]]


def _over(asked: Asked, *, expired: bool = False, status: int = 410) -> Page:
    """The link leads nowhere any more, and what does."""
    return Page(
        template="over.html.j2", values={"expired": expired, "torn": status == 403 and not expired}, status=status
    )


ROUTES = (form("/confirm/{token}", take, show=ask, limit=LIMIT),)
