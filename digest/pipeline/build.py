"""Planned deliveries → ranked, composed, and ready to send; or skipped, with the reason on record."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from digest.editions.message import Composer
from digest.errors import StoreError
from digest.model import QuietDay, ReaderState, Selection, Subscriber
from digest.pipeline.desk import Desk
from digest.pipeline.rooms import Rooms
from digest.pipeline.writing import Writer
from digest.store.outbox import Built, PlannedDelivery

logger = logging.getLogger(__name__)

BATCH = 200
"""Editions built per round: one matrix product, one transaction."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    built: int = 0
    skipped: int = 0
    failed: int = 0

    def __add__(self, other: BuildReport) -> BuildReport:
        return BuildReport(self.built + other.built, self.skipped + other.skipped, self.failed + other.failed)


def build(
    rooms: Rooms,
    *,
    composer: Callable[[], Composer],
    trial: bool,
    writer: Writer | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> BuildReport:
    """Build everything that is planned, and anew what waits with a paper that was withdrawn since.

    ``writer`` has summaries written for what is picked; None: the abstracts' own sentences do.

    Interrupted deliveries return to planned when their lease ends.
    """
    rooms.outbox.recall_withdrawn(rooms.clock())
    report, desk = BuildReport(), None
    while not stop():
        planned = rooms.outbox.claim_for_building(BATCH, now=rooms.clock(), trial=trial)
        if not planned:
            break
        if desk is None:
            desk = Desk(rooms, now=rooms.clock())
        report += _build_batch(rooms, desk, composer(), writer, planned)
    return report


def _build_batch(
    rooms: Rooms, desk: Desk, composer: Composer, writer: Writer | None, planned: Sequence[PlannedDelivery]
) -> BuildReport:
    known = rooms.subscribers.many([delivery.subscriber_id for delivery in planned])
    wanted: list[tuple[PlannedDelivery, Subscriber]] = []
    report = BuildReport()
    for delivery in planned:
        reader = known.get(delivery.subscriber_id)
        if reader is None or reader.state != ReaderState.ACTIVE:
            rooms.outbox.skipped(delivery.id, delivery.lease_token, "the reader is paused or gone", now=rooms.clock())
            report += BuildReport(skipped=1)
        else:
            wanted.append((delivery, reader.subscriber))
    subscribers = [subscriber for _, subscriber in wanted]
    sent = rooms.outbox.sent_paper_ids([subscriber.id for subscriber in subscribers])
    selections = list(desk.select(subscribers, sent))
    chosen = []
    for (delivery, subscriber), selection in zip(wanted, selections, strict=True):
        if not selection.picks and subscriber.quiet_day is QuietDay.SKIP:
            reason = selection.quiet_reason or "nothing above the threshold"
            rooms.outbox.skipped(delivery.id, delivery.lease_token, reason, now=rooms.clock())
            report += BuildReport(skipped=1)
        else:
            chosen.append((delivery, subscriber, selection))
    if writer is not None:
        _write(writer, desk, [selection for _, _, selection in chosen])
    return report + _compose(rooms, desk, composer, chosen, sent)


def _write(writer: Writer, desk: Desk, selections: Sequence[Selection]) -> None:
    """Have summaries written, first of the papers that most readers get. Whatever happens there, the mails go out."""
    readers = Counter(pick.paper_id for selection in selections for pick in selection.picks)
    try:
        writer.write(desk.papers([paper_id for paper_id, _ in readers.most_common()]))
    except StoreError:
        raise
    except Exception:  # the boundary per provider, as for sources and signals
        logger.exception("no summaries were written; the abstracts' own sentences are used")


def _compose(
    rooms: Rooms,
    desk: Desk,
    composer: Composer,
    chosen: Sequence[tuple[PlannedDelivery, Subscriber, Selection]],
    sent: Mapping[str, set[int]],
) -> BuildReport:
    built: list[Built] = []
    fragments: dict[str, bytes] = {}
    failed = 0
    contents = desk.contents(
        ((subscriber, selection, delivery.edition) for delivery, subscriber, selection in chosen),
        sent_at=rooms.clock(),
        sent=sent,
    )
    for (delivery, subscriber, _), content in zip(chosen, contents, strict=True):
        try:
            composed = composer.compose(content)
        except Exception as bug:  # the boundary per subscriber: one broken mail must not stop the others
            logger.exception("reader %s: the mail could not be made", subscriber.id)
            rooms.outbox.build_failed(
                delivery.id, delivery.lease_token, f"{type(bug).__name__}: {bug}", now=rooms.clock()
            )
            failed += 1
            continue
        fragments.update(composed.fragments)
        built.append(
            Built(
                delivery_id=delivery.id,
                lease_token=delivery.lease_token,
                recipe=composed.recipe.to_bytes(),
                message_id=composed.recipe.message_id,
                paper_ids=tuple(view.pick.paper_id for view in content.picks),
            )
        )
    # Fragments first: a delivery that is ready must find everything it is made from.
    rooms.fragments.put(fragments, now=rooms.clock())
    rooms.outbox.built(built, now=rooms.clock())
    return BuildReport(built=len(built), failed=failed)
