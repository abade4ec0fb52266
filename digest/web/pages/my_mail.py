"""My page: how and when mails come; a rest of a week, until a day or until further notice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from digest import languages, timezones
from digest.errors import MembershipError
from digest.model import Frequency, MailLayout, QuietDay
from digest.schedule import local_instant
from digest.web import mail_form
from digest.web.mail_form import MailFields
from digest.web.my_page import LIMIT, MEMBERS, back, evidence, local_day, mine, weekdays
from digest.web.routes import Answer, Asked, Page, Sent, form
from digest.web.visitor import Visitor, for_readers, visitor

LONGEST_PAUSE: Final = dt.timedelta(days=366)
WEEK: Final = dt.timedelta(days=7)
PLACE: Final = "preferences/mail"


def show(asked: Asked) -> Answer:
    return _page(asked, visitor(asked))


def take(sent: Sent) -> Answer:
    """Save the settings, rest, or end a rest."""
    who, act = visitor(sent), sent.field("do")
    if who.reader.state not in MEMBERS:
        return _page(sent, who, status=409)
    if act == "save":
        return _save(sent, who)
    if act == "resume":
        try:
            sent.app.members.resume(who.id, evidence(sent, sent.gettext("Send me mail again")))
        except MembershipError:  # their file says that they are paused
            return _page(sent, who, status=409)
        return back(sent, who, PLACE, "resumed")
    return _pause(sent, who, act)


def _save(sent: Sent, who: Visitor) -> Answer:
    if who.declared:
        return _page(sent, who, status=409)
    typed = mail_form.typed(sent.form)
    read = mail_form.understood(typed, who.reader.subscriber, sent.gettext)
    if read.reader is None:
        return _page(sent, who, typed=typed, problems=read.problems, status=422)
    sent.app.members.change(read.reader)
    return back(sent, who, PLACE, "saved")


def _pause(sent: Sent, who: Visitor, act: str) -> Answer:
    times = who.reader.subscriber.times
    until: dt.datetime | None = None
    if act == "pause-week":
        until = sent.now + WEEK
    elif act == "pause-until":
        day = _date(sent.field("until"))
        until = local_instant(day, dt.time(), times.timezone) if day is not None else None
        if until is None or not sent.now < until <= sent.now + LONGEST_PAUSE:
            told = sent.gettext("Choose a day from tomorrow on, within a year.")
            return _page(sent, who, problems={"until": told}, until=sent.field("until"), status=422)
    elif act != "pause" or who.declared:
        return _page(sent, who, status=409)
    words = sent.gettext("No mail until %(day)s") % {"day": local_day(until, times)} if until else ""
    sent.app.members.pause(
        who.id, until=until, evidence=evidence(sent, words or sent.gettext("No mail until I say so"))
    )
    return back(sent, who, PLACE, "paused")


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _page(
    asked: Asked,
    who: Visitor,
    *,
    typed: MailFields | None = None,
    problems: Mapping[str, str] | None = None,
    until: str = "",
    status: int = 200,
) -> Page:
    reader = who.reader.subscriber
    _ = asked.gettext
    today = local_day(asked.now, reader.times)
    tags = dict.fromkeys((*languages.tags(), reader.language))
    values = {
        "tab": PLACE,
        "typed": typed or mail_form.stored(reader),
        "problems": problems or {},
        "until": until,
        "tomorrow": today + dt.timedelta(days=1),
        "last_day": today + LONGEST_PAUSE,
        "zones": sorted(timezones.names()) if who.reader.state in MEMBERS and not who.declared else (),
        "weekdays": list(enumerate(weekdays(asked.language))),
        "most_papers": mail_form.MOST_PAPERS,
        "choices": {
            "frequency": [
                (Frequency.ANNOUNCEMENT_DAYS, _("After arXiv’s announcements")),
                (Frequency.DAILY, _("Every day")),
                (Frequency.WEEKDAYS, _("Monday to Friday")),
                (Frequency.WEEKLY, _("Once a week")),
            ],
            "quiet_day": [(QuietDay.SKIP, _("No mail")), (QuietDay.SEND, _("A short mail that says so"))],
            "layout": [
                (MailLayout.FULL, _("With a summary of each paper")),
                (MailLayout.COMPACT, _("Titles and reasons only")),
            ],
            "language": [(tag, languages.language(tag).name if tag in languages.tags() else tag) for tag in tags],
        },
    }
    return mine(asked, who, "my_mail.html.j2", values, status=status)


ROUTES = for_readers(PLACE, lambda path: form(path, take, show=show, query=("done",), limit=LIMIT))
