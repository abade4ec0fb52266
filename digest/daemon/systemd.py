"""Telling the service manager how we are: systemd's notification protocol, which is one datagram to a socket.

Source: sd_notify(3), https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html. Without ``$NOTIFY_SOCKET``
(launchd, a terminal, cron) nothing happens.
"""

from __future__ import annotations

import logging
import os
import socket
import time

log = logging.getLogger(__name__)


def notify(**state: str) -> None:
    """Send assignments such as ``READY="1"`` or ``STATUS="next: ada"``. Never raises: nobody listening is no fault."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    lines = "\n".join(f"{key}={' '.join(value.split())}" for key, value in state.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)) as manager:
            manager.connect("\0" + address[1:] if address.startswith("@") else address)
            manager.send(lines.encode())
    except OSError as error:
        log.debug("service manager does not listen: %s", error)


def reloading() -> None:
    """Begin a reload; end it with ``notify(READY="1")``. The time stamp is what ``Type=notify-reload`` waits for."""
    notify(RELOADING="1", MONOTONIC_USEC=str(time.monotonic_ns() // 1000))


def watchdog_s() -> float | None:
    """Seconds within which the manager wants a ``WATCHDOG=1``, None if it does not watch this process."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    usec = os.environ.get("WATCHDOG_USEC", "")
    return int(usec) / 1e6 if usec.isascii() and usec.isdigit() and int(usec) > 0 else None
