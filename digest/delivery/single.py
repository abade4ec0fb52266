"""One message to one person, outside the outbox: tests of an account, letters, reports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from digest.delivery.advice import advice
from digest.delivery.base import Transport
from digest.delivery.relays import Relay
from digest.delivery.replies import Outcome, Reply, classify
from digest.errors import TransportError
from digest.model import DeliveryState, Envelope


async def send_through(transport: Transport, envelope: Envelope) -> Reply:
    """The last reply of one transaction. Raises RelayError if no session can be had."""
    session = await transport.open()
    try:
        return await session.send(envelope)
    finally:
        await session.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one message: ``reply`` where a server said yes, else ``failure``."""

    outcome: Outcome
    reply: Reply | None = None
    failure: TransportError | None = None


def try_one(relays: Sequence[Relay], envelope: Envelope) -> Tried:
    """Send over the first relay that can be used.

    Only a relay that certainly did not take the message hands it on to the next.
    """
    tried = _unusable(TransportError("there is no relay", "set mail.transport: smtp and mail.server"))
    for relay in relays:
        try:
            reply = asyncio.run(send_through(relay.transport, envelope))
        except TransportError as error:
            tried = _unusable(error)
            continue
        outcome = classify(reply)
        if outcome.state is DeliveryState.ACCEPTED:
            return Tried(outcome=outcome, reply=reply)
        failure = TransportError(f"{relay.name}: {reply.phase}: {reply}", advice(reply))
        tried = Tried(outcome=outcome, failure=failure)
        if not (outcome.relay_fault or outcome.lost):
            break
    return tried


def send_one(relays: Sequence[Relay], envelope: Envelope) -> Reply:
    """Send over the first relay that can be used, and return the accepting reply.

    Raises:
        TransportError: with what the last relay said, where none accepted the message.
    """
    tried = try_one(relays, envelope)
    if tried.reply is None:
        raise tried.failure or TransportError(tried.outcome.reason)
    return tried.reply


def _unusable(error: TransportError) -> Tried:
    outcome = Outcome(state=DeliveryState.READY, reason=str(error), relay_fault=True)
    return Tried(outcome=outcome, failure=error)
