"""Looks at the service as its operator would, and tells them what cannot wait: in the log, by mail, by webhook.

Each kind of alert is told once a day, by one process. The rules are in digest/alerts.py.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence

from digest.alerts import Alert, Situation, alerts
from digest.delivery.hooks import call
from digest.editions.letters import Report, Task
from digest.errors import DigestError
from digest.pipeline.desk import site_info
from digest.pipeline.report import due_day
from digest.pipeline.rooms import Rooms
from digest.pipeline.upkeep import backups_since
from digest.store.chores import ChoreStore

logger = logging.getLogger(__name__)

RECENT = dt.timedelta(days=2)
OVERDUE_AFTER = dt.timedelta(hours=3)
"""Beyond the time that editions may wait for fresh papers."""


def situation(rooms: Rooms) -> Situation:
    """What the rules look at, as the store knows it now."""
    now, freshness = rooms.clock(), rooms.config.freshness
    day = due_day(now)
    patience = dt.timedelta(seconds=freshness.at_most_s) + OVERDUE_AFTER
    return Situation(
        now=now,
        past_days={day: rooms.outbox.counts(trial=False, edition=day)},
        overdue=rooms.subscribers.overdue(now - patience),
        mismatched=rooms.outbox.mismatched_since(now - RECENT),
        journal_gap_since=rooms.outbox.gaps_since(),
        backups_since=backups_since(rooms),
    )


def raise_alarm(rooms: Rooms, *, mail: Callable[[Report], object]) -> tuple[Alert, ...]:
    """Tell what is wrong to whom it concerns, each kind once a day; returns all that is wrong. Nothing is raised."""
    found, now = alerts(situation(rooms)), rooms.clock()
    if not found:
        return ()
    chores, today = ChoreStore(rooms.db), now.astimezone(dt.UTC).date()
    kinds = {kind for kind in dict.fromkeys(a.kind for a in found) if chores.claim(f"alert.{kind}", today, now=now)}
    fresh = [alert for alert in found if alert.kind in kinds]
    for alert in fresh:
        logger.error("ALERT %s: %s. %s", alert.kind, alert.what, alert.todo)
    if fresh and _told(rooms, fresh, mail=mail):
        for kind in kinds:
            chores.done(f"alert.{kind}", now=rooms.clock())
    return found


def _told(rooms: Rooms, fresh: Sequence[Alert], *, mail: Callable[[Report], object]) -> bool:
    """True if somebody was told, or nobody is to be; else it is tried again after half an hour."""
    operator, webhook = rooms.config.mail.report_to, rooms.config.alerts.webhook
    told = operator is None and webhook is None
    if operator is not None:
        told |= _try("mail", lambda: mail(_letter(rooms, operator, fresh)))
    if webhook is not None:
        said = [{"kind": alert.kind, "what": alert.what, "todo": alert.todo} for alert in fresh]
        text = "\n".join(f"{rooms.config.site.name}: {alert.what}. {alert.todo}" for alert in fresh)
        told |= _try("webhook", lambda: call(webhook, {"text": text, "alerts": said}))
    return told


def _try(how: str, tell: Callable[[], object]) -> bool:
    try:
        tell()
    except DigestError as error:
        logger.error("an alert could not be told by %s: %s", how, error)  # noqa: TRY400 (made for people)
        return False
    return True


def _letter(rooms: Rooms, operator: str, fresh: Sequence[Alert]) -> Report:
    now = rooms.clock()
    return Report(
        to=operator,
        site=site_info(rooms.config),
        sent_at=now,
        day=now.astimezone(dt.UTC).date(),
        headline=fresh[0].what,
        tasks=tuple(Task(what=alert.what, todo=alert.todo) for alert in fresh),
        books=(),
        sources=(),
        troubles=(),
        suppressed=(),
        left_out=0,
    )


def heartbeat(rooms: Rooms) -> None:
    """Tell whoever watches that a pass has ended well. A heartbeat that is not heard is their affair."""
    if (url := rooms.config.alerts.heartbeat) is not None:
        try:
            call(url)
        except DigestError as error:
            logger.warning("heartbeat: %s", error)
