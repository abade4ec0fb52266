"""Where the links at the end of every mail lead: unsubscribe, take it back, a week's rest, the mail on the web.

A GET shows a page with one button and changes nothing, whoever opens it. Unsubscribing works from anywhere (RFC 8058):
the mail program sends ``List-Unsubscribe=One-Click`` to the link and expects an answer, no cookie and no redirect. The
tokens never expire, and of a reader who is gone they say what was wished for: that no mail comes.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from digest.editions.archive import page as archived
from digest.editions.recipe import Recipe
from digest.errors import MembershipError, NotFound
from digest.model import Evidence, ReaderState
from digest.pipeline.membership import UNDO_FOR
from digest.web.limits import Limit
from digest.web.routes import Answer, Asked, Document, Page, Sent, form, page
from digest.web.visitor import Visitor, visitor

LIMIT: Final = Limit(name="leaving", per_hour=6000, burst=600)
"""Mail programs of a provider send these for all their users from few addresses."""
ONE_CLICK: Final = ("list-unsubscribe", "one-click")
REST: Final = dt.timedelta(days=7)
MEMBERS: Final = frozenset({ReaderState.ACTIVE, ReaderState.PAUSED})
_MAIL_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Of a mail as a page: its styles stand in it, and nothing else may run or load."""


def ask_leave(asked: Asked) -> Answer:
    try:
        who = visitor(asked)
    except NotFound:
        return _left(asked, None)
    return _left(asked, who) if who.reader.state not in MEMBERS else _page(asked, "leave", who)


def leave(sent: Sent) -> Answer:
    """A body that does not say what RFC 8058 says changes nothing: some scanners send forms."""
    name, value = ONE_CLICK
    said = {key.lower(): values for key, values in sent.form.items()}.get(name, ())
    if value not in {one.lower() for one in said}:
        return ask_leave(sent)
    try:
        who = visitor(sent)
    except NotFound:
        return _left(sent, None)
    if who.reader.state is not ReaderState.LEFT:
        words = "by the button of the page" if sent.field("page") else "by one click in their mail program (RFC 8058)"
        known = sent.app.members.leave(who.id, _evidence(sent, f"unsubscribed {words}"))
        if known is not None:
            sent.app.letters.say_goodbye(who.id)
    return _left(sent, who)


def ask_undo(asked: Asked) -> Answer:
    who = visitor(asked)
    return _back(asked, who) if who.reader.state in MEMBERS else _page(asked, "undo", who)


def undo(sent: Sent) -> Answer:
    who = visitor(sent)
    try:
        sent.app.members.undo(who.id, _evidence(sent, sent.gettext("Send me mail again")))
    except MembershipError:
        return _page(sent, "late", who, status=409)
    return _back(sent, who)


def ask_pause(asked: Asked) -> Answer:
    who = visitor(asked)
    if who.reader.state not in MEMBERS:
        return _left(asked, who)
    return _page(asked, "pause", who, until=_day(asked, who.reader.paused_until, who))


def pause(sent: Sent) -> Answer:
    who = visitor(sent)
    until = sent.now + REST
    try:
        sent.app.members.pause(who.id, until=until, evidence=_evidence(sent, sent.gettext("No mail for a week")))
    except MembershipError:
        return _left(sent, who)
    return _page(sent, "paused", who, until=_day(sent, until, who))


def read(asked: Asked) -> Answer:
    """The mail, without the links that act for its reader: who reads it here may not be who it was sent to.

    Raises:
        NotFound: its text is not kept any more.
    """
    who = visitor(asked)
    assert who.edition is not None
    replay = asked.rooms.outbox.replay(who.id, who.edition.date)
    if replay is None:
        raise NotFound("this mail is not kept any more")
    recipe = Recipe.from_bytes(replay.recipe)
    words = asked.gettext("From %(site)s, the edition of %(date)s, without its reader's own links.") % {
        "site": asked.site.config.site.name,
        "date": asked.language.date(who.edition.date),
    }
    html = archived(recipe, asked.rooms.fragments.get(recipe.hashes), words=words)
    return Document(
        body=html.encode(), media_type="text/html; charset=utf-8", headers={"content-security-policy": _MAIL_CSP}
    )


def _left(asked: Asked, who: Visitor | None) -> Page:
    return _page(asked, "left", who, days=UNDO_FOR.days)


def _back(asked: Asked, who: Visitor) -> Page:
    return _page(asked, "back", who)


def _page(asked: Asked, what: str, who: Visitor | None, *, status: int = 200, **values: object) -> Page:
    """One of the few sentences and buttons of ``leaving.html.j2``."""
    common = {
        "what": what,
        "who": who,
        "leave_at": who.place("unsubscribe") if who else "",
        "can_undo": who is not None and who.reader.state is not ReaderState.PENDING,
    }
    return Page(template="leaving.html.j2", values={**common, **values}, status=status)


def _day(asked: Asked, at: dt.datetime | None, who: Visitor) -> str:
    """The reader's own date at an instant, in words; empty for none."""
    from digest.schedule import zone

    return asked.language.date(at.astimezone(zone(who.reader.subscriber.times.timezone)).date()) if at else ""


def _evidence(sent: Sent, text: str) -> Evidence:
    return Evidence(text=text, language=sent.language.tag, ip=sent.client or None)


_MAIL: Final = "/f/{token}/0"
ROUTES = (
    form(f"{_MAIL}/unsubscribe", leave, show=ask_leave, from_anywhere=True, limit=LIMIT),
    form(f"{_MAIL}/undo", undo, show=ask_undo, limit=LIMIT),
    form(f"{_MAIL}/pause", pause, show=ask_pause, limit=LIMIT),
    page(f"{_MAIL}/read", read),
)
