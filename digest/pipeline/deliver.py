"""Ready deliveries → SMTP (or files), through the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from digest.delivery.relays import Relay
from digest.delivery.report import DrainReport
from digest.delivery.sender import drain
from digest.editions.fragments import Fragment
from digest.editions.recipe import Recipe, assemble
from digest.model import Envelope
from digest.pipeline.rooms import Rooms
from digest.store.outbox import ClaimedDelivery


class Renderer:
    """Makes the bytes of a claimed delivery from its recipe; cards and shells are loaded once."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._fragments: dict[str, Fragment] = {}

    def __call__(self, delivery: ClaimedDelivery) -> Envelope:
        recipe = Recipe.from_bytes(delivery.recipe)
        missing = [name for name in recipe.hashes if name not in self._fragments]
        if missing:
            loaded = self._rooms.fragments.get(missing)
            self._fragments.update({name: Fragment.load(data, name) for name, data in loaded.items()})
        return Envelope(
            delivery_id=delivery.id,
            sender=recipe.sender,
            recipient=delivery.recipient,
            message_id=delivery.message_id,
            data=assemble(recipe, self._fragments),
        )


def deliver(
    rooms: Rooms,
    *,
    relays: Callable[[], Sequence[Relay]],
    stop: threading.Event,
    progress: Callable[[int], None] = lambda done: None,
) -> DrainReport:
    """Send everything that is ready, and what was deferred until now."""
    return drain(
        rooms.outbox,
        relays,
        Renderer(rooms),
        config=rooms.config.mail,
        clock=rooms.clock,
        stop=stop,
        progress=progress,
    )
