"""Sources, signals, and the clock that their answers tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from statistics import median

from digest.attention import SIGNAL_PREFIX
from digest.config import off_for_want_of_a_key
from digest.doctor.findings import Finding, hint, ok, problem, unknown
from digest.doctor.patient import Contact, Patient
from digest.model import SourceStatus
from digest.settings.signals import signals_without_a_key
from digest.sources.pace import in_words

STALE = dt.timedelta(hours=36)
"""Without a good reading for so long, papers of an announcement may be missing from a mail."""
LOST = dt.timedelta(days=5)
"""Feeds hold a day, and a back-fill of some days may have gaps."""
CLOCK_HINT_S, CLOCK_PROBLEM_S = 5.0, 120.0
"""A Date header has whole seconds and is some tenths old; a synchronised clock is off by milliseconds."""
GOOD = frozenset({SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET})
OFFLINE = "not asked: offline was wanted"


def providers(patient: Patient) -> Iterator[Finding]:
    """Each source and signal that is on: does it answer, and when was it last read?"""
    if patient.config is None:
        yield unknown("sources", "not looked at: the configuration does not say which")
        return
    if patient.unbuilt is not None:
        yield problem("sources", patient.unbuilt, "mend it in config.yaml")
        return
    if not any(not name.startswith(SIGNAL_PREFIX) for name in patient.sources):
        yield problem("sources", "none is on, so there is nothing to send", "turn one on: sources.arxiv: true")
    contacts = {name: contact for contact in patient.contacts for name in contact.place.names}
    for name in patient.sources:
        about = name if name.startswith(SIGNAL_PREFIX) else f"source {name}"
        read = _read(patient, name, about)
        unreached = _unreached(patient, about, contacts.get(name))
        if unreached is not None:
            yield unreached
        if read.advice or unreached is None:
            yield read


def _unreached(patient: Patient, about: str, contact: Contact | None) -> Finding | None:
    """What to say where nobody answered; None where somebody did, or there is nobody to ask (files, plug-ins)."""
    if patient.offline and contact is None:
        return None
    if contact is None or contact.failure is None:
        return None
    if contact.waits:
        return unknown(about, contact.failure, "wait; it is asked again by itself")
    if not any(other.failure is None for other in patient.contacts):
        return unknown(about, contact.failure, "see whether this machine has a network at all")
    return problem(about, contact.failure, "try its address in a browser; if it moved, set its url in config.yaml")


def _read(patient: Patient, name: str, about: str) -> Finding:
    """When it was last read, and how that went."""
    store = patient.store
    if store is None or store.health is None or not store.health.current:
        return unknown(about, "on; when it was last read, nobody can say without a database")
    last, latest = store.last_success.get(name), store.latest.get(name)
    if last is None and latest is None:
        return hint(about, "on, but never read", "run `digest ingest`, or leave `digest daemon` running")
    failure = latest.error if latest is not None and latest.status not in GOOD else None
    if last is None:
        return problem(about, f"never read without a fault: {failure or 'no reading of late'}", "see `digest sources`")
    age = patient.now - last
    said = f"last read {in_words(age.total_seconds())} ago" + (f"; since then: {failure}" if failure else "")
    if age > LOST and not name.startswith(SIGNAL_PREFIX):
        return problem(about, said, _again(failure))
    if age > STALE or failure:
        return hint(about, said, _again(failure))
    return ok(about, said)


def _again(failure: str | None) -> str:
    if failure:
        return "see `digest sources`; it is asked again by itself"
    return "run `digest ingest`, or see whether `digest daemon` is running"


def keyless(patient: Patient) -> Iterator[Finding]:
    """What is off: for want of a key, or because nobody has named it."""
    config = patient.config
    if config is None:
        return
    for name in off_for_want_of_a_key(config.sources):
        yield hint(f"source {name}", "off: it needs a key", f"sources.{name}.key: {{env: {name.upper()}_API_KEY}}")
    for name, key in signals_without_a_key(config.signals):
        about = SIGNAL_PREFIX + name.replace("_", "-")
        yield hint(about, f"off: it needs a {key}", f"signals.{name}.{key}: {{env: {name.upper()}_{key.upper()}}}")
    for section, settings in (("sources", config.sources), ("signals", config.signals)):
        if off := [name for name, value in settings if value is None]:
            yield ok(section, f"off: {', '.join(off)} (docs/{section}.md says what each needs)")


def clock(patient: Patient) -> Iterator[Finding]:
    """This machine's clock against the Date of those who answered; the median, for one of them may be wrong itself."""
    told = [contact.clock_ahead_s for contact in patient.contacts if contact.clock_ahead_s is not None]
    if not told:
        if patient.config is not None:
            yield unknown("clock", OFFLINE if patient.offline else "nobody answered who could tell the time")
        return
    ahead_s = median(told)
    off = f"{in_words(abs(ahead_s))} {'behind' if ahead_s > 0 else 'ahead of'} what {_counted(len(told))}"
    if abs(ahead_s) < CLOCK_HINT_S:
        yield ok("clock", f"right to within {CLOCK_HINT_S:g} s, by {_counted(len(told))}")
    elif abs(ahead_s) < CLOCK_PROBLEM_S:
        yield hint("clock", f"{off} say", "turn on time synchronisation: timedatectl set-ntp true")
    else:
        advice = "turn on time synchronisation (timedatectl set-ntp true): mails go at wrong times, certificates fail"
        yield problem("clock", f"{off} say", advice)


def _counted(number: int) -> str:
    return f"{number} web server{'' if number == 1 else 's'}"
