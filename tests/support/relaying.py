"""Sending to loopback servers through relays, with the time-outs of a test."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence

from digest.delivery.relays import Relay
from digest.delivery.report import DrainReport
from digest.delivery.sender import drain
from digest.delivery.settings import SmtpSettings, Timeouts
from digest.delivery.smtp import SmtpTransport
from digest.settings.mail import MailConfig, TlsMode
from digest.store.outbox import Outbox
from tests.support.outbox_rows import NOW, message_for

QUICK = Timeouts(connect_s=1, command_s=1, stall_s=1, dot_s=1, quit_s=0.2)


def relay(port: int, **limits: object) -> Relay:
    settings = SmtpSettings(host="127.0.0.1", port=port, tls=TlsMode.NONE, timeouts=QUICK)
    return Relay(transport=SmtpTransport(settings), **limits)  # type: ignore[arg-type]  # each test names its limits


def send(
    outbox: Outbox, relays: Sequence[Relay], *, clock: Callable[[], dt.datetime] = lambda: NOW, **config: object
) -> DrainReport:
    return drain(
        outbox,
        lambda: relays,
        message_for,
        config=MailConfig.model_validate(config),
        clock=clock,
        stop=threading.Event(),
        jitter=lambda: 0.5,
    )
