"""Limits of relays and of recipient domains: kept over passes and processes, and never in the way of others."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digest.delivery.sender import drain
from digest.errors import StoreError
from digest.model import DeliveryState as S
from digest.settings.mail import MailConfig
from digest.store.database import Database
from digest.store.outbox import Draw, Outbox
from digest.store.upgrade import ensure_current
from tests.support.outbox_rows import HOUR, NOW, add_readers, make_outbox, make_ready, message_for, plan_of
from tests.support.relaying import relay, send
from tests.support.smtp_server import Rule, Say, SmtpServer

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = make_outbox(f"sqlite:///{tmp_path}/digest.db")
    yield made
    made._db.close()


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def ready(outbox: Outbox, **numbers: int) -> None:
    """So many readers at each domain (``gmail=3`` is gmail.example), in this order."""
    names = [f"{domain}{index:03}" for domain, number in numbers.items() for index in range(number)]
    add_readers(outbox._db, *names)
    make_ready(outbox, names, plans=[plan_of(name, recipient=f"{name}@{name[:-3]}.example") for name in names])


def by_domain(server: SmtpServer) -> Counter[str]:
    return Counter(one.recipient.rpartition("@")[2].partition(".")[0] for one in server.ledger())


# ── what a relay may be given ───────────────────────────────────────────────────────────────────────────────


def test_a_day_s_limit_holds_over_passes(outbox: Outbox, server: SmtpServer) -> None:
    """Seven of ten go today, the others as soon as 24 hours have passed; nobody is charged for waiting."""
    ready(outbox, uni=10)
    gmail = relay(server.port, per_day=7)
    report = send(outbox, [gmail])
    assert report.sent == 7
    assert report.paused is not None
    assert "7 in 24 hours" in (report.paused.reason or "")
    assert report.paused.paused_until is not None
    assert send(outbox, [gmail], clock=lambda: NOW + HOUR).sent == 0
    assert {row.attempt_count for row in outbox.listing() if row.state is S.READY} == {0}
    assert report.paused.paused_until - NOW <= 24 * HOUR + 5 * MINUTE
    assert outbox.draw(gmail.name, 1, per_hour=None, per_day=7, now=report.paused.paused_until).number == 1


def test_what_is_over_the_limit_goes_over_the_next_relay(outbox: Outbox, server: SmtpServer) -> None:
    """The first account's day is used to its last message."""
    ready(outbox, uni=30)
    with SmtpServer() as spare:
        report = send(outbox, [relay(server.port, per_day=21), relay(spare.port)])
        assert (len(server.ledger()), len(spare.ledger()), report.sent) == (21, 9, 30)
    assert report.paused is None


def test_refused_recipients_are_not_counted(outbox: Outbox, server: SmtpServer) -> None:
    """A provider counts messages; what it refused before the content was none."""
    ready(outbox, dead=4, uni=6)
    server.script(Rule(at="rcpt", match="dead", do=Say("550 5.1.1 unknown")))
    report = send(outbox, [relay(server.port, per_day=6)])
    assert report.counts == {S.SUPPRESSED: 4, S.ACCEPTED: 6}


def test_an_hour_s_limit_leaves_room_in_the_next(outbox: Outbox, server: SmtpServer) -> None:
    """In any hour, also one that begins in the midst of another."""
    ready(outbox, uni=9)
    one = relay(server.port, per_hour=4)
    assert send(outbox, [one]).sent == 4
    assert send(outbox, [one], clock=lambda: NOW + 59 * MINUTE).sent == 0
    assert send(outbox, [one], clock=lambda: NOW + 66 * MINUTE).sent == 4


def test_what_was_drawn_and_not_used_is_put_back(outbox: Outbox, server: SmtpServer) -> None:
    """A window of eight for three mails costs three."""
    ready(outbox, uni=3)
    one = relay(server.port, per_day=100)
    assert send(outbox, [one]).sent == 3
    assert outbox.given(NOW) == {one.name: (3, 3)}


def test_two_senders_share_one_limit(database_url: str, server: SmtpServer) -> None:
    """Each with its own connection to one database: together they send exactly what is allowed."""
    first, second = Database(database_url), Database(database_url)
    ensure_current(first)
    ready(Outbox(first), uni=60)

    def run(db: Database) -> int:
        return send(Outbox(db), [relay(server.port, per_day=41)], window=3).sent

    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(run, (first, second)))
    # One may have ended while the other held the last of the allowance; then a further pass sends it.
    sent.append(run(first))
    assert sum(sent) == len(server.ledger()) == 41
    first.close()
    second.close()


# ── what a domain may be given ──────────────────────────────────────────────────────────────────────────────


def test_a_slow_domain_does_not_hold_up_the_others(outbox: Outbox, server: SmtpServer) -> None:
    """The hundred behind eight at a limited domain overtake them; it gets the rest at its own pace."""
    ready(outbox, gmail=8, uni=100)
    started = time.monotonic()
    report = send(outbox, [relay(server.port)], domains={"gmail.example": {"per_second": 4}})
    took_s = time.monotonic() - started
    assert report.sent == 108
    order = ["gmail" in one.recipient for one in server.ledger()]
    assert max(index for index, limited in enumerate(order) if limited) > 50
    assert took_s >= 1.0, "a second's worth at once, and the rest by its rate"


def test_a_limited_domain_does_not_starve(outbox: Outbox, server: SmtpServer) -> None:
    """It gets its share while the others have plenty to do."""
    ready(outbox, gmail=12, uni=150)
    send(outbox, [relay(server.port, per_second=150.0, connections=2)], domains={"gmail.example": {"per_second": 12}})
    assert by_domain(server)["gmail"] == 12
    first = [one.recipient for one in server.ledger()[:100]]
    assert sum("gmail" in recipient for recipient in first) >= 8


def test_connections_of_a_domain_are_limited(outbox: Outbox, server: SmtpServer) -> None:
    """However many connections there are, one window of it is under way at a time."""
    ready(outbox, gmail=24, uni=24)
    seen: list[int] = []

    class Watching(Outbox):
        def advance(self, results, windows, *, now):  # type: ignore[no-untyped-def]  # as Outbox.advance
            marked = super().advance(results, windows, now=now)
            rows = self.listing()
            seen.append(sum(row.state is S.SENDING and "gmail" in (row.recipient or "") for row in rows))
            return marked

    report = send(Watching(outbox._db), [relay(server.port)], window=4, domains={"*": {"connections": 1}})
    assert report.sent == 48
    assert 0 < max(seen) <= 4


def test_a_domain_that_says_too_many_rests(outbox: Outbox, server: SmtpServer) -> None:
    """Three refusals for the pace, and it is left alone; the others go on, nobody else is blamed."""
    ready(outbox, gmail=40, uni=40)
    server.script(Rule(at="rcpt", match="gmail", do=Say("450 4.7.28 too many messages, slow down")))
    report = send(outbox, [relay(server.port, connections=2)], window=2)
    assert (report.sent, report.resting) == (40, ())
    assert 3 <= report.counts[S.DEFERRED] <= 6, "what was under way when it began to rest"
    (domain,) = outbox.troubled_domains()
    assert (domain.domain, domain.failures) == ("gmail.example", 1)
    assert domain.rests_until == NOW + 5 * MINUTE
    assert {row.attempt_count for row in outbox.listing() if "gmail" in (row.recipient or "")} == {0}
    assert send(outbox, [relay(server.port)], clock=lambda: NOW + 4 * MINUTE).counts == {}


def test_after_its_rest_one_message_goes_first(outbox: Outbox, server: SmtpServer) -> None:
    """Refused again it rests twice as long; accepted, the rest follows and it is forgotten."""
    ready(outbox, gmail=30)
    outbox.rest_domain("gmail.example", until=NOW, failures=1, reason="test", now=NOW)
    server.script(Rule(at="rcpt", do=Say("421 4.7.0 too many connections")))
    assert send(outbox, [relay(server.port)]).counts == {S.DEFERRED: 1}
    (domain,) = outbox.troubled_domains()
    assert (domain.failures, domain.rests_until) == (2, NOW + 10 * MINUTE)
    server.script()
    report = send(outbox, [relay(server.port)], clock=lambda: NOW + 11 * MINUTE)
    assert report.sent == 30
    assert not outbox.troubled_domains()


def test_two_refusals_are_no_reason_to_rest(outbox: Outbox, server: SmtpServer) -> None:
    """A success in between begins the count anew."""
    ready(outbox, gmail=30)
    server.script(Rule(at="rcpt", do=Say("450 4.7.28 too many messages"), times=2))
    report = send(outbox, [relay(server.port, connections=1)])
    assert report.counts == {S.DEFERRED: 2, S.ACCEPTED: 28}
    assert not outbox.troubled_domains()


def test_a_relay_that_turns_everyone_away_is_still_noticed(outbox: Outbox, server: SmtpServer) -> None:
    """When every domain is "too many", it is the relay that has enough of us."""
    ready(outbox, **{f"d{number}x": 2 for number in range(30)})
    server.script(Rule(at="rcpt", do=Say("451 4.7.0 rate limit")))
    report = send(outbox, [relay(server.port, connections=1)])
    assert report.paused is not None
    assert "of the last" in (report.paused.reason or "")


def test_a_stop_does_not_wait_for_a_domain(outbox: Outbox, server: SmtpServer) -> None:
    """However slow it is; what waited for it is ready again."""
    ready(outbox, gmail=20)
    stop = threading.Event()

    def ask() -> None:
        server.wait_for("accepted", 1)
        stop.set()

    threading.Thread(target=ask, daemon=True).start()
    started = time.monotonic()
    config = MailConfig.model_validate({"domains": {"*": {"per_second": 0.01}}})
    report = drain(outbox, lambda: [relay(server.port)], message_for, config=config, clock=lambda: NOW, stop=stop)
    assert (report.stopped, report.sent) == (True, 1)
    assert outbox.counts() == {S.ACCEPTED: 1, S.READY: 19}
    assert time.monotonic() - started < 10


def test_a_database_that_is_away_for_a_moment_costs_nothing(outbox: Outbox, server: SmtpServer) -> None:
    """A domain's rest and an allowance put back may get lost; mails and replies do not."""
    ready(outbox, gmail=6, uni=6)
    server.script(Rule(at="rcpt", match="gmail", do=Say("450 4.7.28 too many messages")))

    class Forgetful(Outbox):
        def rest_domain(self, domain: str, **_: object) -> None:
            raise StoreError("busy")

        def put_back(self, relay: str, draw: Draw, number: int) -> None:
            raise StoreError("busy")

    report = send(Forgetful(outbox._db), [relay(server.port, per_day=100, connections=1)])
    assert report.sent == 6
    assert report.counts.get(S.DEFERRED, 0) + outbox.counts().get(S.READY, 0) == 6
    assert set(outbox.counts()) <= {S.ACCEPTED, S.DEFERRED, S.READY}
