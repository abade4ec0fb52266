"""`digest queue hold|release|cancel|retry|confirm|resume|unsuppress`: what repairs the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import click

from digest.cli.common import FAILED, own_config_option
from digest.cli.queue_choice import agreed_ids, chosen, filter_options
from digest.model import DeliveryState
from digest.store.outbox import DeliveryRow, Filters, Outbox
from digest.store.outbox.operating import CANCELLABLE, HOLDABLE, RETRIABLE

Act = Callable[[Outbox, Collection[int], dt.datetime], list[int]]
CHUNK = 500
"""Deliveries that one transaction changes."""


def _acting(
    name: str, done: str, able: frozenset[DeliveryState], act: Act, words: str, *, now_it_is: str | None = None
) -> click.Command:
    """Make a command that does it to each delivery, says what happened to each, and fails if one was not changed.

    Args:
        done: the participle of the act, for ``cannot be retried``; ``now_it_is`` what a delivery is after it, if that
            is another word.
    """

    @click.command(name, help=words)
    @own_config_option
    @click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
    @filter_options
    @click.option("--all", "everything", is_flag=True, help="All whose state allows it.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.option("--dry-run", is_flag=True, help="Say which ones; change nothing.")
    def acting(config: Path, ids: tuple[int, ...], everything: bool, yes: bool, dry_run: bool, **choice: Any) -> None:
        from digest.app import open_app

        with open_app(config) as app:
            filters = chosen(now=app.clock(), ids=ids, **choice)
            wanted = agreed_ids(app, filters, able=able, everything=everything, yes=yes, dry_run=dry_run, done=done)
            if dry_run:
                return
            before: dict[int, DeliveryRow] = {}
            changed: set[int] = set()
            for start in range(0, len(wanted), CHUNK):
                some = frozenset(wanted[start : start + CHUNK])
                before |= {row.id: row for row in app.outbox.listing(Filters(ids=some, limit=CHUNK))}
                changed |= set(act(app.outbox, some, app.clock()))
        for delivery in wanted:
            if delivery in changed:
                row = before[delivery]
                click.echo(f"{delivery} ({row.subscriber_id}, {row.edition}): {row.state}, now {now_it_is or done}")
            elif delivery in before:
                click.echo(f"{delivery} is {before[delivery].state}: it cannot be {done}", err=True)
            else:
                click.echo(f"there is no delivery {delivery}", err=True)
        if not wanted:
            click.echo(f"No such delivery can be {done}.")
        if changed != set(wanted):
            raise SystemExit(FAILED)

    return acting


hold = _acting(
    "hold", "held", HOLDABLE, lambda outbox, ids, now: outbox.hold(ids, now=now),
    "Keep deliveries from being sent until they are released.",
)  # fmt: skip
release = _acting(
    "release", "released", frozenset({DeliveryState.HELD}),
    lambda outbox, ids, now: outbox.release_held(ids, now=now), "Let held deliveries go on.",
)  # fmt: skip
cancel = _acting(
    "cancel", "cancelled", CANCELLABLE, lambda outbox, ids, now: outbox.cancel(ids, now=now),
    "Never send them; their papers may be picked again. Of an uncertain one: it did not arrive.",
)  # fmt: skip
retry = _acting(
    "retry", "retried", RETRIABLE, lambda outbox, ids, now: outbox.retry(ids, now=now),
    "Send them again with the next pass. The Message-ID stays the same where the bytes are still right.",
    now_it_is="waiting to be sent again",
)  # fmt: skip
confirm = _acting(
    "confirm", "confirmed", frozenset({DeliveryState.UNCERTAIN}),
    lambda outbox, ids, now: outbox.confirm(ids, now=now), "Of uncertain deliveries: they did arrive.",
    now_it_is="accepted",
)  # fmt: skip


@click.command()
@own_config_option
def resume(config: Path) -> None:
    """Trust paused relays, and domains that rest, again at once."""
    from digest.app import open_app

    with open_app(config) as app:
        outbox = app.outbox
        resumed = [r.relay for r in outbox.troubled_relays() if outbox.resume_relay(r.relay, now=app.clock())]
        resumed += [each.domain for each in outbox.troubled_domains() if outbox.trust_domain(each.domain)]
    click.echo("\n".join(f"{name} is trusted again" for name in resumed) or "No relay is paused, no domain rests.")


@click.command()
@own_config_option
@click.argument("address")
def unsuppress(config: Path, address: str) -> None:
    """Write to ADDRESS again, whatever a server once said of it."""
    from digest.app import open_app

    with open_app(config) as app:
        lifted = app.outbox.unsuppress(address, now=app.clock())
    click.echo(f"{address} is written to again" if lifted else f"{address} was not suppressed", err=not lifted)
    if not lifted:
        raise SystemExit(FAILED)


ACTS = (hold, release, cancel, retry, confirm, resume, unsuppress)
