"""`digest queue`: look at the outbox and repair it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import FAILED, config_option, console, own_config_option
from digest.cli.preview import DATE
from digest.model import DeliveryState
from digest.store.outbox import DeliveryRow, Filters, Outbox, RelayState, RestingDomain

if TYPE_CHECKING:
    from digest.delivery.relays import Relay

COLOURS = {
    DeliveryState.ACCEPTED: "green",
    DeliveryState.FAILED: "red",
    DeliveryState.UNCERTAIN: "red",
    DeliveryState.DEFERRED: "yellow",
    DeliveryState.HELD: "yellow",
    DeliveryState.SUPPRESSED: "yellow",
}


@click.group(invoke_without_command=True)
@config_option
@click.option(
    "--state",
    "states",
    multiple=True,
    metavar="STATE",
    type=click.Choice([str(state) for state in DeliveryState]),
    help="Only in this state; may be given several times.",
)
@click.option("--reader", help="Only to this reader.")
@click.option("--date", type=DATE, help="Only the editions of this day (YYYY-MM-DD, today, yesterday).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def command(
    context: click.Context,
    config: Path,
    states: Sequence[str],
    reader: str | None,
    date: dt.date | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show deliveries, the newest first. What the states mean: docs/delivery.md."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    from digest.app import open_app

    filters = Filters(
        states=frozenset(DeliveryState(state) for state in states) or None,
        subscriber_id=reader,
        edition=date,
        limit=limit,
    )
    with open_app(config) as app:
        rows, counts, relays = app.outbox.listing(filters), app.outbox.counts(), app.outbox.troubled_relays()
        now = app.clock()
        domains = [domain for domain in app.outbox.troubled_domains() if domain.rests(now)]
        given = {} if as_json else app.outbox.given(now)
        limits = {relay.name: relay for relay in app.relays()} if given else {}
    if as_json:
        for row in rows:
            click.echo(json.dumps(_json(row), ensure_ascii=False))
    else:
        _print(rows, counts, relays, now)
        _print_limits(given, limits, domains)


def _json(row: DeliveryRow) -> dict[str, object]:
    """A row under the names that the commands use: ``reader``; instants and dates in ISO 8601."""
    plain = {key: each.isoformat() if isinstance(each, dt.date) else each for key, each in asdict(row).items()}
    return {"reader" if key == "subscriber_id" else key: value for key, value in plain.items()}


def _print(
    rows: Sequence[DeliveryRow],
    counts: dict[DeliveryState, int],
    relays: Sequence[RelayState],
    now: dt.datetime,
) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = console()
    pause = next((f"relay paused: {relay.reason or relay.relay}" for relay in relays if relay.paused(now)), "")
    if not rows:
        out.print("No such delivery." if counts else "The queue is empty.")
    else:
        table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
        for name in ("id", "reader", "edition", "state", "tries", "next or last, UTC", "why"):
            table.add_column(name, justify="right" if name in {"id", "tries"} else "left")
        for row in rows:
            at = row.next_attempt_at or row.updated_at
            state = f"[{COLOURS.get(row.state, 'default')}]{row.state}[/]" + (" (trial)" if row.trial else "")
            table.add_row(
                str(row.id),
                escape(row.subscriber_id),
                f"{row.edition}",
                state,
                str(row.attempt_count),
                f"{at:%m-%d %H:%M}",
                escape(pause if pause and row.state is DeliveryState.READY and not row.trial else row.reason or ""),
            )
        out.print(table)
        out.print(", ".join(f"{number} {state}" for state, number in sorted(counts.items())), style="dim")
    for relay in relays:
        if relay.paused(now):
            until = f"{relay.paused_until:%m-%d %H:%M} UTC"
            out.print(f"{escape(relay.relay)} is paused until {until}: {escape(relay.reason or '')}", style="red")
            out.print("When that is mended: digest queue resume", style="dim")
    if any(row.state is DeliveryState.UNCERTAIN for row in rows):
        out.print(
            "uncertain: it may have arrived. Look into the inbox, then: digest queue confirm, cancel, or retry ID",
            style="dim",
        )


def _print_limits(
    given: Mapping[str, tuple[int, int]], limits: Mapping[str, Relay], domains: Sequence[RestingDomain]
) -> None:
    """What relays with limits were given, and which domains rest."""
    from rich.markup import escape

    out = console()
    for name, (hour, day) in given.items():
        relay = limits.get(name)
        if relay is None or not relay.counted:
            continue
        parts = [
            f"{used:,} of {limit:,} in {span}"
            for used, limit, span in ((hour, relay.per_hour, "an hour"), (day, relay.per_day, "24 hours"))
            if limit is not None
        ]
        out.print(f"{escape(name)}: {', '.join(parts)}", style="dim")
    for domain in domains:
        until = f"{domain.rests_until:%m-%d %H:%M} UTC"
        out.print(f"{escape(domain.domain)} rests until {until}: {escape(domain.reason)}", style="yellow")


Act = Callable[[Outbox, Collection[int], dt.datetime], list[int]]


def _act(config: Path, ids: Sequence[int], done: str, act: Act, *, now_it_is: str | None = None) -> None:
    """Do it to each id, say what happened to each, and fail if one could not be changed.

    Args:
        done: the participle of the act, for ``cannot be retried``; ``now_it_is`` what a delivery is after it, if that
            is another word.
    """
    from digest.app import open_app

    with open_app(config) as app:
        before = {row.id: row for row in app.outbox.listing(Filters(ids=frozenset(ids), limit=len(ids)))}
        changed = set(act(app.outbox, ids, app.clock()))
    for delivery in ids:
        if delivery in changed:
            row = before[delivery]
            click.echo(f"{delivery} ({row.subscriber_id}, {row.edition}): {row.state}, now {now_it_is or done}")
        elif delivery in before:
            click.echo(f"{delivery} is {before[delivery].state}: it cannot be {done}", err=True)
        else:
            click.echo(f"there is no delivery {delivery}", err=True)
    if changed != set(ids):
        raise SystemExit(FAILED)


ids_argument = click.argument("ids", nargs=-1, required=True, type=int, metavar="ID...")


@command.command()
@own_config_option
@ids_argument
def hold(config: Path, ids: tuple[int, ...]) -> None:
    """Keep deliveries from being sent until they are released."""
    _act(config, ids, "held", lambda outbox, chosen, now: outbox.hold(chosen, now=now))


@command.command()
@own_config_option
@ids_argument
def release(config: Path, ids: tuple[int, ...]) -> None:
    """Let held deliveries go on."""
    _act(config, ids, "released", lambda outbox, chosen, now: outbox.release_held(chosen, now=now))


@command.command()
@own_config_option
@ids_argument
def cancel(config: Path, ids: tuple[int, ...]) -> None:
    """Never send them; their papers may be picked again. Of an uncertain one: it did not arrive."""
    _act(config, ids, "cancelled", lambda outbox, chosen, now: outbox.cancel(chosen, now=now))


@command.command()
@own_config_option
@ids_argument
def retry(config: Path, ids: tuple[int, ...]) -> None:
    """Send them again with the next pass.

    The Message-ID stays the same where the bytes are still right.
    """
    _act(
        config,
        ids,
        "retried",
        lambda outbox, chosen, now: outbox.retry(chosen, now=now),
        now_it_is="waiting to be sent again",
    )


@command.command()
@own_config_option
@ids_argument
def confirm(config: Path, ids: tuple[int, ...]) -> None:
    """Of uncertain deliveries: they did arrive."""
    _act(config, ids, "confirmed", lambda outbox, chosen, now: outbox.confirm(chosen, now=now), now_it_is="accepted")


@command.command()
@own_config_option
def resume(config: Path) -> None:
    """Trust paused relays, and domains that rest, again at once."""
    from digest.app import open_app

    with open_app(config) as app:
        outbox = app.outbox
        resumed = [r.relay for r in outbox.troubled_relays() if outbox.resume_relay(r.relay, now=app.clock())]
        resumed += [each.domain for each in outbox.troubled_domains() if outbox.trust_domain(each.domain)]
    click.echo("\n".join(f"{name} is trusted again" for name in resumed) or "No relay is paused, no domain rests.")


@command.command()
@own_config_option
@click.argument("address")
def unsuppress(config: Path, address: str) -> None:
    """Write to ADDRESS again, whatever a server once said of it."""
    from digest.app import open_app

    with open_app(config) as app:
        lifted = app.outbox.unsuppress(address)
    click.echo(f"{address} is written to again" if lifted else f"{address} was not suppressed", err=not lifted)
    if not lifted:
        raise SystemExit(FAILED)
