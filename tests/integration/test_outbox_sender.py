"""The sender end to end: a real outbox, a real SMTP server that misbehaves, and what is in both afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from digest.delivery import sender
from digest.delivery.base import Session
from digest.delivery.relays import Relay
from digest.delivery.replies import Reply
from digest.delivery.report import DrainReport
from digest.delivery.sender import drain, drain_async
from digest.delivery.settings import SmtpSettings, Timeouts
from digest.delivery.smtp import SmtpTransport
from digest.errors import StoreError
from digest.model import DeliveryState as S
from digest.model import Envelope
from digest.settings.mail import MailConfig, TlsMode, TransportKind
from digest.store.outbox import AttemptResult, ClaimedDelivery, Outbox, Window
from tests.support.outbox_rows import HOUR, NOW, add_readers, attempts_of, make_outbox, make_ready, message_for, states
from tests.support.smtp_server import Drop, Hang, Rule, Say, SmtpServer, closed_port

QUICK = Timeouts(connect_s=1, command_s=1, stall_s=1, dot_s=1, quit_s=0.2)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = make_outbox(f"sqlite:///{tmp_path}/digest.db")
    yield made
    made._db.close()


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def readers(outbox: Outbox, *names: str) -> dict[str, int]:
    """Readers whose delivery is ready; their delivery ids."""
    add_readers(outbox._db, *names)
    return dict(zip(names, make_ready(outbox, names), strict=True))


def smtp(port: int, *, username: str | None = None, password: str | None = None) -> SmtpTransport:
    return SmtpTransport(
        SmtpSettings(
            host="127.0.0.1", port=port, tls=TlsMode.NONE, timeouts=QUICK, username=username, password=password
        )
    )


def send(
    outbox: Outbox,
    transport: SmtpTransport,
    *,
    render: Callable[[ClaimedDelivery], Envelope] = message_for,
    now: dt.datetime = NOW,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] = lambda done: None,
    **config: object,
) -> DrainReport:
    values: Mapping[str, object] = {"transport": TransportKind.SMTP, "server": "smtp://127.0.0.1:1"} | config
    mail = MailConfig.model_validate(values)
    return drain(
        outbox,
        lambda: [Relay.of(transport, mail)],
        render,
        config=mail,
        clock=lambda: now,
        stop=stop or threading.Event(),
        progress=progress,
        jitter=lambda: 0.5,
    )


def test_everything_ready_goes_out_once(outbox: Outbox, server: SmtpServer) -> None:
    """Fifty deliveries over four connections: each accepted once, in the ledger once, and the second pass is idle."""
    ids = readers(outbox, *(f"r{index}" for index in range(50)))
    done: list[int] = []
    report = send(outbox, smtp(server.port), progress=done.append)
    assert (report.sent, report.ok, report.troubles) == (50, True, ())
    assert done[-1] == 50
    assert set(states(outbox).values()) == {"accepted"}
    assert sorted(server.message_ids()) == sorted(f"<2025-11-24.{name}@digest.test>" for name in ids)
    assert server.seen["greeting"] <= 4
    assert send(outbox, smtp(server.port)).counts == {}
    assert server.seen["greeting"] <= 4, "an idle pass does not connect"


def test_few_messages_use_one_connection(outbox: Outbox, server: SmtpServer) -> None:
    """A personal installation does not open four connections for three mails."""
    readers(outbox, "ada", "bob", "eve")
    assert send(outbox, smtp(server.port)).sent == 3
    assert server.seen["greeting"] == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_each_reply_has_its_consequence(outbox: Outbox, server: SmtpServer, pipelining: bool) -> None:
    """450 defers with backoff, 5.1.1 suppresses, 5.7.1 fails and is shown; the others are not held up."""
    ids = readers(outbox, "ada", "full", "dead", "spam", "bob")
    server.extensions = ("PIPELINING",) if pipelining else ()
    server.script(
        Rule(at="rcpt", match="full@", do=Say("450 4.2.2 mailbox full, try again in 30 minutes")),
        Rule(at="rcpt", match="dead@", do=Say("550 5.1.1 unknown")),
        Rule(at="dot", match="spam@", do=Say("554 5.7.1 looks like spam")),
    )
    report = send(outbox, smtp(server.port))
    assert report.counts == {S.ACCEPTED: 2, S.DEFERRED: 1, S.SUPPRESSED: 1, S.FAILED: 1}
    assert not report.ok
    rows = {row.subscriber_id: row for row in outbox.listing()}
    assert rows["full"].next_attempt_at == NOW + 1.1 * dt.timedelta(minutes=30)
    assert outbox.is_suppressed("dead@example.org", now=NOW)
    assert outbox.is_suppressed("spam@example.org", now=NOW) is None
    assert attempts_of(outbox, ids["spam"]) == [("dot", "failed", 554)]
    server.script()
    assert send(outbox, smtp(server.port), now=NOW + HOUR).sent == 1


def test_a_deferral_that_would_come_too_late_expires(outbox: Outbox, server: SmtpServer) -> None:
    """When the next attempt would be after the expiry, the delivery ends there, with the reason."""
    ids = readers(outbox, "ada")
    server.script(Rule(at="rcpt", do=Say("450 4.2.0 later")))
    send(outbox, smtp(server.port), now=NOW + 18 * HOUR - dt.timedelta(minutes=3))
    assert states(outbox) == {ids["ada"]: "expired"}


def test_a_bug_in_one_mail_fails_that_one(outbox: Outbox, server: SmtpServer, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be rendered fails alone, with its traceback in the log and a count in the report."""
    ids = readers(outbox, "ada", "bob", "eve")

    def render(delivery: ClaimedDelivery) -> Envelope:
        if delivery.subscriber_id == "bob":
            raise ZeroDivisionError("a bug")
        return message_for(delivery)

    with caplog.at_level(logging.ERROR):
        report = send(outbox, smtp(server.port), render=render)
    assert (report.sent, report.bugs, report.ok) == (2, 1, False)
    assert states(outbox)[ids["bob"]] == "failed"
    assert any(record.exc_info for record in caplog.records)


# ── the relay ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_password_pauses_the_relay_and_costs_no_attempt(outbox: Outbox) -> None:
    """One login is tried, everything stays ready, and the next pass waits."""
    readers(outbox, *(f"r{index}" for index in range(30)))
    with SmtpServer(users={"ada": "sesame"}) as server:
        transport = smtp(server.port, username="ada", password="wrong")
        report = send(outbox, transport)
        assert report.paused is not None
        assert "user name or password" in (report.paused.reason or "")
        assert report.paused.paused_until == NOW + dt.timedelta(minutes=1)
        assert server.seen["auth"] == 1
        assert {(row.state, row.attempt_count) for row in outbox.listing()} == {(S.READY, 0)}
        assert send(outbox, transport).paused is not None
        assert server.seen["auth"] == 1, "a paused relay is left in peace"
        report = send(outbox, transport, now=NOW + HOUR)
        assert report.paused is not None
        assert report.paused.failures == 2


def test_after_a_pause_one_message_goes_first(outbox: Outbox, server: SmtpServer) -> None:
    """The probe that is refused pauses again; the one that is accepted lets the rest follow."""
    readers(outbox, *(f"r{index}" for index in range(20)))
    with closed_port() as port:
        assert send(outbox, smtp(port)).paused is not None
    relay = smtp(server.port)
    outbox.pause_relay(relay.name, until=NOW, failures=1, reason="test", now=NOW)
    server.script(Rule(at="rcpt", do=Say("451 4.3.0 not yet"), times=1))
    report = send(outbox, relay)
    assert report.counts == {S.DEFERRED: 1}
    assert report.paused is not None
    report = send(outbox, relay, now=NOW + HOUR)
    assert report.sent == 20
    assert outbox.relay(relay.name).failures == 0


def test_a_dead_mailbox_as_probe_proves_nothing(outbox: Outbox, server: SmtpServer) -> None:
    """The next message probes instead."""
    readers(outbox, "dead", "ada", "bob")
    server.script(Rule(at="rcpt", match="dead@", do=Say("550 5.1.1 unknown")))
    relay = smtp(server.port)
    outbox.pause_relay(relay.name, until=NOW, failures=1, reason="test", now=NOW)
    assert send(outbox, relay).counts == {S.SUPPRESSED: 1, S.ACCEPTED: 2}


def test_a_relay_that_refuses_our_sender_is_paused(outbox: Outbox, server: SmtpServer) -> None:
    """550 to MAIL FROM would burn every delivery of the day; instead all stay ready."""
    readers(outbox, *(f"r{index}" for index in range(9)))
    server.script(Rule(at="mail", do=Say("550 5.7.1 sender address rejected")))
    report = send(outbox, smtp(server.port), connections=1)
    assert report.paused is not None
    assert set(states(outbox).values()) == {"ready"}
    assert server.seen["mail"] == 1
    assert report.returned == 7, "the rest of the window; what was never marked is not counted as started"


def test_most_going_wrong_pauses_the_relay(outbox: Outbox, server: SmtpServer) -> None:
    """After twenty refusals of twenty the other eighty are spared."""
    readers(outbox, *(f"r{index}" for index in range(100)))
    server.script(Rule(at="dot", do=Say("554 5.7.1 no")))
    report = send(outbox, smtp(server.port), connections=1)
    assert report.counts == {S.FAILED: 20}
    assert report.paused is not None
    assert "20 of the last 20" in (report.paused.reason or "")


def test_a_server_that_ends_connections_is_nobodys_fault(outbox: Outbox, server: SmtpServer) -> None:
    """421 or a closed connection at MAIL FROM on a used connection: a new one is opened, no attempt is charged."""
    ids = readers(outbox, *(f"r{index}" for index in range(8)))
    server.script(
        Rule(at="mail", do=Say("421 4.7.0 too many messages in this session"), after=2, times=1),
        Rule(at="mail", do=Drop(), after=3, times=1),
    )
    report = send(outbox, smtp(server.port))
    assert report.counts == {S.ACCEPTED: 8}
    assert server.seen["greeting"] == 3
    assert all(len(attempts_of(outbox, delivery)) == 1 for delivery in ids.values())


def test_a_server_that_drops_what_follows_a_dot_costs_one_connection(outbox: Outbox, server: SmtpServer) -> None:
    """The envelope that was dropped is sent again over a new connection, and no further one travels with a dot."""
    ids = readers(outbox, *(f"r{index}" for index in range(12)))
    server.deaf = True
    report = send(outbox, smtp(server.port), connections=1, window=4)
    assert report.counts == {S.ACCEPTED: 12}
    assert server.seen["greeting"] == 2
    assert all(len(attempts_of(outbox, delivery)) == 1 for delivery in ids.values())


def test_what_a_server_says_to_an_empty_mail_is_no_acceptance(outbox: Outbox, server: SmtpServer) -> None:
    """It refuses the recipient, asks for content all the same and says 250 to the lone dot: refused is refused."""
    ids = readers(outbox, "dead", "ada", "gone", "bob")
    server.lax = True
    server.script(
        Rule(at="rcpt", match="dead@", do=Say("550 5.1.1 unknown")),
        Rule(at="rcpt", match="gone@", do=Say("550 5.1.1 unknown")),
    )
    report = send(outbox, smtp(server.port), connections=1)
    assert report.counts == {S.ACCEPTED: 2, S.SUPPRESSED: 2}
    assert attempts_of(outbox, ids["gone"]) == [("rcpt", "suppressed", 550)]
    assert sorted(taken.recipient for taken in server.ledger()) == ["ada@example.org", "bob@example.org"]
    assert server.seen["greeting"] == 1


def test_a_relay_with_fewer_connections_than_we_want(outbox: Outbox, server: SmtpServer) -> None:
    """When the second connection is refused, the first one does all the work."""
    readers(outbox, *(f"r{index}" for index in range(40)))
    server.script(Rule(at="greeting", do=Say("421 4.7.0 too many connections"), after=1))
    report = send(outbox, smtp(server.port))
    assert (report.sent, report.paused) == (40, None)


# ── what is uncertain ───────────────────────────────────────────────────────────────────────────────────────


def test_silence_after_the_dot_is_uncertain_and_held(outbox: Outbox, server: SmtpServer) -> None:
    """It is not sent again by itself."""
    ids = readers(outbox, "ada")
    server.script(Rule(at="accepted", do=Drop(), times=1))
    assert send(outbox, smtp(server.port)).counts == {S.UNCERTAIN: 1}
    assert send(outbox, smtp(server.port), now=NOW + 2 * HOUR).counts == {}
    assert states(outbox) == {ids["ada"]: "uncertain"}
    assert len(server.ledger()) == 1


def test_on_uncertain_retry_sends_again_with_the_same_message_id(outbox: Outbox, server: SmtpServer) -> None:
    """The operator may prefer a duplicate to a gap; receivers can tell by the Message-ID."""
    readers(outbox, "ada")
    server.script(Rule(at="accepted", do=Drop(), times=1))
    assert send(outbox, smtp(server.port), on_uncertain="retry").counts == {S.DEFERRED: 1}
    assert send(outbox, smtp(server.port), on_uncertain="retry", now=NOW + HOUR).counts == {S.ACCEPTED: 1}
    assert server.message_ids() == ["<2025-11-24.ada@digest.test>"] * 2


# ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────


def stop_when(reached: Callable[[], object]) -> threading.Event:
    stop = threading.Event()

    def wait() -> None:
        reached()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    return stop


def test_a_stop_returns_what_was_not_started(outbox: Outbox, server: SmtpServer) -> None:
    """SIGTERM with a full pool: transactions under way end, the rest is ready again, nothing is uncertain."""
    readers(outbox, *(f"r{index}" for index in range(60)))
    report = send(
        outbox, smtp(server.port), stop=stop_when(lambda: server.wait_for("accepted", 5)), per_second=40, connections=2
    )
    assert report.stopped
    assert 5 <= report.sent < 60
    counts = outbox.counts()
    assert counts == {S.ACCEPTED: report.sent, S.READY: 60 - report.sent}
    assert report.sent == len(server.ledger())


def test_a_hanging_server_does_not_delay_the_stop_for_ever(
    outbox: Outbox, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grace the connection is cut: before the dot to be retried, after it uncertain."""
    monkeypatch.setattr(sender, "GRACE_S", 0.1)
    ids = readers(outbox, "ada", "bob")
    server.script(Rule(at="dot", do=Hang(), match="ada@"), Rule(at="rcpt", do=Hang(), match="bob@"))
    transport = SmtpTransport(SmtpSettings(host="127.0.0.1", port=server.port, tls=TlsMode.NONE))

    def both() -> None:
        server.wait_for("dot")
        server.wait_for("rcpt", 2)

    report = send(outbox, transport, stop=stop_when(both), connections=2, window=1)
    assert report.stopped
    assert states(outbox) == {ids["ada"]: "uncertain", ids["bob"]: "deferred"}


def test_a_cancelled_sender_ends_in_good_order(outbox: Outbox, server: SmtpServer) -> None:
    """Ctrl-C is a stop like any other."""
    readers(outbox, *(f"r{index}" for index in range(60)))

    async def run() -> None:
        config = MailConfig(per_second=40, connections=2)
        work = asyncio.ensure_future(
            drain_async(
                outbox,
                [Relay.of(smtp(server.port), config)],
                message_for,
                config=config,
                clock=lambda: NOW,
                stop=threading.Event(),
            )
        )
        await asyncio.to_thread(server.wait_for, "accepted", 3)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(run())
    assert set(outbox.counts()) == {S.ACCEPTED, S.READY}
    assert outbox.counts()[S.ACCEPTED] == len(server.ledger())


# ── leases and the database ─────────────────────────────────────────────────────────────────────────────────


class Watched(Outbox):
    """Counts how many deliveries are `sending` after every commit, and fails on request."""

    most_sending = 0
    fail_next = 0
    failed = 0

    def advance(
        self, results: Sequence[AttemptResult], windows: Sequence[Window], *, now: dt.datetime
    ) -> frozenset[int]:
        if results and self.fail_next:
            self.fail_next -= 1
            self.failed += 1
            raise StoreError("the database is away")
        marked = super().advance(results, windows, now=now)
        self.most_sending = max(self.most_sending, self.counts().get(S.SENDING, 0))
        return marked


@pytest.mark.parametrize(("connections", "window"), [(1, 1), (3, 4)])
def test_the_bound_on_uncertain_holds_at_every_commit(
    outbox: Outbox, server: SmtpServer, connections: int, window: int
) -> None:
    """Never are more than connections × window deliveries marked: that is all a crash can leave uncertain."""
    readers(outbox, *(f"r{index}" for index in range(60)))
    watched = Watched(outbox._db)
    assert send(watched, smtp(server.port), connections=connections, window=window).sent == 60
    assert 0 < watched.most_sending <= connections * window


def test_replies_survive_a_database_that_is_away(outbox: Outbox, server: SmtpServer) -> None:
    """Gone after the 250: the replies are kept and written when it is back; nothing is sent twice."""
    readers(outbox, "ada", "bob")
    watched = Watched(outbox._db)
    watched.fail_next = 2
    assert send(watched, smtp(server.port)).sent == 2
    assert watched.failed == 2
    assert set(states(outbox).values()) == {"accepted"}
    assert len(server.ledger()) == 2


def test_a_database_that_stays_away_ends_the_sender(outbox: Outbox, server: SmtpServer) -> None:
    """It says so, and what was under way is found as uncertain later: never as ready."""
    readers(outbox, *(f"r{index}" for index in range(30)))
    watched = Watched(outbox._db)
    watched.fail_next = 10**6
    config = MailConfig(connections=2, window=3)
    with pytest.raises(StoreError, match="away"):
        drain(
            watched,
            lambda: [Relay.of(smtp(server.port), config)],
            message_for,
            config=config,
            clock=lambda: NOW,
            stop=threading.Event(),
            lease_s=0.4,
        )
    taken = {one.message_id for one in server.ledger()}
    outbox.reap(NOW + HOUR)
    by_message = {row.message_id: row.state for row in outbox.listing()}
    assert {message for message, state in by_message.items() if state is S.READY}.isdisjoint(taken)
    assert 0 < len(taken) <= outbox.counts()[S.UNCERTAIN] <= 6


def test_a_process_that_slept_starts_nothing(outbox: Outbox, server: SmtpServer) -> None:
    """When the clock says that the lease is over, what is left of the window is not sent."""
    readers(outbox, "ada", "bob")
    report = drain(
        outbox,
        lambda: [Relay(transport=smtp(server.port), connections=1)],
        message_for,
        config=MailConfig(),
        clock=lambda: NOW + HOUR if server.seen["accepted"] else NOW,
        stop=threading.Event(),
        lease_s=60,
    )
    assert (report.sent, report.returned) == (1, 1)
    assert outbox.counts() == {S.ACCEPTED: 1, S.READY: 1}
    assert len(server.ledger()) == 1


class Slow(SmtpTransport):
    """Takes a while over each message."""

    async def open(self) -> Session:  # type: ignore[override]  # a session that wraps another
        return _SlowSession(await super().open())


class _SlowSession:
    def __init__(self, inner: Session) -> None:
        self._inner = inner

    @property
    def usable(self) -> bool:
        return self._inner.usable

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        await asyncio.sleep(0.3)
        return await self._inner.send(envelope, following)

    async def close(self) -> None:
        await self._inner.close()

    def abort(self) -> None:
        self._inner.abort()


def test_the_heartbeat_keeps_a_long_lease_alive(outbox: Outbox, server: SmtpServer) -> None:
    """A drain that takes longer than its lease keeps what it holds, whatever the reaper does meanwhile."""
    readers(outbox, "ada", "bob", "eve", "kim")
    reaped = []
    start = time.monotonic()

    def clock() -> dt.datetime:
        return NOW + dt.timedelta(seconds=time.monotonic() - start)

    def progress(_done: int) -> None:
        found = outbox.reap(clock())
        reaped.append(found.ready + found.uncertain)

    settings = SmtpSettings(host="127.0.0.1", port=server.port, tls=TlsMode.NONE)
    report = drain(
        outbox,
        lambda: [Relay(transport=Slow(settings), connections=1)],
        message_for,
        config=MailConfig(),
        clock=clock,
        stop=threading.Event(),
        progress=progress,
        lease_s=0.6,
    )
    assert report.sent == 4
    assert sum(reaped) == 0
    assert time.monotonic() - start > 1.0, "longer than the lease"


def test_two_senders_share_one_queue(outbox: Outbox, server: SmtpServer) -> None:
    """Two daemons on one database: all delivered, none twice, both at work."""
    readers(outbox, *(f"r{index}" for index in range(120)))
    reports: list[DrainReport] = []
    threads = [
        threading.Thread(
            target=lambda: reports.append(send(Outbox(outbox._db), smtp(server.port), connections=1, window=4))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.sent for report in reports) == 120
    assert min(report.sent for report in reports) > 0
    assert len(server.ledger()) == len(set(server.message_ids())) == 120
