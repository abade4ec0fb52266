"""What every transport owes the sender: a session, replies instead of exceptions, the same bytes, a polite end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.delivery.base import Transport
from digest.delivery.replies import Phase, classify
from digest.delivery.transports import TRANSPORTS, transport_of
from digest.errors import TransportError
from digest.model import DeliveryState, Envelope
from digest.settings.mail import MailConfig, TransportKind
from tests.support.commands import TAKE, stub
from tests.support.smtp_server import SmtpServer

DATA = (
    b"From: d@example.org\r\nTo: ada@example.org\r\nSubject: News\r\nDate: Mon, 24 Nov 2025 08:00:00 +0100\r\n"
    b"Message-ID: <1@test>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>One.</p>\r\n..two\r\n.\r\n.three\r\n"
)


@dataclass(frozen=True)
class Subject:
    transport: Transport
    received: Callable[[], list[bytes]]


@pytest.fixture(params=list(TransportKind))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    if request.param is TransportKind.FILES:
        mail = MailConfig(transport=TransportKind.FILES, files_dir=tmp_path)
        yield Subject(transport_of(mail), lambda: [path.read_bytes() for path in sorted(tmp_path.rglob("*.eml"))])
        return
    if request.param is TransportKind.SENDMAIL:
        folder = tmp_path / "taken"
        folder.mkdir()
        mail = MailConfig(
            transport=TransportKind.SENDMAIL, sendmail=(*stub(tmp_path, TAKE), str(folder), "{recipient}")
        )
        yield Subject(
            transport_of(mail),
            lambda: [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted(folder.iterdir())],
        )
        return
    with SmtpServer() as server:
        mail = MailConfig(transport=TransportKind.SMTP, server=f"smtp://127.0.0.1:{server.port}")
        yield Subject(transport_of(mail), lambda: sorted(server.messages))


def envelope(number: int = 1, data: bytes = DATA, recipient: str = "ada@example.org") -> Envelope:
    return Envelope(
        delivery_id=number, sender="d@example.org", recipient=recipient, message_id=f"<{number}@test>", data=data
    )


def test_every_kind_is_in_the_registry() -> None:
    """A transport that can be configured can be made."""
    assert set(TRANSPORTS) == set(TransportKind)


@pytest.mark.parametrize("told", [False, True], ids=["one by one", "told what follows"])
def test_messages_arrive_byte_for_byte(subject: Subject, told: bool) -> None:
    """Several messages through one session, dots and all, each with an accepting reply after the dot."""

    async def send() -> None:
        session = await subject.transport.open()
        first, second = (envelope(number, DATA + b"%d\r\n" % number) for number in (1, 2))
        for one, following in ((first, second if told else None), (second, None)):
            assert session.usable
            reply = await session.send(one, following)
            assert reply.phase is Phase.DOT
            assert classify(reply).state is DeliveryState.ACCEPTED
        await session.close()

    asyncio.run(send())
    assert subject.received() == [DATA + b"1\r\n", DATA + b"2\r\n"]


@pytest.mark.parametrize("cut", [False, True])
def test_what_is_only_announced_is_never_delivered(subject: Subject, cut: bool) -> None:
    """A caller may change his mind after naming what follows."""

    async def send() -> None:
        session = await subject.transport.open()
        await session.send(envelope(1), envelope(2))
        if cut:
            session.abort()
        await session.close()

    asyncio.run(send())
    assert subject.received() == [DATA]


def test_a_session_can_be_cut_and_closed_at_any_time(subject: Subject) -> None:
    """abort and close never raise, in any order."""

    async def cut() -> None:
        session = await subject.transport.open()
        session.abort()
        await session.close()
        session.abort()

    asyncio.run(cut())


def test_the_name_says_where_without_secrets(subject: Subject) -> None:
    """Name and trial are known before anything is opened."""
    assert subject.transport.name
    assert subject.transport.trial is subject.transport.name.startswith("files:")


# ── files only ──────────────────────────────────────────────────────────────────────────────────────────────


def write(directory: Path, *envelopes: Envelope) -> None:
    async def send() -> None:
        session = await transport_of(MailConfig(files_dir=directory)).open()
        for one in envelopes:
            await session.send(one)

    asyncio.run(send())


def test_files_lie_by_day_with_their_html(tmp_path: Path) -> None:
    """The day is the Date header's own; the page beside it opens in a browser; no temporary file stays."""
    write(tmp_path, envelope(7))
    folder = tmp_path / "2025-11-24"
    assert sorted(path.name for path in folder.iterdir()) == ["ada@example.org-7.eml", "ada@example.org-7.html"]
    assert (folder / "ada@example.org-7.html").read_text().startswith("<p>One.</p>")


@pytest.mark.parametrize("recipient", ["../../etc/passwd@x", "a/b@x", "\0@x", "." * 300 + "@x", "ü@x"])
def test_an_address_is_never_a_path(tmp_path: Path, recipient: str) -> None:
    """Hostile addresses stay inside the folder."""
    write(tmp_path / "out", envelope(1, recipient=recipient))
    (written,) = (tmp_path / "out").rglob("*.eml")
    assert written.parent == tmp_path / "out" / "2025-11-24"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("data", [b"", b"\r\n", b"Date: never\r\n\r\nx", b"Subject: x", b"\xff\xfe\r\n\r\n\x00"])
def test_a_message_without_a_date_is_kept_too(tmp_path: Path, data: bytes) -> None:
    """Garbage is written as it is, under `undated`."""
    write(tmp_path, envelope(1, data=data))
    assert (tmp_path / "undated" / "ada@example.org-1.eml").read_bytes() == data


def test_a_folder_that_cannot_be_written_is_the_relays_fault(tmp_path: Path) -> None:
    """No delivery is to blame when the disk is full or the folder is a file."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TransportError, match=r"mail\.files_dir"):
        write(tmp_path / "file", envelope())
