"""The database and the disk below it."""

from __future__ import annotations

from collections.abc import Iterator

from digest.doctor.findings import Finding, hint, ok, problem, unknown
from digest.doctor.patient import Patient, StoreState
from digest.store.health import CHECK_WITHIN_S, StoreHealth

FULL = 100_000_000
"""Bytes below which a day's work may not fit any more."""
SCARCE = 1_000_000_000
DATABASE, DISK, FORECAST = "database", "disk", "forecast"


def database(patient: Patient) -> Iterator[Finding]:
    store = patient.store
    if store is None:
        yield unknown(DATABASE, "not looked at: the configuration does not say where it is")
    elif not store.exists:
        yield hint(DATABASE, f"{store.name} is not there yet", "run `digest ingest`, which makes it")
    elif store.failure is not None or store.health is None:
        yield problem(DATABASE, store.failure or "not to be opened", "see what the message advises")
    else:
        yield from _health(store, store.health)


def _health(store: StoreState, health: StoreHealth) -> Iterator[Finding]:
    if health.revision is None:
        yield hint(DATABASE, f"{store.name} is empty", "run `digest ingest`, which fills it")
        return
    if not health.current:
        yield problem(
            DATABASE,
            f"its schema is version {health.revision}, not this program's",
            "digest db upgrade: it upgrades, or says that the program is too old",
        )
    if health.refuses_writes:
        yield problem(DATABASE, f"takes no writes: {health.refuses_writes}", "let the user who runs digest write there")
    if health.damage:
        yield problem(
            DATABASE, f"is damaged: {health.damage}", "stop digest, and restore the last backup: digest db restore FILE"
        )
    if health.journal not in (None, "wal"):
        yield hint(
            DATABASE,
            f"journals as {health.journal} instead of wal, so readers and writers wait for each other",
            "keep it on a local disk; network file systems cannot share a write-ahead log",
        )
    if health.current and not health.refuses_writes and not health.damage:
        size = f", {_size(store.size)}" if store.size else ""
        yield ok(DATABASE, f"{store.name} opens, takes writes, and has the current schema{size}")
        if health.journal is not None and health.damage is None:
            yield unknown(
                DATABASE,
                f"its integrity: the check had not ended after {CHECK_WITHIN_S:g} s",
                "in a quiet hour: digest db check",
            )
    if store.learnt:
        yield ok(FORECAST, store.learnt)


def disk(patient: Patient) -> Iterator[Finding]:
    """Space beside a database in a file; that of a server is the server's affair."""
    store = patient.store
    if store is None or store.free is None:
        return
    said = f"{_size(store.free)} free beside the database"
    if store.free < FULL:
        yield problem(DISK, said, "free some space: a full disk stops the mail")
    elif store.free < max(SCARCE, store.size or 0):
        yield hint(DISK, said, "free some space: a backup takes as much as the database")
    else:
        yield ok(DISK, said)


def _size(count: int) -> str:
    """Bytes as ``340 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
