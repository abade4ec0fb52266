"""The day at a glance: what needs a person, what waits, how relays and sources are, and a month in charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from digest.alerts import alerts
from digest.errors import NotFound
from digest.model import DeliveryState
from digest.pipeline.alarm import situation
from digest.pipeline.report import report
from digest.reports.charts import Chart, line_chart
from digest.store.acts import ActStore
from digest.store.daily import Daily, daily
from digest.store.reader_index import ReaderIndex
from digest.web.door import HOME
from digest.web.pages.admin.desk import admin_page, done, record, trial
from digest.web.routes import Answer, Asked, Sent, form, page

DAYS: Final = 30
_ACTS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A chart with what it says, for who cannot see it."""

    title: str
    chart: Chart | None
    """None where there is nothing to draw."""
    words: str


def show(asked: Asked) -> Answer:
    """``/admin``"""
    rooms, today = asked.rooms, asked.now.date()
    month = daily(rooms.db, today, days=DAYS)
    waiting: dict[DeliveryState, int] = {}
    for (_, state), number in rooms.outbox.waiting().items():
        waiting[state] = waiting.get(state, 0) + number
    return admin_page(
        asked,
        "overview",
        {
            "today": today,
            "report": report(rooms, today, to="", trial=trial(asked)),
            "alerts": () if trial(asked) else alerts(situation(rooms)),
            "readers": ReaderIndex(rooms.db).counts(),
            "waiting": sorted(waiting.items()),
            "relays": [relay for relay in rooms.outbox.troubled_relays() if relay.paused(asked.now)],
            "domains": [domain for domain in rooms.outbox.troubled_domains() if domain.rests(asked.now)],
            "charts": _charts(month),
            "month": month,
            "acts": ActStore(rooms.db).latest(_ACTS),
        },
        here="overview",
    )


def _charts(month: Daily) -> tuple[Told, ...]:
    series = (
        ("Mails sent", (("sent", month.sent),)),
        ("Readers who came and left", (("came", month.newcomers), ("left", month.leaves))),
        ("Bounces", (("bounces", month.bounces),)),
        ("New papers", (("papers", month.papers),)),
    )
    return tuple(
        Told(
            title=title,
            chart=line_chart(title, month.days, lines, whole=True) if any(map(any, dict(lines).values())) else None,
            words=". ".join(_in_words(month, name, values) for name, values in lines),
        )
        for title, lines in series
    )


def _in_words(month: Daily, name: str, values: tuple[int, ...]) -> str:
    if not any(values):
        return f"{name}: none in {len(values)} days"
    most = max(range(len(values)), key=lambda at: values[at])
    day = month.days[most]
    return f"{name}: {sum(values):,} in {len(values)} days, {values[most]:,} at most, on {day.day} {day:%b}"


def trust(sent: Sent) -> Answer:
    """Use a paused relay, or write to a resting domain, again at once."""
    name, outbox = sent.field("name"), sent.app.outbox
    known = {relay.relay for relay in outbox.troubled_relays()}
    resting = {domain.domain for domain in outbox.troubled_domains()}
    if name not in known | resting:
        raise NotFound("nothing of that name is in trouble")
    record(sent, "resume", relay=name)
    if name in known:
        outbox.resume_relay(name, now=sent.now)
    else:
        outbox.trust_domain(name)
    return done(sent, HOME, f"{name} is trusted again.")


ROUTES = (page(HOME, show, query=("said",)), form(f"{HOME}/resume", trust))
