"""SMTP against a real server on a loopback socket: which phase failed, and never less security than configured."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from digest.delivery.base import RelayError
from digest.delivery.presets import PRESETS
from digest.delivery.replies import Phase, Reply, classify
from digest.delivery.settings import SmtpSettings, Timeouts
from digest.delivery.smtp import SmtpTransport
from digest.model import DeliveryState as S
from digest.model import Envelope
from digest.settings.mail import TlsMode
from tests.support.smtp_server import Act, At, Drop, HalfLine, Hang, Rule, Say, SmtpServer, closed_port

QUICK = Timeouts(connect_s=0.5, command_s=0.5, stall_s=0.5, dot_s=0.5, quit_s=0.2)
USERS = {"ada": "sesame"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture(params=[("PIPELINING",), ()], ids=["pipelining", "one by one"])
def server(request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    offers: tuple[str, ...] = request.param
    with SmtpServer(extensions=(*offers, "8BITMIME", "SMTPUTF8", "SIZE 33554432", "ENHANCEDSTATUSCODES")) as running:
        yield running


def transport(server: SmtpServer | int, **changes: object) -> SmtpTransport:
    port = server if isinstance(server, int) else server.port
    values: dict[str, object] = {"host": "127.0.0.1", "port": port, "tls": TlsMode.NONE, "timeouts": QUICK} | changes
    return SmtpTransport(SmtpSettings(**values))  # type: ignore[arg-type]  # each test names what it changes


def envelope(
    recipient: str = "ada@example.org", *, sender: str = "d@example.org", body: bytes = b"Hello\r\n", head: bytes = b""
) -> Envelope:
    data = b"Message-ID: <1@test>\r\n" + head + b"\r\n" + body
    return Envelope(delivery_id=1, sender=sender, recipient=recipient, message_id="<1@test>", data=data)


def exchange(subject: SmtpTransport, *envelopes: Envelope) -> list[Reply]:
    """The replies to these messages over one session, for as long as it is usable."""

    async def run() -> list[Reply]:
        session = await subject.open()
        replies = []
        for one in envelopes:
            if not session.usable:
                break
            replies.append(await session.send(one))
        await session.close()
        return replies

    return asyncio.run(run())


def test_nothing_older_than_tls_1_2_is_spoken() -> None:
    """RFC 8996; whatever the system's OpenSSL would allow."""
    context = transport(465, tls=TlsMode.TLS)._tls_context()
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def refusal(subject: SmtpTransport) -> RelayError:
    with pytest.raises(RelayError) as caught:
        exchange(subject, envelope())
    return caught.value


# ── the relay as a whole ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "act", "phase", "code"),
    [
        ("greeting", Say("421 4.3.2 too busy"), Phase.CONNECT, 421),
        ("greeting", Say("554 5.7.1 go away"), Phase.CONNECT, 554),
        ("greeting", Drop(), Phase.CONNECT, None),
        ("greeting", Drop(reset=True), Phase.CONNECT, None),
        ("greeting", Hang(), Phase.CONNECT, None),
        ("greeting", HalfLine("220 mx"), Phase.CONNECT, None),
        ("greeting", Say("HTTP/1.1 400 Bad Request"), Phase.CONNECT, None),
        ("ehlo", Say("421 4.3.0 no"), Phase.EHLO, 421),
        ("ehlo", Drop(), Phase.EHLO, None),
        ("ehlo", Hang(), Phase.EHLO, None),
        ("auth", Say("454 4.7.0 Temporary authentication failure"), Phase.AUTH, 454),
        ("auth", Say("535 5.7.8 no"), Phase.AUTH, 535),
        ("auth", Drop(), Phase.AUTH, None),
        ("auth", Hang(), Phase.AUTH, None),
    ],
)
def test_before_mail_everything_is_the_relays_fault(at: At, act: Act, phase: Phase, code: int | None) -> None:
    """Whatever goes wrong before MAIL FROM is reported with its phase, and blames no delivery."""
    with SmtpServer(users=USERS) as server:
        server.script(Rule(at=at, do=act))
        error = refusal(transport(server, username="ada", password="sesame"))
        assert (error.reply.phase, error.reply.code) == (phase, code)
        assert error.advice
        assert classify(error.reply).relay_fault
        assert server.ledger() == []


def test_nobody_listens() -> None:
    """A refused connection says to check host and port."""
    with closed_port() as port:
        error = refusal(transport(port))
    assert error.reply == Reply(phase=Phase.CONNECT, code=None, text="connection refused")
    assert "nothing listens" in error.advice


def test_no_such_host() -> None:
    """A name that does not resolve is told from a server that does not answer."""
    error = refusal(transport(25, host="no-such-host.invalid"))
    assert "no such host" in error.advice


def test_an_old_server_gets_helo(server: SmtpServer) -> None:
    """A server that does not know EHLO is greeted with HELO."""
    server.script(Rule(at="ehlo", do=Say("502 5.5.2 what?"), times=1))
    (reply,) = exchange(transport(server), envelope())
    assert classify(reply).state is S.ACCEPTED


@pytest.mark.parametrize("how", [Drop(), Drop(reset=True)], ids=["closed", "reset"])
def test_a_server_that_greets_and_hangs_up(how: Drop) -> None:
    """Whenever we notice it: the relay's fault, or a message that was not delivered."""
    with SmtpServer() as server:
        server.script(Rule(at="ehlo", do=HalfLine("250-mx\r\n250 PIPELINING\r\n", how)))
        for _ in range(10):
            try:
                (reply,) = exchange(transport(server), envelope())
            except RelayError as error:
                reply = error.reply
            assert reply.code is None
            assert classify(reply).relay_fault or classify(reply).state is S.DEFERRED


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE ²", "SIZE " + "9" * 5000, "SIZE many"])
def test_a_limit_that_is_none_limits_nothing(size: str) -> None:
    """Whatever a server writes behind SIZE."""
    with SmtpServer(extensions=("PIPELINING", size)) as server:
        (reply,) = exchange(transport(server), envelope())
        assert reply.code == 250


# ── security ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("starttls", [False, True], ids=["smtps", "starttls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_log_in_over_tls(server_tls: ssl.SSLContext, ca_file: Path, starttls: bool, mechanism: str) -> None:
    """Both ways to TLS with a private authority, and both usual ways to log in."""
    with SmtpServer(tls=server_tls, starttls=starttls, users=USERS, auth=(mechanism,)) as server:
        mode = TlsMode.STARTTLS if starttls else TlsMode.TLS
        (reply,) = exchange(
            transport(server, host="localhost", tls=mode, username="ada", password="sesame", ca_file=ca_file),
            envelope(),
        )
        assert classify(reply).state is S.ACCEPTED
        (taken,) = server.ledger()
        assert (taken.tls, taken.login) == (True, "ada")


def test_a_stripped_starttls_is_an_error() -> None:
    """When STARTTLS is configured and not offered, neither password nor message leaves."""
    with SmtpServer(users=USERS) as server:
        error = refusal(transport(server, tls=TlsMode.STARTTLS, username="ada", password="sesame"))
        assert error.reply == Reply(phase=Phase.TLS, code=None, text="STARTTLS is not offered")
        assert "nothing was sent unencrypted" in error.advice
        assert server.seen["auth"] == server.seen["mail"] == 0


def test_a_refused_starttls_is_an_error(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    """454 to STARTTLS does not mean to go on in the clear."""
    with SmtpServer(tls=server_tls, starttls=True) as server:
        server.script(Rule(at="starttls", do=Say("454 4.7.0 TLS not available")))
        error = refusal(transport(server, host="localhost", tls=TlsMode.STARTTLS, ca_file=ca_file))
        assert (error.reply.phase, error.reply.code) == (Phase.TLS, 454)
        assert server.seen["mail"] == 0


@pytest.mark.parametrize("starttls", [False, True], ids=["smtps", "starttls"])
def test_an_unknown_certificate_is_refused(server_tls: ssl.SSLContext, starttls: bool) -> None:
    """Without the private authority's file the certificate is not trusted, and the advice names the key to set."""
    with SmtpServer(tls=server_tls, starttls=starttls) as server:
        error = refusal(transport(server, host="localhost", tls=TlsMode.STARTTLS if starttls else TlsMode.TLS))
    assert error.reply.phase is Phase.TLS
    assert "mail.ca_file" in error.advice


def test_tls_to_a_port_without_it(server: SmtpServer) -> None:
    """smtps:// to a plain port says what to write instead."""
    error = refusal(transport(server, host="localhost", tls=TlsMode.TLS))
    assert "smtp://" in error.advice


def test_a_wrong_password_is_tried_once() -> None:
    """One failed login per connection: each counts towards a lockout; the provider's advice is given."""
    with SmtpServer(users=USERS) as server:
        error = refusal(transport(server, username="ada", password="wrong", preset=PRESETS["gmail"]))
        assert error.reply.code == 535
        assert "app password" in error.advice
        assert server.seen["auth"] == 1


def test_a_mechanism_that_does_not_work_gives_way_to_the_next() -> None:
    """504 is about the mechanism, so the next one is tried."""
    with SmtpServer(users=USERS) as server:
        server.script(Rule(at="auth", do=Say("504 5.5.4 not that one"), match="PLAIN"))
        (reply,) = exchange(transport(server, username="ada", password="sesame"), envelope())
        assert classify(reply).state is S.ACCEPTED


def test_a_server_without_login_says_so(server: SmtpServer) -> None:
    """A user name for a server that offers no AUTH is explained."""
    error = refusal(transport(server, username="ada", password="sesame"))
    assert error.reply.text == "AUTH is not offered"
    assert "mail.username" in error.advice


# ── one message ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "act", "phase", "code", "state"),
    [
        ("mail", Say("452 4.3.1 insufficient storage"), Phase.MAIL, 452, S.READY),
        ("mail", Drop(), Phase.MAIL, None, S.DEFERRED),
        ("mail", Hang(), Phase.MAIL, None, S.DEFERRED),
        ("rcpt", Say("450 4.2.0 later"), Phase.RCPT, 450, S.DEFERRED),
        ("rcpt", Say("550 5.1.1 unknown"), Phase.RCPT, 550, S.SUPPRESSED),
        ("rcpt", Say("421 4.3.0 closing"), Phase.RCPT, 421, S.DEFERRED),
        ("rcpt", Drop(reset=True), Phase.RCPT, None, S.DEFERRED),
        ("rcpt", HalfLine("250 o"), Phase.RCPT, None, S.DEFERRED),
        ("data", Say("554 5.7.1 no"), Phase.DATA, 554, S.FAILED),
        ("data", Drop(), Phase.DATA, None, S.DEFERRED),
        ("data", Hang(), Phase.DATA, None, S.DEFERRED),
        ("dot", Say("552 5.3.4 too big"), Phase.DOT, 552, S.FAILED),
        ("dot", Say("451 4.3.0 later"), Phase.DOT, 451, S.DEFERRED),
        ("dot", Say("what?"), Phase.DOT, None, S.UNCERTAIN),
        ("dot", Drop(), Phase.DOT, None, S.UNCERTAIN),
        ("dot", Hang(), Phase.DOT, None, S.UNCERTAIN),
        ("dot", HalfLine("250 o"), Phase.DOT, None, S.UNCERTAIN),
        ("accepted", Drop(), Phase.DOT, None, S.UNCERTAIN),
        ("accepted", HalfLine("25", Drop()), Phase.DOT, None, S.UNCERTAIN),
    ],
)
def test_the_phase_of_a_failure_is_known(
    server: SmtpServer, at: At, act: Act, phase: Phase, code: int | None, state: S
) -> None:
    """Before the dot a lost connection means not delivered; after it, uncertain; a reply is taken at its word."""
    server.script(Rule(at=at, do=act))
    (reply,) = exchange(transport(server), envelope())
    assert (reply.phase, reply.code) == (phase, code)
    assert classify(reply).state is state
    assert len(server.ledger()) == (at == "accepted")


@pytest.mark.parametrize("act", [Drop(), Drop(reset=True), Hang()], ids=["closed", "reset", "hang"])
def test_lost_inside_a_long_message_is_before_the_dot(server: SmtpServer, act: Act) -> None:
    """When the body has not left this process, the dot has not either: safe to try again."""
    server.script(Rule(at="body", do=act))
    (reply,) = exchange(transport(server), envelope(body=b"x" * 76 + b"\r\n" * 400_000 + b"y" * 20_000_000))
    assert reply.phase is not Phase.DOT
    assert classify(reply).state is S.DEFERRED


def test_a_refusal_inside_a_long_message_is_heard(server: SmtpServer) -> None:
    """A server that refuses while the body still flows is taken at its word, and gets no dot."""
    server.script(Rule(at="body", do=HalfLine("552 5.3.4 enough\r\n")))
    (reply,) = exchange(transport(server), envelope(body=b"z" * 20_000_000))
    assert (reply.phase, reply.code) == (Phase.DATA, 552)
    assert classify(reply).state is S.FAILED


def test_a_session_goes_on_after_a_refusal(server: SmtpServer) -> None:
    """RSET clears a refused transaction, and the next message goes over the same connection."""
    server.script(Rule(at="rcpt", do=Say("550 5.1.1 no"), match="bob"))
    replies = exchange(transport(server), envelope("bob@example.org"), envelope())
    assert [reply.code for reply in replies] == [550, 250]
    assert (server.seen["greeting"], server.seen["rset"], server.seen["quit"]) == (1, 1, 1)


def test_smtputf8_only_when_needed(server: SmtpServer) -> None:
    """A local part beyond ASCII asks for SMTPUTF8; a domain beyond ASCII is written in ASCII and does not."""
    replies = exchange(transport(server), envelope("jürgen@uni.example"), envelope("ada@münchen.example"))
    assert [reply.code for reply in replies] == [250, 250]
    mails = [command for command in server.commands if command.startswith("MAIL")]
    assert "SMTPUTF8" in mails[0]
    assert "SMTPUTF8" not in mails[1]
    assert [taken.recipient for taken in server.ledger()] == ["jürgen@uni.example", "ada@xn--mnchen-3ya.example"]


def test_what_the_server_cannot_take_fails_clearly_and_alone() -> None:
    """Without SMTPUTF8, 8BITMIME or room, that one message fails before a byte of it is sent."""
    with SmtpServer(extensions=("SIZE 2000",)) as server:
        replies = exchange(
            transport(server),
            envelope("jürgen@uni.example"),
            envelope(body="ü\r\n".encode()),
            envelope(body=b"x" * 3000),
            envelope("a b@c"),
            envelope(sender="eve\r\nRCPT TO:<x@y>"),
            envelope(),
        )
        assert [reply.text[:5] for reply in replies[:-1]] == ["5.6.7", "5.6.3", "5.3.4", "5.1.3", "5.1.3"]
        assert {classify(reply).state for reply in replies[:-1]} == {S.FAILED}
        assert replies[-1].code == 250
        assert len(server.ledger()) == 1
        assert server.seen["mail"] == 1


def test_bare_line_ends_cannot_smuggle(server: SmtpServer) -> None:
    """A body with LF.LF in it arrives as one message, with proper line ends and the dot kept."""
    (reply,) = exchange(transport(server), envelope(body=b"one\n.\nMAIL FROM:<eve@x>\r.\rtwo"))
    assert reply.code == 250
    (content,) = server.messages
    assert content.endswith(b"one\r\n.\r\nMAIL FROM:<eve@x>\r\n.\r\ntwo\r\n")
