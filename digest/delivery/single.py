"""One message to one person, outside the outbox: tests of an account, letters, reports."""

from __future__ import annotations

import asyncio

from digest.delivery.advice import advice
from digest.delivery.base import Transport
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


def send_one(transport: Transport, envelope: Envelope) -> Reply:
    """Send and return the accepting reply.

    Raises:
        TransportError: with what the server said, where it did not accept the message.
    """
    reply = asyncio.run(send_through(transport, envelope))
    if classify(reply).state is not DeliveryState.ACCEPTED:
        raise TransportError(f"{transport.name}: {reply.phase}: {reply}", advice(reply))
    return reply
