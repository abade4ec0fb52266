"""How often one network may do something: the generic cell rate algorithm, in this process's memory.

GCRA (ITU-T I.371, annex A) keeps one instant per key: when the bucket would be empty again. What must hold over
restarts and processes (how many mails an address may be sent) is not here but in the store, beside what it counts.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``burst`` at once and ``per_hour`` in the long run, for each client's network."""

    name: str
    per_hour: float
    burst: int


class Limiter:
    """Counts by limit and client. The least recently seen is forgotten beyond ``most`` keys."""

    def __init__(self, *, most: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._empty_at: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._most, self._clock = most, clock

    def wait_s(self, limit: Limit, client: str) -> float:
        """0 if it may be done now, and then it counts; else the seconds until it may."""
        now, step = self._clock(), 3600 / limit.per_hour
        key = (limit.name, network_of(client))
        empty_at = max(self._empty_at.get(key, now), now) + step
        if (wait := empty_at - now - limit.burst * step) > 1e-9:
            return wait
        self._empty_at[key] = empty_at
        self._empty_at.move_to_end(key)
        if len(self._empty_at) > self._most:
            self._empty_at.popitem(last=False)
        return 0.0


def network_of(client: str) -> str:
    """Who counts as one client: an IPv4 address, or an IPv6 /64, which is what one customer gets (RFC 6177)."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
