"""What an operator sees of a running service: the port for Prometheus, and how the log is written."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator

from digest.settings.validation import Section


class ListenAddress(NamedTuple):
    """A host, as an address or a name, and a port."""

    host: str
    port: int


def _listen(value: object) -> object:
    if not isinstance(value, str):
        return value
    told = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):(\d{1,5})", value.strip())
    if told is None or not 0 < int(told[3]) < 65_536:
        raise ValueError(f"{value!r} is no address to listen at; write 127.0.0.1:9464 or [::1]:9464")
    return ListenAddress(told[1] or told[2], int(told[3]))


class MetricsConfig(Section):
    listen: Annotated[ListenAddress | None, BeforeValidator(_listen)] = None
    """Where the daemon answers Prometheus, and `/healthz`; off until it is set."""


class LogConfig(Section):
    """`digest daemon` and `digest serve` write it to standard error; other commands only with `-v`."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
    addresses: bool = False
    """Show readers' e-mail addresses where a line has one; else each is `[address]`."""
