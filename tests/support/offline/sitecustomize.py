"""Loaded by every Python process that a test starts through tests/support/world.py: whoever asks for an address beyond
this machine is refused, and the attempt is on record in $OFFLINE_LOG."""

from __future__ import annotations

import ipaddress
import os
import sys

LOCAL = {"localhost", "", None}


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in LOCAL or not isinstance(host, str):
        return True  # no host at all is a local socket
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False  # a name would have to be asked for


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        with open(os.environ["OFFLINE_LOG"], "a", encoding="utf-8") as log:  # noqa: PTH123 - keeps every start quick
            log.write(f"{event} {host}\n")
        raise ConnectionRefusedError(f"the tests stay on this machine, and {host} is not on it")


if "OFFLINE_LOG" in os.environ:
    sys.addaudithook(_watch)
