"""Content as it goes over the wire: CRLF ends every line, a leading dot is doubled. RFC 5321 §4.5.2.

Our own messages have proper line ends and hardly a line that begins with a dot. To see that costs 13 µs for 34 KB with
numpy and 75 µs with ``bytes``' own methods, which was half of what sending a message cost.
"""

from __future__ import annotations

import re

import numpy as np

BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
CR, LF, DOT = b"\r\n."


def stuffed(data: bytes) -> bytes:
    """The content but for the final dot. A bare CR or LF becomes CRLF: some servers would end the message there."""
    if _ready(data):
        return data
    crlf = data.count(b"\r\n")
    if data.count(b"\n") != crlf or data.count(b"\r") != crlf:
        data = BARE_LINE_END.sub(b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    data = data.replace(b"\r\n.", b"\r\n..")
    return b"." + data if data.startswith(b".") else data


def _ready(data: bytes) -> bool:
    """Every line ends with CRLF, no CR or LF stands elsewhere, and no line begins with a dot."""
    if not data.endswith(b"\r\n") or data.startswith((b".", b"\n")):
        return False
    octets = np.frombuffer(data, np.uint8)
    cr, lf, dot = octets[:-1] == CR, octets[1:] == LF, octets[1:] == DOT
    return bool(np.array_equal(cr, lf)) and not bool((lf[:-1] & dot[1:]).any())
