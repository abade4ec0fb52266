"""Whole transactions in one flight (RFC 2920), against a server that follows a script to the byte."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme

from digest.delivery.replies import Phase, Reply, classify
from digest.delivery.settings import SmtpSettings, Timeouts
from digest.delivery.smtp import SmtpTransport
from digest.model import DeliveryState as S
from digest.model import Envelope
from digest.settings.mail import TlsMode
from tests.support.smtp_script import DATA, DOT, GO, Close, Hear, HearAll, Line, Say, Step, scripted
from tests.support.smtp_server import Answering, SmtpServer

TIMES = Timeouts(connect_s=10, command_s=10, stall_s=10, dot_s=10, quit_s=0.1)
IMPATIENT = Timeouts(connect_s=10, command_s=0.5, stall_s=10, dot_s=10, quit_s=0.1)
QUIT = Hear(b"QUIT\r\n")
TAKEN = b"250 2.0.0 taken\r\n"


def envelope(name: str = "ada") -> Envelope:
    data = f"Message-ID: <{name}@test>\r\n\r\nHello {name}\r\n".encode()
    return Envelope(
        delivery_id=1, sender="d@example.org", recipient=f"{name}@example.org", message_id=f"<{name}@test>", data=data
    )


def flight(name: str) -> bytes:
    return b"MAIL FROM:<d@example.org>\r\nRCPT TO:<%b@example.org>\r\nDATA\r\n" % name.encode()


def content(name: str) -> bytes:
    return envelope(name).data + b".\r\n"


def to(port: int, times: Timeouts = TIMES) -> SmtpTransport:
    return SmtpTransport(SmtpSettings(host="127.0.0.1", port=port, tls=TlsMode.NONE, timeouts=times))


async def send(subject: SmtpTransport, *names: str) -> list[Reply]:
    """The replies to these messages, each told which comes next, over one session for as long as it is usable."""
    session = await subject.open()
    replies: list[Reply] = []
    envelopes = [envelope(name) for name in names]
    for place, one in enumerate(envelopes):
        if session.usable:
            replies.append(await session.send(one, envelopes[place + 1] if place + 1 < len(envelopes) else None))
    await session.close()
    return replies


def play(steps: Sequence[Step], *names: str, times: Timeouts = TIMES) -> tuple[list[Reply], Line]:
    async def run() -> tuple[list[Reply], Line]:
        async with scripted(*steps) as line, asyncio.timeout(20):
            replies = await send(to(line.port, times), *names)
            await asyncio.sleep(0.02)  # the server hears the end
            return replies, line

    return asyncio.run(run())


def codes(replies: Sequence[Reply]) -> list[tuple[Phase, int | None]]:
    return [(reply.phase, reply.code) for reply in replies]


def outcomes(replies: Sequence[Reply]) -> list[S]:
    return [classify(reply).state for reply in replies]


# ── as it should be ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("drip", [False, True], ids=["whole", "drip"])
def test_the_next_envelope_travels_with_the_dot(drip: bool) -> None:
    """One round trip per message: a server that answers nothing before it has heard a whole flight is content."""
    steps = (
        *(DATA, Say(GO.octets, drip)),
        *(DATA, Say(TAKEN + GO.octets, drip)),
        *(DATA, Say(TAKEN + b"250-2.1.0 first\r\n250 2.1.0 second\r\n250 ok\r\n354\r\n", drip)),
        *(DOT, Say(TAKEN, drip), QUIT, Say(b"221 bye\r\n")),
    )
    replies, line = play(steps, "ada", "bob", "eve")
    assert outcomes(replies) == [S.ACCEPTED] * 3
    assert line.heard == [
        flight("ada"),
        content("ada") + flight("bob"),
        content("bob") + flight("eve"),
        content("eve"),
        b"QUIT\r\n",
    ]


def test_without_pipelining_each_command_waits() -> None:
    """Nothing is sent before the command before it is answered: a server that hears two at once says so."""

    async def run() -> tuple[list[Reply], Line]:
        ok, end = Say(b"250 ok\r\n"), Hear(b"\r\n")
        one = (end, ok, end, ok, end, Say(b"354 go on\r\n"), DOT, Say(TAKEN))
        async with scripted(*one, *one, QUIT, extensions=()) as line:
            return await send(to(line.port), "ada", "bob"), line

    replies, line = asyncio.run(run())
    assert outcomes(replies) == [S.ACCEPTED] * 2
    assert line.heard[:4] == [*flight("ada").splitlines(keepends=True), content("ada")]


@pytest.mark.parametrize("answering", ["each", "together", "halves"])
@pytest.mark.parametrize("mode", [TlsMode.NONE, TlsMode.STARTTLS, TlsMode.TLS])
def test_messages_arrive_whole_however_answers_come(answering: Answering, mode: TlsMode, tmp_path: Path) -> None:
    """In the clear and encrypted, after logging in: every byte, in order, whatever the replies' packets look like."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with SmtpServer(
        tls=None if mode is TlsMode.NONE else context,
        starttls=mode is TlsMode.STARTTLS,
        users={"ada": "sesame"},
        answering=answering,
    ) as server:
        subject = SmtpTransport(
            SmtpSettings(
                host="localhost",
                port=server.port,
                tls=mode,
                username="ada",
                password="sesame",
                ca_file=tmp_path / "ca.pem",
                timeouts=TIMES,
            )
        )
        names = ("ada", "bob", "eve")
        assert outcomes(asyncio.run(send(subject, *names))) == [S.ACCEPTED] * 3
        assert server.messages == [envelope(name).data for name in names]
        assert (server.seen["greeting"], server.seen["quit"]) == (1, 1)


# ── refusals in a flight ────────────────────────────────────────────────────────────────────────────────────

LONE_DOT = Hear(b".\r\n")


@pytest.mark.parametrize("verdict", [b"554 5.5.1 no valid recipients\r\n", TAKEN], ids=["refused", "taken"])
def test_a_refused_recipient_gets_a_lone_dot(verdict: bytes) -> None:
    """RCPT is refused and the server waits for content all the same: a dot ends that, and its reply means nothing."""
    steps = (
        *(DATA, Say(b"250 ok\r\n550 5.1.1 unknown\r\n354 go on\r\n"), LONE_DOT, Say(verdict)),
        *(DATA, Say(b"250 reset\r\n" + GO.octets), DOT, Say(TAKEN), QUIT),
    )
    replies, line = play(steps, "dead", "ada")
    assert codes(replies) == [(Phase.RCPT, 550), (Phase.DOT, 250)]
    assert line.heard == [flight("dead"), b".\r\n", b"RSET\r\n" + flight("ada"), content("ada"), b"QUIT\r\n"]


def test_a_refused_sender_never_gets_a_dot() -> None:
    """MAIL is refused, RCPT taken and content awaited: a dot might deliver an empty mail, so the connection is cut."""
    replies, line = play((DATA, Say(b"550 5.7.1 no\r\n250 ok\r\n354 go on\r\n"), HearAll()), "ada", "bob")
    assert codes(replies) == [(Phase.MAIL, 550)]
    assert line.heard == [flight("ada"), b""]


@pytest.mark.parametrize(
    ("answers", "phase", "code"),
    [
        (b"452 4.3.1 full\r\n503 what\r\n503 what\r\n", Phase.MAIL, 452),
        (b"250 ok\r\n450 4.2.0 later\r\n554 no recipients\r\n", Phase.RCPT, 450),
        (b"250 ok\r\n250 ok\r\n451 4.3.0 later\r\n", Phase.DATA, 451),
    ],
)
def test_a_refusal_is_that_of_the_first_command(answers: bytes, phase: Phase, code: int) -> None:
    """What follows from it is read and forgotten; RSET travels with the next envelope."""
    steps = (DATA, Say(answers), DATA, Say(b"250 reset\r\n" + GO.octets), DOT, Say(TAKEN), QUIT)
    replies, line = play(steps, "bob", "ada")
    assert codes(replies) == [(phase, code), (Phase.DOT, 250)]
    assert line.heard == [flight("bob"), b"RSET\r\n" + flight("ada"), content("ada"), b"QUIT\r\n"]


def test_a_refusal_among_those_sent_ahead() -> None:
    """The message before it is accepted, the refused one ends alone, and the one after it goes out."""
    steps = (
        *(DATA, GO),
        *(DATA, Say(TAKEN + b"250 ok\r\n550 5.1.1 unknown\r\n354 go on\r\n"), LONE_DOT, Say(b"554 5.5.1 nobody\r\n")),
        *(DATA, Say(b"250 reset\r\n" + GO.octets), DOT, Say(TAKEN), QUIT),
    )
    replies, _ = play(steps, "ada", "dead", "bob")
    assert codes(replies) == [(Phase.DOT, 250), (Phase.RCPT, 550), (Phase.DOT, 250)]


def test_a_refused_content_spoils_nothing_after_it() -> None:
    """552 after the dot, and the envelope that came with that dot is good."""
    steps = (DATA, GO, DATA, Say(b"552 5.3.4 too big\r\n" + GO.octets), DOT, Say(TAKEN), QUIT)
    replies, _ = play(steps, "ada", "bob")
    assert codes(replies) == [(Phase.DOT, 552), (Phase.DOT, 250)]


# ── the end in mid-flight ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answers", "phase"),
    [
        (b"421 4.3.2 bye\r\n", Phase.MAIL),
        (b"250 ok\r\n421 4.3.2 bye\r\n", Phase.RCPT),
        (b"250 ok\r\n250 ok\r\n421 4.3.2 bye\r\n", Phase.DATA),
    ],
)
@pytest.mark.parametrize("ahead", [False, True])
def test_a_421_ends_the_session_wherever_it_comes(answers: bytes, phase: Phase, ahead: bool) -> None:
    """It is the answer to the command it came for; nothing further is sent, and what was accepted stays so."""
    before: tuple[Step, ...] = (DATA, GO) if ahead else ()
    replies, line = play((*before, DATA, Say(TAKEN * ahead + answers), HearAll()), *["ada"] * ahead, "bob", "eve")
    assert codes(replies) == [(Phase.DOT, 250)] * ahead + [(phase, 421)]
    assert line.heard[-1] == b""


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (b"", [(Phase.DOT, None)]),
        (b"25", [(Phase.DOT, None)]),
        (b"250-2.0.0 taken\r\n", [(Phase.DOT, None)]),
        (b"250 taken", [(Phase.DOT, None)]),
        (b"what?\r\n", [(Phase.DOT, None)]),
        (b"354 go on\r\n", [(Phase.DOT, None)]),
        (b"250-2.0.0 taken\r\n550 5.7.1 or not\r\n", [(Phase.DOT, None)]),
        (b"421 4.3.2 bye\r\n", [(Phase.DOT, 421)]),
        (TAKEN, [(Phase.DOT, 250)]),
        (TAKEN + b"250 ok\r\n250", [(Phase.DOT, 250)]),
    ],
)
def test_the_line_goes_dead_after_a_dot(answers: bytes, expected: list[tuple[Phase, int | None]]) -> None:
    """Only a whole reply counts, and only the message whose dot has left can be uncertain: never the one ahead."""
    replies, _ = play((DATA, GO, DATA, Say(answers), Close()), "ada", "bob")
    assert codes(replies)[:1] == expected
    assert all(state is S.DEFERRED for state in outcomes(replies[1:]))
    assert (S.UNCERTAIN in outcomes(replies)) == (expected == [(Phase.DOT, None)])


@pytest.mark.parametrize("said", [b"250 extra\r\n", b"421 4.3.2 bye\r\n", b"junk\r\n"])
def test_a_server_that_speaks_unasked_gets_nothing_more(said: bytes) -> None:
    """An answer too many would be taken for another command's; the session is given up before that."""
    replies, line = play((DATA, Say(GO.octets + said), HearAll()), "ada", "bob")
    assert outcomes(replies) == [S.DEFERRED]
    assert replies[0].phase is Phase.DATA
    assert line.heard == [flight("ada"), b""], "no content has left"


def test_answers_that_are_out_of_step_are_noticed() -> None:
    """A stray 250 shifts all that follow by one: what is then no answer to DATA cuts the line before any content."""
    replies, line = play((DATA, GO, DATA, Say(TAKEN + b"250 stray\r\n" + GO.octets), HearAll()), "ada", "bob")
    assert codes(replies) == [(Phase.DOT, 250), (Phase.DATA, 250)]
    assert outcomes(replies) == [S.ACCEPTED, S.DEFERRED]
    assert line.heard[-1] == b""


def test_an_unasked_goodbye_between_messages_is_heard() -> None:
    """A session that has been told 421 while it was idle is not usable any more."""

    async def run() -> bool:
        async with scripted(DATA, GO, DOT, Say(TAKEN + b"421 4.4.2 idle too long\r\n"), HearAll()) as line:
            session = await to(line.port).open()
            assert (await session.send(envelope())).code == 250
            usable = session.usable
            await session.close()
            return usable

    assert not asyncio.run(run())


# ── what was sent ahead and is not wanted any more ──────────────────────────────────────────────────────────


def test_an_envelope_that_is_abandoned_delivers_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The server waits for content; a dot or QUIT would be taken for some, so the connection is cut, and it is said."""

    async def run() -> Line:
        async with scripted(DATA, GO, DATA, Say(TAKEN + GO.octets), HearAll()) as line:
            session = await to(line.port).open()
            assert (await session.send(envelope("ada"), envelope("bob"))).code == 250
            with caplog.at_level(logging.INFO):
                await session.close()
            await asyncio.sleep(0.02)
            return line

    assert asyncio.run(run()).heard[-1] == b""
    assert "is not sent" in caplog.text


def test_only_the_message_that_was_named_may_follow() -> None:
    """Another one cannot go out over this connection, and is not harmed."""

    async def run() -> tuple[Reply, bool, Line]:
        async with scripted(DATA, GO, DATA, Say(TAKEN + GO.octets), HearAll()) as line:
            session = await to(line.port).open()
            await session.send(envelope("ada"), envelope("bob"))
            reply = await session.send(envelope("eve"))
            return reply, session.usable, line

    reply, usable, line = asyncio.run(run())
    assert (reply.phase, reply.code, usable) == (Phase.MAIL, None, False)
    assert flight("eve") not in b"".join(line.heard)


@pytest.mark.parametrize("answers", [b"", b"503 5.5.1 not now\r\n503 no\r\n503 no\r\n"], ids=["silence", "refusal"])
def test_where_nothing_may_ride_with_a_dot_nothing_does_for_long(answers: bytes) -> None:
    """A server that drops or forbids what follows a dot: the message is left for a new connection, without riding."""

    async def run() -> tuple[list[Reply], Line]:
        one = (DATA, GO, DOT, Say(TAKEN))
        async with scripted(DATA, GO, DATA, Say(TAKEN + answers), HearAll(), *one, *one, QUIT) as line:
            subject = to(line.port, IMPATIENT)
            first = await send(subject, "ada", "bob")
            return first + await send(subject, "bob", "eve"), line

    replies, line = asyncio.run(run())
    assert codes(replies) == [(Phase.DOT, 250), (Phase.MAIL, None), (Phase.DOT, 250), (Phase.DOT, 250)]
    assert line.heard[3:] == [flight("bob"), content("bob"), flight("eve"), content("eve"), b"QUIT\r\n"]


def test_what_this_server_cannot_take_is_not_named_ahead() -> None:
    """A message that is too large fails when its turn comes, without a word to the server."""
    large = Envelope(
        delivery_id=2, sender="d@example.org", recipient="bob@example.org", message_id="<2@test>", data=b"x\r\n" * 99
    )

    async def run() -> tuple[list[Reply], Line]:
        async with scripted(DATA, GO, DOT, Say(TAKEN), QUIT, extensions=(b"PIPELINING", b"SIZE 200")) as line:
            session = await to(line.port).open()
            replies = [await session.send(envelope(), large), await session.send(large)]
            await session.close()
            return replies, line

    replies, line = asyncio.run(run())
    assert codes(replies) == [(Phase.DOT, 250), (Phase.CHECK, 553)]
    assert b"bob" not in b"".join(line.heard)


# ── the dot ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dot_that_could_not_be_written_was_not_sent() -> None:
    """Cut between the answer to DATA and the content: nothing has left, so it is tried again."""

    async def run() -> Reply:
        async with scripted(DATA, GO, DATA, Say(TAKEN + GO.octets), HearAll()) as line:
            session = await to(line.port).open()
            await session.send(envelope("ada"), following := envelope("bob"))
            await asyncio.sleep(0.02)
            session.abort()
            return await session.send(following)

    reply = asyncio.run(run())
    assert reply.phase is Phase.DATA
    assert classify(reply).state is S.DEFERRED
