"""All checks, in the order of the report. Each is a pure function: what was seen → what is to be said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from digest.doctor.account import mail_account
from digest.doctor.findings import Finding
from digest.doctor.installation import configuration, operator
from digest.doctor.patient import Patient
from digest.doctor.providers import clock, keyless, providers
from digest.doctor.standing import bounces, dkim, dmarc, one_click, reverse, spf, tls
from digest.doctor.storage import database, disk
from digest.doctor.writer import writer

Check = Callable[[Patient], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    *(configuration, operator, database, disk, clock, providers, keyless, writer),
    *(mail_account, tls, spf, dkim, dmarc, reverse, bounces, one_click),
)


def diagnose(patient: Patient) -> tuple[Finding, ...]:
    """Every finding of every check."""
    return tuple(finding for check in CHECKS for finding in check(patient))
