"""The values that flow through the program, one kind per stage, one module per stage; imported from here.

    Entry ──catalog──▶ Paper ──ranking──▶ Pick ──editions──▶ Message ──delivery──▶ Delivery

Everything here is frozen: a stage takes one kind and returns the next. All instants are aware UTC datetimes,
all calendar dates are local to a reader. Nothing in this package does I/O.
"""

from __future__ import annotations

from digest.model.deliveries import OPEN_STATES, RELEASING_STATES, DeliveryState, EditionKey, Envelope
from digest.model.identity import Identifier, Scheme
from digest.model.letters import QUESTIONS, Letter
from digest.model.membership import Act, Consent, Evidence, Joined, JoinOutcome, ReaderState
from digest.model.papers import Fact, Highlight, Observation, Paper, Summary
from digest.model.ranking import Attention, Decision, DecisionKind, Part, PartKind, Pick, Section, Selection, Verdict
from digest.model.sources import (
    AnnounceType,
    Batch,
    Entry,
    Reading,
    Rejection,
    Signal,
    SourceReport,
    SourceStatus,
    TurnRefused,
    Validators,
    Withdrawal,
)
from digest.model.subscribers import Frequency, Lane, MailLayout, Mute, QuietDay, SendTimes, Subscriber

__all__ = [
    "OPEN_STATES",
    "QUESTIONS",
    "RELEASING_STATES",
    "Act",
    "AnnounceType",
    "Attention",
    "Batch",
    "Consent",
    "Decision",
    "DecisionKind",
    "DeliveryState",
    "EditionKey",
    "Entry",
    "Envelope",
    "Evidence",
    "Fact",
    "Frequency",
    "Highlight",
    "Identifier",
    "JoinOutcome",
    "Joined",
    "Lane",
    "Letter",
    "MailLayout",
    "Mute",
    "Observation",
    "Paper",
    "Part",
    "PartKind",
    "Pick",
    "QuietDay",
    "ReaderState",
    "Reading",
    "Rejection",
    "Scheme",
    "Section",
    "Selection",
    "SendTimes",
    "Signal",
    "SourceReport",
    "SourceStatus",
    "Subscriber",
    "Summary",
    "TurnRefused",
    "Validators",
    "Verdict",
    "Withdrawal",
]
