"""A real Postfix takes a thousand mails from two senders on one database, with STARTTLS and AUTH, and delivers them.

The mailboxes, not our own ledger, say what arrived: every mail once, every byte as it was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dkim
import pytest
import trustme

from digest.app import App
from digest.editions.dkim_keys import load, new_rsa, record
from digest.pipeline.deliver import Renderer
from digest.pipeline.postmark import Postmark
from digest.store.outbox import ClaimedDelivery, DeliveryRow, Filters
from tests.support.postfix import OURS, READERS, Postfix, postfix_server
from tests.support.world import World, paper

pytestmark = pytest.mark.slow

MAILS = 1000
UNKNOWN = 10
"""Of them, those whose mailbox Postfix does not know."""
PASSWORD = "hunter2"
PATIENCE_S = 120.0
TRACE = (b"Return-Path: ", b"X-Original-To: ", b"Delivered-To: ", b"Received: ", b"\t", b"DKIM-Signature: ", b" ")
"""What a mail server may put above a message (RFC 5321 §4.4), and we when it leaves."""
KEY = new_rsa()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is left when everything has been sent and delivered."""

    world: World
    postfix: Postfix
    shares: tuple[int, ...]
    """How many mails each sender had accepted."""


def name_of(number: int) -> str:
    return f"r{number:04d}"


KNOWN = [name_of(number) for number in range(MAILS - UNKNOWN)]
STRANGERS = [name_of(number) for number in range(MAILS - UNKNOWN, MAILS)]


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Sent]:
    """A thousand mails, sent and delivered."""
    folder = tmp_path
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    with postfix_server({"papers": PASSWORD}, KNOWN, authority) as postfix:
        if postfix is None:
            pytest.skip("no Postfix to be had: it takes root, and Debian's postfix and sasl2-bin")
        with World(folder) as world:
            world.mail |= {
                "from": f"Our papers <papers@{OURS}>",
                "bounces": f"bounces@{OURS}",
                "server": f"smtp://papers@127.0.0.1:{postfix.port}",
                "tls": "starttls",
                "ca_file": str(folder / "ca.pem"),
                "password": {"env": "TEST_PASSWORD"},
                "dkim": {"selector": "s1", "key": {"file": "s1.pem"}},
            }
            (world.folder / "s1.pem").write_bytes(KEY)
            world.variables["TEST_PASSWORD"] = PASSWORD
            world.top["site"] = {
                "name": "Our papers",
                "contact": f"op@{OURS}",
                "public_url": f"https://{OURS}/digest",
            }
            world.configure()
            world.announce("cs.LG", *(paper(number) for number in range(8, 18)))
            for name in KNOWN + STRANGERS:
                world.reader(name)
            assert world.digest("ingest").code == 0
            senders = [world.start("run", "--no-ingest") for _ in range(2)]
            said = [b"".join(sender.communicate(timeout=PATIENCE_S)).decode() for sender in senders]
            assert [sender.returncode for sender in senders] == [0, 0], said
            # Each token names its process.
            by_process = world.rows(
                "SELECT substr(lease_token, 9, 16), count(*) FROM attempts WHERE outcome = 'accepted' GROUP BY 1"
            )
            postfix.wait_for(MAILS)
            yield Sent(world=world, postfix=postfix, shares=tuple(int(str(number)) for _, number in by_process))


def test_a_thousand_mails_through_postfix(sent: Sent) -> None:
    """One test, so that parallel workers do not each send a thousand mails."""
    check_two_senders_share_the_work(sent)
    check_every_mail_arrives_once(sent)
    check_every_byte_arrives_as_it_was_written(sent)
    check_signatures_verify_on_what_arrived(sent)
    check_bounces_come_back_to_their_deliveries(sent)


def check_two_senders_share_the_work(sent: Sent) -> None:
    """Both had their part, and all is accepted."""
    assert len(sent.shares) == 2
    assert sum(sent.shares) == MAILS
    assert sent.world.states() == dict.fromkeys(KNOWN + STRANGERS, "accepted")


def check_every_mail_arrives_once(sent: Sent) -> None:
    """One file in every mailbox, and a bounce for each reader that Postfix does not know."""
    assert sent.postfix.mailboxes() == dict.fromkeys(KNOWN, 1) | {"ours": UNKNOWN}


def check_every_byte_arrives_as_it_was_written(sent: Sent) -> None:
    """But for the trace that mail servers put above it, and the line ends of a Maildir."""
    app = App(sent.world.folder / "config.yaml", env=sent.world.variables)
    render = Renderer(app.rooms, Postmark())
    for delivery in app.outbox.listing(Filters(limit=MAILS)):
        if delivery.subscriber_id in STRANGERS:
            continue
        (file,) = sent.postfix.mailbox(delivery.subscriber_id)
        above, written, below = file.read_bytes().replace(b"\n", b"\r\n").partition(mail_of(delivery, app, render))
        assert (bool(written), below) == (True, b""), delivery.subscriber_id
        assert all(line.startswith(TRACE) for line in above.splitlines()), above
    app.close()


def check_signatures_verify_on_what_arrived(sent: Sent) -> None:
    """After Postfix has taken, traced and delivered them; dkimpy says so, of every twentieth."""
    key = load(KEY, domain=OURS, selector="s1")
    for name in KNOWN[::20]:
        (file,) = sent.postfix.mailbox(name)
        assert dkim.verify(file.read_bytes(), dnsfunc=lambda asked, timeout=5: record(key).encode()), name


def check_bounces_come_back_to_their_deliveries(sent: Sent) -> None:
    """Each names its delivery by its return path, the address is given up; taken in again, nothing changes."""
    ours = sent.postfix.folder / "mail" / "ours"
    strangers = sent.world.rows(f"SELECT id, recipient FROM deliveries WHERE subscriber_id >= '{STRANGERS[0]}'")
    told = sent.world.digest("bounces", "--json", str(ours))
    assert told.code == 0, told
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert sorted((line["delivery"], line["recipient"]) for line in lines) == sorted(strangers)
    assert {(line["kind"], line["status"]) for line in lines} == {("hard", "5.1.1")}
    suppressed = "SELECT address FROM suppressions ORDER BY address"
    assert sent.world.rows(suppressed) == []
    for _ in range(2):
        taken = sent.world.digest("bounces", str(ours))
        assert taken.code == 0, taken
        assert len(sent.world.rows(suppressed)) == UNKNOWN
    assert sent.world.rows(suppressed) == [(f"{name}@{READERS}",) for name in STRANGERS]


def mail_of(delivery: DeliveryRow, app: App, render: Renderer) -> bytes:
    """The message as the sender made it, made once more."""
    kept = app.outbox.replay(delivery.subscriber_id, delivery.edition)
    assert kept is not None
    assert delivery.recipient is not None
    assert delivery.message_id is not None
    return render(
        ClaimedDelivery(
            id=delivery.id,
            subscriber_id=delivery.subscriber_id,
            edition=delivery.edition,
            recipient=delivery.recipient,
            recipe=kept.recipe,
            message_id=delivery.message_id,
            attempt_count=0,
            lease_token="",
            expires_at=delivery.expires_at,
        )
    ).data
