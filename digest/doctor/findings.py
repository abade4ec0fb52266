"""What a check gives: a verdict, what was seen, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    HINT = "hint"
    """It works, but is probably not what was meant, or will not for long."""
    PROBLEM = "problem"
    """Somebody does not get what they should."""
    UNKNOWN = "unknown"
    """Could not be looked at; ``said`` tells why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``about`` is what was looked at: ``database``, ``source arxiv``, ``mail account``."""

    about: str
    verdict: Verdict
    said: str
    advice: str = ""
    """What to do, in the imperative; empty when there is nothing to be done."""


def ok(about: str, said: str) -> Finding:
    return Finding(about, Verdict.OK, said)


def hint(about: str, said: str, advice: str) -> Finding:
    return Finding(about, Verdict.HINT, said, advice)


def problem(about: str, said: str, advice: str) -> Finding:
    return Finding(about, Verdict.PROBLEM, said, advice)


def unknown(about: str, said: str, advice: str = "") -> Finding:
    return Finding(about, Verdict.UNKNOWN, said, advice)
