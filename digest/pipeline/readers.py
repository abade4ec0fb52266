"""Who the readers are, as their files say now, and the store for those that live there alone."""

from __future__ import annotations

from collections.abc import Sequence

from digest.config import Config
from digest.errors import NotFound
from digest.model import ReaderState, Subscriber
from digest.pipeline.rooms import Rooms
from digest.subscribers import load_subscribers


def readers(rooms: Rooms, config: Config, only: Sequence[str] = ()) -> tuple[Subscriber, ...]:
    """The readers of a configuration's files, and those that live in the store alone, by id; paused ones left out.

    Raises:
        NotFound: one of ``only`` (ids or addresses) is no reader.
    """
    files = [loaded.subscriber for loaded in load_subscribers(config.subscribers).good if not loaded.paused]
    declared = {subscriber.id for subscriber in files}
    stored = [
        known.subscriber
        for known in rooms.subscribers.all()
        if known.state == ReaderState.ACTIVE and known.origin == "store" and known.subscriber.id not in declared
    ]
    everyone = sorted([*files, *stored], key=lambda subscriber: subscriber.id)
    if not only:
        return tuple(everyone)
    for name in only:
        if not any(name in (subscriber.id, subscriber.email) for subscriber in everyone):
            raise NotFound(f"no reader {name!r} in {config.subscribers}")
    return tuple(one for one in everyone if one.id in only or one.email in only)


def reader_named(rooms: Rooms, config: Config, name: str) -> Subscriber:
    """A reader by id or address, with the settings of the file as it is now, even if it was never stored.

    Raises:
        NotFound: neither a file nor the store knows the reader.
    """
    declared = [loaded.subscriber for loaded in load_subscribers(config.subscribers).good]
    for subscriber in declared:
        if name in (subscriber.id, subscriber.email):
            return subscriber
    return rooms.subscribers.get(name, declared=[one.id for one in declared]).subscriber
