"""What readers write to us, as mail programs send it: links, replies with quotes, HTML, machines, garbage."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.answers import MOST_BYTES, Command, read_answer
from digest.feedback import Verb

TOKEN = "1.YjZmMS5hZGE.abcdefghijklmnopqrstuv"


def mail(body: str = "", *, subject: str = "Re: 4-bit sparse attention", html: bool = False, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = headers.pop("From", "Ada Lovelace <ada@uni.example>")
    message["To"] = "papers@uni.example"
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body, subtype="html" if html else "plain")
    return message.as_bytes()


def test_a_link_says_all_in_its_subject() -> None:
    """The delivery's token, the place and the verb; the body is empty, or a signature that nobody asked for."""
    answer = read_answer(mail("Sent from my phone\n", subject=f"more {TOKEN}/3"))
    assert (answer.sender, answer.token, answer.commands) == ("ada@uni.example", TOKEN, (Command(Verb.MORE, 3),))


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("more 3", [Command(Verb.MORE, 3)]),
        ("Less 2, 5 and 7.", [Command(Verb.LESS, 2), Command(Verb.LESS, 5), Command(Verb.LESS, 7)]),
        ("save #4", [Command(Verb.SAVE, 4)]),
        ("more: 1", [Command(Verb.MORE, 1)]),
        ("mute word: survey", [Command(Verb.MUTE_WORD, subject="survey")]),
        ("Mute author “David Baker”", [Command(Verb.MUTE_AUTHOR, subject="David Baker")]),
        ("more of the same, please", []),
        ("I want less 3-bit things", []),
        ("mute", []),
    ],
)
def test_a_line_is_a_command_only_as_a_whole(line: str, commands: list[Command]) -> None:
    """Prose is not obeyed; punctuation and case do not matter."""
    assert list(read_answer(mail(f"Hello,\n\n{line}\n")).commands) == commands


@pytest.mark.parametrize(
    "quote",
    [
        "On Mon, 18 May 2026 at 07:30, Papers <p@uni.example> wrote:\n> less 1\nless 2",
        "Am 18.05.2026 um 07:30 schrieb Papers:\n> less 1",
        "-----Original Message-----\nless 1",
        "________________________________\nFrom: Papers\nless 1",
        "-- \nless 1",
        "> less 1",
    ],
)
def test_quoted_text_and_signatures_are_not_the_readers_words(quote: str) -> None:
    """Everything from the quoted mail on is cut off, in several mail programs' manners."""
    assert read_answer(mail(f"more 3\n\n{quote}\n")).commands == (Command(Verb.MORE, 3),)


def test_a_reply_in_html_alone_is_read() -> None:
    """Tags become lines; what is in a blockquote is a quote."""
    body = "<div>more 3</div><p>mute word: survey<br></p><blockquote>less 1</blockquote>"
    assert [str(c.verb) for c in read_answer(mail(body, html=True)).commands] == ["more", "mute word"]


def test_the_thread_names_our_mail() -> None:
    """In-Reply-To first, then the References from the nearest on (RFC 5322, 3.6.4)."""
    answer = read_answer(mail("more 1", In_Reply_To="<b@x.example>", References="<a@x.example> <b@x.example>"))
    assert answer.in_reply_to == ("<b@x.example>", "<a@x.example>")


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"])
def test_machines_say_nothing(header: str) -> None:
    """A vacation notice that quotes the mail does not mute anybody."""
    name, _, value = header.partition(": ")
    answer = read_answer(f"{name}: {value}\n".encode() + mail("more 1"))
    assert answer.by_machine
    assert answer.commands == ()


def test_an_answer_is_bounded() -> None:
    """A huge mail is refused; a long word is cut."""
    with pytest.raises(ValueError, match="no answer"):
        read_answer(b"x" * (MOST_BYTES + 1))
    assert len(read_answer(mail(f"mute word: {'x' * 500}")).commands[0].subject) == 100


@given(st.binary(max_size=400))
def test_garbage_says_nothing(data: bytes) -> None:
    """Whatever arrives, nothing is raised."""
    assert read_answer(data).commands == ()


def test_a_charset_nobody_knows_says_nothing() -> None:
    """Broken MIME is no reason to stop."""
    data = b"From: a@b.example\r\nContent-Type: text/plain; charset=klingon-8\r\n\r\nmore 1\r\n"
    assert read_answer(data).commands in {(), (Command(Verb.MORE, 1),)}
