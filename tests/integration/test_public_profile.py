"""A public service's mails as they arrive: signed, tagged, with a way out by one click and by mail."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from urllib.parse import unquote

import dkim
import pytest
from click.testing import CliRunner

from digest.app import App
from digest.cli.send_test import command as send_test
from digest.delivery.tags import ReturnPath
from digest.editions.dkim_keys import load, new_ed25519, new_rsa, record
from digest.errors import ConfigError
from digest.model import EditionKey
from tests.support.apps import FakeSource, Hands, page_of
from tests.support.entries import arxiv_entry
from tests.support.smtp_server import SmtpServer

MORNING = dt.datetime(2026, 5, 20, 7, 0, tzinfo=dt.UTC)
READER = "email: {}@uni.example\ntimezone: UTC\nsend: 07:30\nphrases: [sparse attention]\n"
PUBLIC = """\
mail:
  transport: smtp
  server: smtp://127.0.0.1:{port}
  from: Test papers <papers@uni.example>
  bounces: bounces@mail.uni.example
  dkim:
    - {{selector: s1, key: {{file: rsa.pem}}}}
    - {{selector: s2, key: {{file: ed.pem}}}}
"""


def a_service(folder: Path, clock: Hands, port: int) -> App:
    keys = {"rsa.pem": new_rsa(1024), "ed.pem": new_ed25519()}
    for name, pem in keys.items():
        (folder / name).write_bytes(pem)
    (folder / "subscribers").mkdir()
    for name in ("ada", "bob"):
        (folder / "subscribers" / f"{name}.yaml").write_text(READER.format(name))
    site = "site: {name: Test papers, contact: op@uni.example, public_url: https://papers.uni.example}\n"
    (folder / "config.yaml").write_text(site + PUBLIC.format(port=port))
    app = App(folder / "config.yaml", env={}, clock=clock)
    title = "Sparse attention for long contexts"
    app.__dict__["sources"] = (FakeSource("arxiv", page_of(arxiv_entry("2605.00001", title, announced_at=MORNING))),)
    return app


def records(folder: Path) -> dict[bytes, bytes]:
    found = {}
    for selector, name in (("s1", "rsa.pem"), ("s2", "ed.pem")):
        key = load((folder / name).read_bytes(), domain="uni.example", selector=selector)
        found[f"{key.name}.".encode()] = record(key).encode()
    return found


def test_public_mails_as_they_arrive(tmp_path: Path) -> None:
    """Two signatures that verify over both one-click headers; return paths that name each delivery and no other; an
    address to leave by mail that only this mail knows; and a replay that is the same but for the signature."""
    clock = Hands(MORNING)
    with SmtpServer() as server:
        app = a_service(tmp_path, clock, server.port)
        app.reread()
        app.ingest()
        clock.now += dt.timedelta(hours=1)
        assert app.tick().accepted == 2
        dns = records(tmp_path)
        path = ReturnPath(mailbox="bounces@mail.uni.example", ring=app.ring)
        for index, taken in enumerate(server.ledger()):
            content = server.messages[index]
            for signature in (0, 1):
                verified = dkim.DKIM(content, minkey=1024)
                assert verified.verify(signature, dnsfunc=lambda name, timeout=5: dns.get(name))
                signed = {name.decode() for name, _ in verified.signed_headers}
                assert signed >= {"from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe"}
                assert signed >= {"list-unsubscribe-post", "feedback-id", "mime-version", "content-type"}
            delivery = path.verify(taken.sender)
            assert delivery is not None
            row = next(row for row in app.outbox.listing() if row.id == delivery)
            message = server.parsed(index)
            assert message["To"] == taken.recipient == f"{row.subscriber_id}@uni.example"
            key = EditionKey(row.subscriber_id, row.edition)
            web, mail = message["List-Unsubscribe"].split(", ")
            assert web == f"<https://papers.uni.example/f/{app.ring.sign(key)}/0/unsubscribe>"
            subject = re.fullmatch(r"<mailto:bounces@mail\.uni\.example\?subject=(.*)>", mail)
            assert subject is not None
            assert app.ring.unsubscribed_by(unquote(subject[1])) == key
            assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert (message["Auto-Submitted"], message["Precedence"]) == ("auto-generated", "bulk")
            replay = app.preview(row.subscriber_id, date=row.edition)
            assert content.endswith(replay.message())
            assert content.startswith(b"DKIM-Signature: ")
        app.close()


def test_a_test_message_is_like_an_edition(tmp_path: Path) -> None:
    """`send-test` signs, and sends from a tagged address, so that a relay that takes neither says so before Monday."""
    with SmtpServer() as server:
        a_service(tmp_path, Hands(MORNING), server.port).close()
        result = CliRunner().invoke(send_test, ["-c", str(tmp_path / "config.yaml"), "me@uni.example"])
        assert result.exit_code == 0, result.output
        (taken,) = server.ledger()
        assert taken.sender == "bounces+testaaaaaaaaaaaaaa@mail.uni.example"
        dns = records(tmp_path)
        assert dkim.DKIM(server.messages[0], minkey=1024).verify(dnsfunc=lambda name, timeout=5: dns.get(name))


def test_a_key_that_is_none_stops_before_anything_is_built(tmp_path: Path) -> None:
    """A mail that should be signed never goes without: the pass ends with the file, the line and what to do."""
    clock = Hands(MORNING)
    app = a_service(tmp_path, clock, 9)
    (tmp_path / "rsa.pem").write_text("nothing")
    app.close()
    app = App(tmp_path / "config.yaml", env={}, clock=clock)
    app.reread()
    with pytest.raises(ConfigError, match=r"config\.yaml:\d+: mail\.dkim\.key: the file rsa\.pem is no private key"):
        app.tick()
    assert not app.outbox.listing()
    app.close()
