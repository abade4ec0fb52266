"""`digest queue` and `digest send-test` as a person or a script uses them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli
from digest.model import DeliveryState
from digest.store.database import Database
from digest.store.outbox import AttemptResult, Outbox
from digest.store.upgrade import ensure_current
from tests.support.outbox_rows import HOUR, NOW, add_readers, make_ready, states
from tests.support.smtp_server import Rule, Say, SmtpServer, closed_port

Run = Callable[..., Result]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "config.yaml").write_text("store: sqlite:///digest.db\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config.yaml"


@pytest.fixture
def outbox(config: Path) -> Outbox:
    db = Database(f"sqlite:///{config.parent}/digest.db")
    ensure_current(db)
    add_readers(db, "ada", "bob")
    box = Outbox(db)
    make_ready(box, ["ada", "bob"])
    return box


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


def test_an_empty_queue_says_so(config: Path) -> None:
    """A new installation gets words, not an empty table."""
    assert config.exists()
    result = run("queue")
    assert (result.exit_code, result.stdout) == (0, "The queue is empty.\n")


def test_the_queue_is_shown_and_filtered(outbox: Outbox) -> None:
    """A table for people, one object a line for scripts, and filters for both."""
    shown = run("queue").stdout
    assert "ada" in shown
    assert "2 ready" in shown
    (line,) = run("queue", "--json", "--reader", "bob", "--state", "ready", "--date", "2025-11-24").stdout.splitlines()
    row = json.loads(line)
    assert (row["reader"], row["state"], row["edition"]) == ("bob", "ready", "2025-11-24")
    assert row["due_at"][10:] == "T07:00:00+00:00"
    assert "No such delivery" in run("queue", "--state", "failed").stdout
    assert "No such delivery" in run("queue", "--date", "yesterday").stdout
    assert run("queue", "--state", "lost").exit_code == 2
    assert states(outbox) == {1: "ready", 2: "ready"}


def test_the_queue_is_repaired_by_id(outbox: Outbox) -> None:
    """Each act says what it did; an id that cannot be changed is named and fails the command."""
    assert "1 (ada, 2025-11-24): ready, now held" in run("queue", "hold", "1").stdout
    result = run("queue", "release", "1", "2", "9")
    assert result.exit_code == 1
    assert "now released" in result.stdout
    assert "2 is ready: it cannot be released" in result.stderr
    assert "there is no delivery 9" in result.stderr
    assert run("queue", "cancel", "1").exit_code == 0
    assert "cancelled, now waiting to be sent again" in run("queue", "retry", "1").stdout
    assert "1 is ready: it cannot be confirmed" in run("queue", "confirm", "1").stderr
    assert states(outbox) == {1: "ready", 2: "ready"}


def test_the_config_may_be_named_behind_the_act(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """-c works after a subcommand as well as before it, from any folder."""
    config = Path.cwd() / "config.yaml"
    monkeypatch.chdir("/")
    assert "now held" in run("queue", "hold", "-c", str(config), "1").stdout
    assert "now released" in run("queue", "-c", str(config), "release", "1").stdout
    assert "No relay is paused" in run("queue", "resume", "--config", str(config)).stdout
    assert states(outbox) == {1: "ready", 2: "ready"}


def test_uncertain_deliveries_come_with_instructions(outbox: Outbox) -> None:
    """The list says what to do about them, and confirm settles them."""
    (one, *_) = outbox.claim_ready(1, now=NOW, lease_s=60, trial=False)
    outbox.mark_sending([one.id], one.lease_token, now=NOW)
    outbox.reap(NOW + HOUR)
    assert "digest queue confirm" in run("queue").stdout
    assert run("queue", "confirm", str(one.id)).exit_code == 0
    assert states(outbox)[one.id] == "accepted"


def test_relays_and_addresses_can_be_trusted_again(outbox: Outbox) -> None:
    """What was paused or suppressed can be lifted by hand."""
    later = NOW + 24 * 365 * 100 * HOUR
    outbox.pause_relay("smtp://x", until=later, failures=1, reason="535 no", now=NOW)
    shown = run("queue").stdout
    assert "is paused until" in shown
    assert "relay paused" in shown  # beside the mails that it holds up
    assert "trusted again" in run("queue", "resume").stdout
    assert "No relay" in run("queue", "resume").stdout
    outbox.suppress("ada@example.org", "5.1.1", now=NOW)
    assert run("queue", "unsuppress", "Ada@example.org").exit_code == 0
    assert run("queue", "unsuppress", "ada@example.org").exit_code == 1


def test_the_queue_says_what_relays_were_given_and_which_domains_rest(config: Path, outbox: Outbox) -> None:
    """How much of a limit is used; a resting domain with its reason, which `resume` ends."""
    now = dt.datetime.now(dt.UTC)
    configured(config, 2525)
    config.write_text(config.read_text() + "  per_day: 500\n  per_hour: 50\n")
    config.write_text(config.read_text() + "store: sqlite:///digest.db\n")
    outbox.draw("smtp://127.0.0.1:2525", 12, per_hour=50, per_day=500, now=now)
    outbox.rest_domain("example.org", until=now + HOUR, failures=1, reason="450 4.7.28 too many", now=now)
    shown = " ".join(run("queue").stdout.split())
    assert "smtp://127.0.0.1:2525: 12 of 50 in an hour, 12 of 500 in 24 hours" in shown
    assert "example.org rests until" in shown
    assert "4.7.28 too many" in shown
    assert "example.org is trusted again" in run("queue", "resume").stdout
    assert "rests until" not in run("queue").stdout


def configured(config: Path, port: int) -> None:
    config.write_text(
        f"mail:\n  transport: smtp\n  server: smtp://127.0.0.1:{port}\n  from: Digest <digest@example.org>\n"
    )


def test_send_test_delivers_one_message(config: Path) -> None:
    """A working account: the message is there, and the queue is not touched."""
    with SmtpServer() as server:
        configured(config, server.port)
        result = run("send-test", "ada@example.org")
        assert result.exit_code == 0
        assert "accepted at dot: 250" in result.stdout
        message = server.parsed()
        assert (message["From"], message["To"]) == ("Digest <digest@example.org>", "ada@example.org")
    assert not (config.parent / "digest.db").exists()


def test_send_test_translates_a_refusal(config: Path) -> None:
    """What the server said and what to do about it, for people and for scripts."""
    with SmtpServer() as server:
        configured(config, server.port)
        server.script(Rule(at="rcpt", do=Say("550 5.1.1 user unknown")))
        result = run("send-test", "nobody@example.org")
        assert result.exit_code == 1
        assert "refused at rcpt: 550 5.1.1 user unknown" in result.stdout
        assert "check the address" in result.stdout
        found = json.loads(run("send-test", "nobody@example.org", "--json").stdout)
        assert (found["accepted"], found["phase"], found["code"]) == (False, "rcpt", 550)


def test_send_test_tries_each_relay(config: Path) -> None:
    """All of them in turn, or one by name; a script gets a line for each."""
    with SmtpServer() as server, SmtpServer() as spare:
        configured(config, server.port)
        config.write_text(config.read_text() + f"  fallback: {{server: 'smtp://127.0.0.1:{spare.port}'}}\n")
        server.script(Rule(at="mail", do=Say("550 5.7.1 not you")))
        result = run("send-test", "ada@example.org", "--json")
        assert result.exit_code == 1
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert [(line["relay"], line["accepted"]) for line in lines] == [
            (f"smtp://127.0.0.1:{server.port}", False),
            (f"smtp://127.0.0.1:{spare.port}", True),
        ]
        assert run("send-test", "ada@example.org", "--relay", "fallback").exit_code == 0
        assert run("send-test", "ada@example.org", "--relay", str(spare.port)).exit_code == 0
        assert (server.seen["mail"], len(spare.ledger())) == (1, 3)
        wrong = run("send-test", "ada@example.org", "--relay", "moon")
        assert (wrong.exit_code, "there are: main, fallback" in wrong.stderr) == (2, True)


def test_send_test_without_a_server(config: Path) -> None:
    """No connection and no configuration are told apart."""
    with closed_port() as port:
        configured(config, port)
        assert "nothing listens there" in run("send-test", "ada@example.org").stdout
    config.write_text("site: {name: Test}\n")
    result = run("send-test", "ada@example.org")
    assert result.exit_code == 2
    assert "mail.preset: gmail" in result.stderr


@pytest.mark.parametrize("address", ["", "ada", "a@b\r\nBcc: eve@x", "ünï@cöde.example"])
def test_send_test_with_a_strange_address(config: Path, address: str) -> None:
    """Garbage gets an answer, not a traceback."""
    with SmtpServer(extensions=()) as server:
        configured(config, server.port)
        result = run("send-test", address)
        assert result.exit_code in (1, 2)
        assert result.output
        assert server.ledger() == []


def test_many_are_changed_by_what_they_have_in_common(outbox: Outbox) -> None:
    """Filters choose, --dry-run tells, and nothing changes before somebody has agreed."""
    ada, bob = states(outbox)
    assert run("queue", "hold", "--domain", "Example.ORG", "--dry-run").stdout == f"2 would be held: {ada}, {bob}\n"
    asked = CliRunner().invoke(cli, ["queue", "hold", "--domain", "example.org"], input="n\n")
    assert "2 deliveries will be held. Go on?" in asked.output
    assert set(states(outbox).values()) == {"ready"}
    assert run("queue", "hold", "--address", "ADA@example.org", "--yes").exit_code == 0
    assert states(outbox) == {ada: "held", bob: "ready"}
    assert run("queue", "release", "--reason", "by the operator", "--from", "2025-11-24", "--yes").exit_code == 0
    assert run("queue", "cancel", "--older", "1h", "--to", "2025-11-24", "--all", "--yes").exit_code == 0
    assert set(states(outbox).values()) == {"cancelled"}
    assert run("queue", "confirm", "--all", "--yes").stdout == "No such delivery can be confirmed.\n"


def test_an_act_on_nothing_in_particular_is_refused(outbox: Outbox) -> None:
    """`digest queue cancel` alone cancels nobody's mail."""
    refused = run("queue", "cancel")
    assert refused.exit_code == 2
    assert "--all" in refused.stderr
    assert set(states(outbox).values()) == {"ready"}
    assert run("queue", "--older", "soon").exit_code == 2


def test_one_delivery_is_shown_with_what_servers_said(outbox: Outbox) -> None:
    """Where each attempt ended, with the reply."""
    ada, _ = states(outbox)
    assert "never tried" in run("queue", "show", str(ada)).stdout
    reply = AttemptResult(
        delivery_id=ada, lease_token="t", at=NOW, relay="smtp.example:25", phase="rcpt", outcome="deferred", code=450,
        text="4.2.1 greylisted", state=DeliveryState.DEFERRED, reason="4.2.1 greylisted",
    )  # fmt: skip
    outbox.record([reply], now=NOW)
    line = "2025-11-24 07:00:00 smtp.example:25 rcpt: deferred 450 4.2.1 greylisted"
    assert line in run("queue", "show", str(ada)).stdout
    told = json.loads(run("queue", "show", str(ada), "--json").stdout)
    assert (told["reader"], told["attempts"][0]["code"]) == ("ada", 450)
    assert json.loads(run("queue", "--relay", "smtp.example", "--json").stdout)["id"] == ada
    assert run("queue", "show", "999").exit_code == 1


def test_the_summary_says_what_waits_and_where(outbox: Outbox) -> None:
    """By state and by domain, the fullest first; and how long the oldest has been due."""
    outbox.hold(list(states(outbox))[:1], now=NOW)
    shown = run("queue", "summary").stdout
    assert shown.startswith("1 held, 1 ready\nthe oldest has been due for ")
    assert "  example.org: 1 held, 1 ready" in shown
    told = json.loads(run("queue", "summary", "--json").stdout)
    assert told["domains"] == {"example.org": {"held": 1, "ready": 1}}


def test_suppressed_addresses_are_listed_with_reason_and_end(outbox: Outbox) -> None:
    """Expired ones are not."""
    assert run("queue", "suppressed").stdout == "No address is suppressed.\n"
    outbox.suppress("Dead@example.org", "550 unknown", now=NOW)
    outbox.suppress("full@example.org", "full for days", now=NOW, expires_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC))
    outbox.suppress("past@example.org", "x", now=NOW, expires_at=NOW + HOUR)
    shown = run("queue", "suppressed").stdout
    assert "dead@example.org  since 2025-11-24: 550 unknown" in shown
    assert "full@example.org  since 2025-11-24, until 2999-01-01: full for days" in shown
    assert "past@" not in shown
    assert len(run("queue", "suppressed", "--json").stdout.splitlines()) == 2
