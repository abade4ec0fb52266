"""How lines of the log are written: as text or as JSON, without readers' addresses, and never more than one line each.

Redaction works on the finished line, so it finds an address in a message, an argument, a server's reply and a traceback
alike. What came from outside cannot end a line or move the cursor: control characters are escaped.

    2026-11-23T05:30:21Z INFO tick planned=3 accepted=3 took_s=1.9
    {"time": "2026-11-23T05:30:21.120Z", "level": "info", "logger": "digest.daemon.loop", "event": "tick",
     "planned": 3, "accepted": 3, "took_s": 1.9, "message": "tick planned=3 accepted=3 took_s=1.9"}
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Final, Literal

Form = Literal["text", "json"]

_LOCAL = r"""(?:"[^"\s]{1,64}(?: [^"\s]{1,64}){0,3}"|[^\s<>"(),:;=@/\\\[\]?&]{1,64})"""
_DOMAIN = r"""(?:\[[^\]\s]{1,64}\]|[^\s<>"'(),:;=@/\\\[\]?&]{1,255})"""
_ADDRESS: Final = re.compile(rf"{_LOCAL}(?:@|%40){_DOMAIN}", re.IGNORECASE)
"""Between any delimiters that servers put around it; bounded as in RFC 5321 §4.5.3.1, or long lines took hours."""
_TOKEN: Final = re.compile(r"(/[ftu]/|[?&](?:token|key|sig)=)[\w.~-]{16,}")
"""Signed links: who has one can act for its reader."""
_FIELD: Final = re.compile(r"(?:^|\s)([a-z][a-z0-9_]{0,40})=('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls, line and paragraph separators, and what turns the direction of text around."""
_CONTROL_BUT_LINES: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

CHATTY: Final = ("httpx2", "httpcore2", "httpx", "httpcore")
"""Libraries that log a line per request; the source's own line says it shorter."""


def redacted(text: str) -> str:
    """``[address]`` for anything like an e-mail address, ``[token]`` for what a signed link holds."""
    if "@" in text or "%40" in text:
        text = _ADDRESS.sub("[address]", text)
    return _TOKEN.sub(r"\1[token]", text)


def escaped(text: str, *, keep_lines: bool = False) -> str:
    r"""Control characters as ``\n``, ``\x1b`` …, so that a value can't forge a line or talk to a terminal."""
    pattern = _CONTROL_BUT_LINES if keep_lines else _CONTROL
    return pattern.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class TextFormatter(logging.Formatter):
    """One line each; a traceback follows, indented. Times are UTC.

    Leave ``timestamp`` off where the service manager stamps the lines itself.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = ""

    def __init__(self, *, timestamp: bool, addresses: bool = False) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s" if timestamp else "%(levelname)s %(message)s")
        self._addresses = addresses

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (as logging names it)
        return escaped(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's formatter may have kept its own
        text = super().format(record)
        first, *rest = text.split("\n")
        text = "\n".join([first, *(f"  {escaped(line)}" for line in rest)])
        return text if self._addresses else redacted(text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line. ``key=value`` pairs of a message are fields too, numbers as numbers."""

    def __init__(self, *, addresses: bool = False) -> None:
        super().__init__()
        self._addresses = addresses

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        told: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record, message),
        }
        told |= {name: value for name, value in _fields(message).items() if name not in told}
        told["message"] = self._clean(message)
        if record.exc_info:
            told["exception"] = self._clean(self.formatException(record.exc_info))
        if record.stack_info:
            told["stack"] = self._clean(self.formatStack(record.stack_info))
        clean = {name: self._clean(value) if isinstance(value, str) else value for name, value in told.items()}
        return json.dumps(clean, ensure_ascii=True)

    def _clean(self, text: str) -> str:
        """JSON escapes what could end the line by itself."""
        return text if self._addresses else redacted(text)


def _event(record: logging.LogRecord, message: str) -> str:
    """What kind of line it is, without what differs from one to the next: its words before the first field."""
    template = record.msg if isinstance(record.msg, str) and record.msg != "%s" else message
    words = re.split(r"\s*(?:[a-z][a-z0-9_]{0,40}=|[:(]|%)", template[:200], maxsplit=1)[0].strip()
    fields = _fields(message)
    return words or next(iter(fields), record.name)


def _fields(message: str) -> Mapping[str, object]:
    return {name: _value(text) for name, text in _FIELD.findall(message)}


def _value(text: str) -> object:
    if text[:1] in {"'", '"'}:
        return text[1:-1]
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    if re.fullmatch(r"-?\d{1,15}\.\d{1,9}", text):
        return float(text)
    return text


def log_to_stderr(form: Form, level: int, *, addresses: bool = False, timestamp: bool = True) -> None:
    """Send the log to standard error; replaces what was set up before. Other people's libraries from INFO on."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter(addresses=addresses)
        if form == "json"
        else TextFormatter(timestamp=timestamp, addresses=addresses)
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
    logging.getLogger("digest").setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
