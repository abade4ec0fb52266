"""Ready deliveries → SMTP (or files), through the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from digest.delivery.relays import Relay
from digest.delivery.report import DrainReport
from digest.delivery.sender import drain
from digest.editions.fragments import Fragment
from digest.editions.recipe import ToSend, assemble
from digest.model import Envelope
from digest.pipeline.chronicle import Chronicle
from digest.pipeline.postmark import Postmark
from digest.pipeline.rooms import Rooms
from digest.store.outbox import ClaimedDelivery


class Renderer:
    """Makes the bytes of a claimed delivery from its recipe; cards and shells are loaded once."""

    def __init__(
        self,
        rooms: Rooms,
        postmark: Postmark,
        *,
        note: Callable[[ClaimedDelivery, Sequence[int]], None] | None = None,
    ) -> None:
        """``note`` is told of each delivery that is rendered, with the papers in it."""
        self._rooms, self._postmark, self._note = rooms, postmark, note
        self._fragments: dict[str, Fragment] = {}

    def __call__(self, delivery: ClaimedDelivery) -> Envelope:
        message, paper_ids = ToSend.from_bytes(delivery.recipe)
        if self._note is not None:
            self._note(delivery, paper_ids)
        missing = [name for name in message.hashes if name not in self._fragments]
        if missing:
            loaded = self._rooms.fragments.get(missing)
            self._fragments.update({name: Fragment.load(data, name) for name, data in loaded.items()})
        return self._postmark.envelope(
            message,
            assemble(message, self._fragments),
            now=self._rooms.clock(),
            delivery_id=delivery.id,
            recipient=delivery.recipient,
        )


def deliver(
    rooms: Rooms,
    *,
    relays: Callable[[], Sequence[Relay]],
    postmark: Postmark,
    stop: threading.Event,
    progress: Callable[[int], None] = lambda done: None,
    chronicle: Chronicle | None = None,
) -> DrainReport:
    """Send everything that is ready, and what was deferred until now; ``chronicle`` writes the accepted journal."""
    return drain(
        rooms.outbox,
        relays,
        Renderer(rooms, postmark, note=chronicle.note if chronicle else None),
        config=rooms.config.mail,
        clock=rooms.clock,
        stop=stop,
        progress=progress,
        around=chronicle.around if chronicle else nullcontext,
    )
