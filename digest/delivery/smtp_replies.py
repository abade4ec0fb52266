"""What an SMTP server says, cut into replies: bytes in, codes and texts out. Pure; RFC 5321 §4.2.

Commands that were pipelined are answered in one go, or in pieces that end anywhere, so what arrives is a stream and not
one reply per packet. A line that is no reply ends the reading for good: after it nobody can know which command an
answer belongs to.
"""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

LONGEST_LINE = 8192
"""Octets. RFC 5321 §4.5.3.1.5 allows 512; servers that explain themselves need more."""
LONGEST_REPLY = 4 * LONGEST_LINE
MOST_UNREAD = 64
"""A flight has five commands at most; who says much more was not asked."""

LINE = re.compile(rb"([2-5]\d\d)(?:([ \t-])(.*))?", re.DOTALL)


class RawReply(NamedTuple):
    """One whole reply; the text of several lines is joined by line feeds, as the server encoded it."""

    code: int
    text: bytes


class ReplyReader:
    """Feed it what arrives; take whole replies from ``replies``, oldest first."""

    def __init__(self) -> None:
        self.replies: deque[RawReply] = deque()
        self.garbled: bytes | None = None
        """The beginning of the first line that is no reply, or of one that does not end; nothing after it is read."""
        self._rest = b""
        self._code: bytes | None = None
        self._texts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take in what arrived, cut anywhere. A bare LF ends a line as well: servers have been seen to send it."""
        if self.garbled is not None:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._line(line.rstrip(b" \t\r")):
                return
        if len(self._rest) > LONGEST_LINE:
            self._garble(self._rest)

    def _line(self, line: bytes) -> bool:
        """Take in one line; False when it is none of a reply."""
        match = LINE.fullmatch(line)
        self._size += len(line)
        if match is None or len(line) > LONGEST_LINE or self._size > LONGEST_REPLY or len(self.replies) >= MOST_UNREAD:
            return self._garble(line)
        code, separator, text = match.groups()
        if self._code not in (None, code):
            return self._garble(line)  # §4.2.1: all lines of a reply have one code; of two, which would decide?
        self._texts.append((text or b"").strip(b" \t"))
        if separator == b"-":
            self._code = code
        else:
            self.replies.append(RawReply(int(code), b"\n".join(self._texts)))
            self._code, self._texts, self._size = None, [], 0
        return True

    def _garble(self, line: bytes) -> bool:
        self.garbled = line[:500]
        self._rest = b""
        return False
