"""Configuration and readers, as `digest check` sees them, and what the profile asks of whoever runs this."""

from __future__ import annotations

from collections.abc import Iterator

from digest.doctor.findings import Finding, hint, ok, problem
from digest.doctor.patient import Patient, Profile
from digest.errors import Problem

ABOUT = "configuration"


def configuration(patient: Patient) -> Iterator[Finding]:
    """One line for each problem and hint; one line if there is neither."""
    found = patient.checkup
    for each in found.problems:
        yield problem(ABOUT, str(each), "mend it; `digest check` says when it is right")
    hints = [each for each in found.hints if not _told_elsewhere(each)]
    for each in hints:
        yield hint(ABOUT, str(each), "")
    if not found.problems and not hints:
        yield ok(ABOUT, f"in order, with {found.readers} reader{'' if found.readers == 1 else 's'}")


def _told_elsewhere(each: Problem) -> bool:
    """The checks of the mail account and of the providers say it, and more."""
    return each.key == "mail.transport" or each.message.startswith("is off: it needs a ")


def operator(patient: Patient) -> Iterator[Finding]:
    """Which profile it is judged by; a public service needs somebody to write to."""
    if patient.config is None:
        return
    site = patient.config.site
    if patient.profile is Profile.PERSONAL:
        yield ok("profile", "personal: no web pages, unsubscribing by mail")
    elif site.contact:
        yield ok("profile", f"public, at {site.public_url}")
    else:
        yield problem(
            "profile",
            f"public, at {site.public_url}, but strangers have nobody to write to",
            "set site.contact to an address that is read",
        )
