"""The sendmail transport against small commands of all tempers, and against the real one where there is one."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
import trustme

from digest.delivery.base import RelayError
from digest.delivery.replies import Outcome, Phase, Reply, classify
from digest.delivery.sendmail import SendmailTransport
from digest.delivery.settings import SendmailSettings
from digest.model import DeliveryState as S
from digest.model import Envelope
from tests.support.commands import stub
from tests.support.postfix import READERS, postfix_server

BIG = b"x" * 70 + b"\r\n"


def run(
    folder: Path,
    script: str,
    *arguments: str,
    recipient: str = "ada@example.org",
    sender: str = "d@example.org",
    data: bytes = b"Subject: News\r\n\r\nHello\r\n",
    timeout_s: float = 20.0,
) -> tuple[Reply, Outcome]:
    settings = SendmailSettings(command=(*stub(folder, script), *arguments), timeout_s=timeout_s)
    envelope = Envelope(delivery_id=1, sender=sender, recipient=recipient, message_id="<1@test>", data=data)

    async def send() -> Reply:
        session = await SendmailTransport(settings).open()
        return await session.send(envelope)

    reply = asyncio.run(send())
    return reply, classify(reply)


READ = "import sys, os, signal, time\nsys.stdin.buffer.read()\n"


@pytest.mark.parametrize(
    ("status", "state", "suppress", "relay_fault"),
    [
        (0, S.ACCEPTED, False, False),
        (1, S.FAILED, False, False),
        (64, S.READY, False, True),
        (65, S.FAILED, False, False),
        (67, S.SUPPRESSED, True, False),
        (68, S.DEFERRED, False, False),
        (69, S.FAILED, False, False),
        (70, S.FAILED, False, False),
        (71, S.DEFERRED, False, False),
        (75, S.DEFERRED, False, False),
        (77, S.READY, False, True),
        (78, S.READY, False, True),
        (127, S.READY, False, True),
    ],
)
def test_the_exit_status_decides(tmp_path: Path, status: int, state: S, suppress: bool, relay_fault: bool) -> None:
    """Each of sysexits.h has the consequence of the SMTP reply that means the same."""
    _, outcome = run(tmp_path, READ + f"sys.exit({status})")
    assert (outcome.state, outcome.suppress, outcome.relay_fault) == (state, suppress, relay_fault)


def test_what_it_says_is_told_and_heeded(tmp_path: Path) -> None:
    """Its words stand in the reason, made legible, and decide over the status."""
    script = READ + "sys.stderr.write('the queue is busy,\\x1b try again later'); sys.exit(69)"
    reply, outcome = run(tmp_path, script)
    assert outcome.state is S.DEFERRED
    assert "the queue is busy, try again later" in str(reply)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("import os; os.kill(os.getpid(), 9)", S.DEFERRED),
        (READ + "os.kill(os.getpid(), 9)", S.UNCERTAIN),
        (READ + "time.sleep(60)", S.UNCERTAIN),
        ("import time; time.sleep(60)", S.DEFERRED),
        ("import sys; sys.stdin.buffer.read(9); sys.exit(0)", S.UNCERTAIN),
        ("import sys; sys.stdin.buffer.read(9); sys.exit(75)", S.DEFERRED),
    ],
)
def test_a_command_that_dies_or_hangs(tmp_path: Path, script: str, state: S) -> None:
    """Before it had the whole message nothing was sent; after that nobody knows."""
    started = time.monotonic()
    _, outcome = run(tmp_path, script, data=BIG * 40_000, timeout_s=1.0)
    assert outcome.state is state
    assert time.monotonic() - started < 15


def test_a_child_that_stays_behind_is_not_waited_for(tmp_path: Path) -> None:
    """It holds the standard error, as a daemon started by the command may."""
    script = READ + "if os.fork() == 0:\n    time.sleep(30)\n    os._exit(0)\nsys.exit(0)"
    started = time.monotonic()
    _, outcome = run(tmp_path, script)
    assert outcome.state is S.ACCEPTED
    assert time.monotonic() - started < 15


TELL = """
import json, os, sys
folder, *rest = sys.argv[1:]
json.dump({"arguments": rest, "environment": dict(os.environ)}, open(os.path.join(folder, "told.json"), "w"))
sys.stdin.buffer.read()
"""


def test_no_shell_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are single arguments, whatever is in them; the environment holds nothing of ours."""
    monkeypatch.setenv("DIGEST_SMTP_PASSWORD", "hush")
    nasty = "$(touch${IFS}x);`id`|'{sender}@example.org"
    run(tmp_path, TELL, str(tmp_path), "-f", "{sender}", "--", "{recipient}", recipient=nasty)
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["arguments"] == ["-f", "d@example.org", "--", nasty]
    assert set(told["environment"]) <= {"HOME", "USER", "LOGNAME", "TZ", "PATH", "LC_ALL", "LC_CTYPE"}


def test_an_address_is_never_an_option(tmp_path: Path) -> None:
    """Behind -- it is an argument; where there is none it is refused before anything runs."""
    reply, outcome = run(tmp_path, TELL, str(tmp_path), "{recipient}", recipient="-oQ@example.org")
    assert (reply.phase, outcome.state) == (Phase.CHECK, S.FAILED)
    assert not (tmp_path / "told.json").exists()
    assert run(tmp_path, TELL, str(tmp_path), "--", "{recipient}", recipient="-oQ@example.org")[1].state is S.ACCEPTED


def test_a_missing_command_is_the_relay_s_fault() -> None:
    """It is found before any delivery is marked."""
    transport = SendmailTransport(SendmailSettings(command=("/nowhere/sendmail", "{recipient}")))
    with pytest.raises(RelayError, match="there is no command /nowhere/sendmail"):
        asyncio.run(transport.open())


def test_abort_ends_the_command(tmp_path: Path) -> None:
    """A stop does not wait for it; whether it sent the message nobody knows."""
    settings = SendmailSettings(command=(*stub(tmp_path, READ + "time.sleep(60)"), "{recipient}"))
    envelope = Envelope(
        delivery_id=1, sender="d@example.org", recipient="a@example.org", message_id="<1@test>", data=b"x\r\n"
    )

    async def cut() -> Reply:
        session = await SendmailTransport(settings).open()
        sending = asyncio.ensure_future(session.send(envelope))
        await asyncio.sleep(0.5)
        session.abort()
        return await sending

    started = time.monotonic()
    assert classify(asyncio.run(cut())).state in (S.UNCERTAIN, S.DEFERRED)
    assert time.monotonic() - started < 15


def test_postfix_s_own_sendmail_delivers() -> None:
    """The real command, with a queue of its own: the message lies in the mailbox as it was, lines ended by LF."""
    with postfix_server({"papers": "hunter2"}, ["ada"], trustme.CA()) as postfix:
        if postfix is None:
            pytest.skip("no Postfix can be started here")
        command = ("/usr/sbin/sendmail", "-C", f"{postfix.folder}/etc", "-i", "-f", "{sender}", "--", "{recipient}")
        data = b"From: d@papers.example\r\nTo: ada@uni.example\r\nSubject: News\r\n\r\n.\r\nFrom here\r\n..\r\n"
        envelope = Envelope(
            delivery_id=1,
            sender="d@papers.example",
            recipient=f"ada@{READERS}",
            message_id="<1@test>",
            data=data,
        )

        async def send() -> Reply:
            session = await SendmailTransport(SendmailSettings(command=command, timeout_s=30)).open()
            return await session.send(envelope)

        reply = asyncio.run(send())
        assert classify(reply).state is S.ACCEPTED, reply
        postfix.wait_for(1)
        (arrived,) = postfix.mailbox("ada")
        text = arrived.read_bytes()
        assert text.endswith(b"\n\n.\nFrom here\n..\n")
        assert b"Return-Path: <d@papers.example>" in text
