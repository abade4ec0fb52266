"""A sender as its own process, for tests that kill it: ``python -m tests.support.send_driver URL PORT [PORT…]``.

The first port is the first relay, the others stand in for it.

FAIL_POINT=WHEN:METHOD[:N] ends the process with SIGKILL ``before`` or ``after`` the N-th commit of that method of the
outbox. The product has no such switch; it lives here.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
from collections.abc import Collection, Sequence

from digest.delivery.relays import Relay
from digest.delivery.sender import drain
from digest.delivery.settings import SmtpSettings
from digest.delivery.smtp import SmtpTransport
from digest.settings.mail import MailConfig, TlsMode
from digest.store.database import Database
from digest.store.outbox import AttemptResult, ClaimedDelivery, Outbox, Window
from tests.support.outbox_rows import NOW, message_for


class Mortal(Outbox):
    def __init__(self, db: Database, fail_point: str) -> None:
        super().__init__(db)
        self._when, _, rest = fail_point.partition(":")
        self._method, _, number = rest.partition(":")
        self._number = int(number or 1)
        self._calls = 0

    def _perhaps_die(self, when: str, method: str) -> None:
        if method != self._method:
            return
        if when == "before":
            self._calls += 1
        if when == self._when and self._calls == self._number:
            os.kill(os.getpid(), signal.SIGKILL)

    def claim_ready(
        self, limit: int, *, now: dt.datetime, lease_s: float, trial: bool, without: Collection[str] = ()
    ) -> list[ClaimedDelivery]:
        self._perhaps_die("before", "claim_ready")
        claimed = super().claim_ready(limit, now=now, lease_s=lease_s, trial=trial, without=without)
        self._perhaps_die("after", "claim_ready")
        return claimed

    def advance(
        self, results: Sequence[AttemptResult], windows: Sequence[Window], *, now: dt.datetime
    ) -> frozenset[int]:
        self._perhaps_die("before", "advance")
        marked = super().advance(results, windows, now=now)
        self._perhaps_die("after", "advance")
        return marked

    def release(self, ids: Collection[int], lease_token: str, *, now: dt.datetime, reason: str | None = None) -> int:
        self._perhaps_die("before", "release")
        released = super().release(ids, lease_token, now=now, reason=reason)
        self._perhaps_die("after", "release")
        return released


def main() -> None:
    url, *ports = sys.argv[1:]
    connections, window = int(os.environ.get("CONNECTIONS", "2")), int(os.environ.get("WINDOW", "3"))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    config = MailConfig(
        connections=connections,
        window=window,
        per_second=float(os.environ["PER_SECOND"]) if "PER_SECOND" in os.environ else None,
    )
    transports = [SmtpTransport(SmtpSettings(host="127.0.0.1", port=int(port), tls=TlsMode.NONE)) for port in ports]
    report = drain(
        Mortal(Database(url), os.environ.get("FAIL_POINT", "")),
        lambda: [Relay.of(transport, config) for transport in transports],
        message_for,
        config=config,
        clock=lambda: NOW,
        stop=stop,
    )
    print(report.sent)


if __name__ == "__main__":
    main()
