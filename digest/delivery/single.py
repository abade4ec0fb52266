"""One message to one person, outside the outbox: tests of an account, letters, reports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from digest.delivery.advice import advice
from digest.delivery.base import Transport
from digest.delivery.relays import Relay
from digest.delivery.replies import Reply, classify
from digest.errors import TransportError
from digest.model import DeliveryState, Envelope


async def send_through(transport: Transport, envelope: Envelope) -> Reply:
    """The last reply of one transaction. Raises RelayError if no session can be had."""
    session = await transport.open()
    try:
        return await session.send(envelope)
    finally:
        await session.close()


def send_one(relays: Sequence[Relay], envelope: Envelope) -> Reply:
    """Send over the first relay that can be used, and return the accepting reply.

    Only a relay that certainly did not take the message hands it on to the next.

    Raises:
        TransportError: with what the last relay said, where none accepted the message.
    """
    failure = TransportError("there is no relay", "set mail.transport: smtp and mail.server")
    for relay in relays:
        try:
            reply = asyncio.run(send_through(relay.transport, envelope))
        except TransportError as error:
            failure = error
            continue
        outcome = classify(reply)
        if outcome.state is DeliveryState.ACCEPTED:
            return reply
        failure = TransportError(f"{relay.name}: {reply.phase}: {reply}", advice(reply))
        if not (outcome.relay_fault or outcome.lost):
            break
    raise failure
