"""Replies out of a stream of bytes, and content into one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.smtp_content import stuffed
from digest.delivery.smtp_replies import LONGEST_LINE, MOST_UNREAD, RawReply, ReplyReader

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30).map(
    lambda text: text.strip(" \t").encode()
)
REPLY = st.builds(
    lambda code, lines: (code, tuple(lines)), st.integers(200, 599), st.lists(TEXT, min_size=1, max_size=4)
)
PIECES = st.lists(st.integers(1, 9), min_size=1, max_size=20)


def written(replies: list[tuple[int, tuple[bytes, ...]]], line_end: bytes) -> bytes:
    return b"".join(
        b"%d%b%b%b" % (code, b" " if place == len(lines) - 1 else b"-", line, line_end)
        for code, lines in replies
        for place, line in enumerate(lines)
    )


def read(stream: bytes, pieces: list[int] | None = None) -> ReplyReader:
    reader = ReplyReader()
    place, turn = 0, 0
    while place < len(stream):
        size = pieces[turn % len(pieces)] if pieces else len(stream)
        reader.feed(stream[place : place + size])
        place, turn = place + size, turn + 1
    return reader


@given(replies=st.lists(REPLY, max_size=8), pieces=PIECES, line_end=st.sampled_from([b"\r\n", b"\n"]))
def test_replies_are_the_same_however_they_are_cut(
    replies: list[tuple[int, tuple[bytes, ...]]], pieces: list[int], line_end: bytes
) -> None:
    """Any replies, in pieces of any size."""
    reader = read(written(replies, line_end), pieces)
    assert list(reader.replies) == [RawReply(code, b"\n".join(lines)) for code, lines in replies]
    assert reader.garbled is None


@given(stream=st.binary(max_size=300) | st.from_regex(rb"([2-5]\d\d[ -][a-z]*\r?\n?)*", fullmatch=True), pieces=PIECES)
def test_garbage_is_the_same_however_it_is_cut(stream: bytes, pieces: list[int]) -> None:
    """Whatever comes: no exception, the same replies, and the same verdict."""
    whole, cut = read(stream), read(stream, pieces)
    assert (whole.replies, whole.garbled) == (cut.replies, cut.garbled)


@given(replies=st.lists(REPLY, min_size=1, max_size=4), missing=st.integers(1, 3))
def test_half_a_reply_is_none(replies: list[tuple[int, tuple[bytes, ...]]], missing: int) -> None:
    """Without its last line end a reply has not arrived."""
    stream = written(replies, b"\r\n")
    assert len(read(stream[:-missing]).replies) == len(replies) - 1


@pytest.mark.parametrize(
    "line",
    [b"", b"what?", b"25", b"25 ok", b"2500", b"250x", b"150 wait", b"600 no", b"HTTP/1.1 400 Bad", b"250-a\r\n251 b"],
)
def test_what_is_no_reply_ends_the_reading(line: bytes) -> None:
    """What came before it counts, what comes after it does not."""
    reader = read(b"250 ok\r\n" + line + b"\r\n250 later\r\n")
    reader.feed(b"250 much later\r\n")
    assert list(reader.replies) == [RawReply(250, b"ok")]
    assert reader.garbled is not None


@pytest.mark.parametrize(
    "stream",
    [b"2" * (LONGEST_LINE + 1), b"250 " + b"x" * LONGEST_LINE + b"\r\n", b"250-x\r\n" * 9000, b"250 x\r\n" * 99],
    ids=["no end", "a long line", "no last line", "too many"],
)
def test_a_server_that_does_not_stop_is_stopped(stream: bytes) -> None:
    """Memory is bounded whatever it sends."""
    reader = read(stream)
    assert reader.garbled is not None
    assert len(reader.replies) <= MOST_UNREAD


# ── content ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(
    st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"a", b"\xc3\xbc", b" "]), max_size=12).map(b"".join)
)
def test_content_arrives_as_it_was_but_for_line_ends(data: bytes) -> None:
    """Undoing the dots gives the lines that went in; no line is a dot alone, and none ends otherwise than with CRLF."""
    wire = stuffed(data)
    lines = wire.split(b"\r\n")
    assert lines.pop() == b""
    assert b"." not in lines
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    expected = re.split(rb"\r\n|\r|\n", data)
    assert [line.removeprefix(b".") for line in lines] == (expected[:-1] if expected[-1] == b"" and data else expected)
