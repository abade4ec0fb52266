"""Readers' answers by mail → feedback, if the mail proves that it may speak for the reader.

A link carries the delivery's signed token; a reply carries our Message-ID, which nobody can guess who was not sent the
mail, and must come from the reader's own address. What does neither is refused, with the reason, and changes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from digest.answers import Answer, Command, read_answer
from digest.editions.recipe import Recipe
from digest.errors import NotFound
from digest.feedback import Feedback, Origin, about_pick
from digest.keyring import KeyRing
from digest.model import EditionKey, Pick
from digest.pipeline.rooms import Rooms
from digest.store.outbox.suppression import canonical_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one mail: the reader and what was noted for them, or why it was refused."""

    reader: str | None = None
    noted: tuple[Feedback, ...] = ()
    refused: str = ""


def take_answer(rooms: Rooms, ring: KeyRing, data: bytes) -> Taken:
    """Note what one mail asks for. The same mail twice changes nothing the second time."""
    try:
        answer = read_answer(data)
    except ValueError as error:
        return Taken(refused=str(error))
    if answer.by_machine:
        return Taken(refused="an automatic answer says nothing")
    if not answer.commands:
        return Taken(refused="nothing in it that is understood; write for example: more 3")
    found = _edition(rooms, ring, answer)
    if isinstance(found, str):
        return Taken(refused=found)
    picks = picks_of(rooms, found)
    if picks is None:
        return Taken(reader=found.subscriber_id, refused=f"the mail of {found.date} is not on record any more")
    noted, wrong = [], []
    for command in answer.commands:
        said = _said(command, picks, rooms.clock())
        if said is None:
            wrong.append(f"there is no number {command.place} in the mail of {found.date}")
        else:
            noted.append(rooms.feedback.give(found.subscriber_id, said))
    return Taken(reader=found.subscriber_id, noted=tuple(noted), refused="; ".join(wrong))


def _edition(rooms: Rooms, ring: KeyRing, answer: Answer) -> EditionKey | str:
    """Which edition an answer is about and may speak of, or why not."""
    if answer.token is not None:
        return ring.verify(answer.token) or "the link in it is forged or torn"
    for message_id in answer.in_reply_to:
        if (key := rooms.outbox.edition_of(message_id)) is None:
            continue
        try:
            reader = rooms.subscribers.get(key.subscriber_id).subscriber
        except NotFound:
            return "its reader is gone"
        if canonical_address(answer.sender) != canonical_address(reader.email):
            return f"it answers a mail to {key.subscriber_id}, but comes from another address"
        return key
    return "it answers no mail of ours"


def picks_of(rooms: Rooms, key: EditionKey) -> tuple[Pick, ...] | None:
    """What a mail carried, in its order; None if that is not on record any more."""
    replay = rooms.outbox.replay(key.subscriber_id, key.date)
    return Recipe.from_bytes(replay.recipe).picks if replay else None


def _said(command: Command, picks: tuple[Pick, ...], now: dt.datetime) -> Feedback | None:
    if command.place is None:
        return Feedback(verb=command.verb, subject=command.subject, origin=Origin.MAIL, given_at=now)
    if not 1 <= command.place <= len(picks):
        return None
    return about_pick(command.verb, picks[command.place - 1], origin=Origin.MAIL, now=now)
