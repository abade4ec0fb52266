"""Whose lease it is. A token names its process, so that a killed one is known at once on its own machine.

A lease must outlive the longest SMTP transaction, some twenty minutes; without this, whoever kills a sender waits that
long for its deliveries, and whoever kills a reader waits for its turn at a provider. A process of another machine,
container or boot is never judged: its lease ends by time alone. Where there is no /proc (not Linux), all leases do.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_NUMBERS = itertools.count(secrets.randbits(32))


def new_token() -> str:
    """32 hexadecimal digits that no other claim will ever have: machine, process, its start, number."""
    pid = os.getpid()
    return f"{machine()}{pid & 0xFFFFFFFF:08x}{_started(pid) or 0:08x}{next(_NUMBERS) & 0xFFFFFFFF:08x}"


def is_dead(token: str) -> bool:
    """True if the token's process was of this machine, boot and process namespace, and is gone for certain."""
    if len(token) != 32 or not token.startswith(machine()) or not _known():
        return False
    pid, started = int(token[8:16], 16), int(token[16:24], 16)
    return _started(pid) != started


@cache
def machine() -> str:
    """8 hexadecimal digits for this boot and process namespace; random ones where that cannot be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()
        namespace = str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return secrets.token_hex(4)
    return hashlib.blake2b(f"{boot}{namespace}".encode(), digest_size=4).hexdigest()


@cache
def _known() -> bool:
    return _started(os.getpid()) is not None


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since the boot (proc(5), stat field 22), 32 bits; None if it is gone.

    A zombie has ended too: nothing will come of it any more.
    """
    try:
        # The command's name, in parentheses, may itself hold spaces and parentheses.
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19]) & 0xFFFFFFFF
