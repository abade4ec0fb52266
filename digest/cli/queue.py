"""`digest queue`: look at the outbox. What repairs it is digest.cli.queue_acts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digest.cli.common import config_option, console, fail, own_config_option
from digest.cli.queue_acts import ACTS
from digest.cli.queue_choice import chosen, filter_options
from digest.model import DeliveryState
from digest.store.outbox import DeliveryRow, Filters, RelayState, RestingDomain
from digest.store.outbox.suppression import ERASED

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
@filter_options
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def command(context: click.Context, /, config: Path, limit: int, as_json: bool, **choice: Any) -> None:
    """Show deliveries, the newest first. What the states mean: docs/delivery.md."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    from digest.app import open_app

    with open_app(config) as app:
        now = app.clock()
        domains = [domain for domain in app.outbox.troubled_domains() if domain.rests(now)]
        given = {} if as_json else app.outbox.given(now)
        limits = {relay.name: relay for relay in app.relays()} if given else {}
        filters = chosen(now=now, limit=limit, **choice)
        rows, counts, relays = app.outbox.listing(filters), app.outbox.counts(), app.outbox.troubled_relays()
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


@command.command()
@own_config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def summary(config: Path, as_json: bool) -> None:
    """What waits, by state and by the recipients' domains, and for how long the oldest has been due."""
    from digest.app import open_app

    with open_app(config) as app:
        figures, waiting = app.figures(), app.outbox.waiting()
    domains: dict[str, dict[str, int]] = {}
    for (domain, state), number in waiting.items():
        domains.setdefault(domain, {})[str(state)] = number
    ordered = dict(sorted(domains.items(), key=lambda item: (-sum(item[1].values()), item[0])))
    if as_json:
        states = {str(state): number for state, number in figures.queue.items()}
        told = {"states": states, "domains": ordered, "oldest_s": figures.oldest_s}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    said = ", ".join(f"{number} {state}" for state, number in sorted(figures.queue.items()) if number)
    click.echo(said or "Nothing waits.")
    if figures.oldest_s:
        click.echo(f"the oldest has been due for {dt.timedelta(seconds=int(figures.oldest_s))}")
    for domain, states in ordered.items():
        counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        click.echo(f"  {domain or '(no address)'}: {counts}")


@command.command()
@own_config_option
@click.argument("delivery", type=int, metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(config: Path, delivery: int, as_json: bool) -> None:
    """One delivery, and every attempt with what the server said."""
    from digest.app import open_app

    with open_app(config) as app:
        rows = app.outbox.listing(Filters(ids=frozenset({delivery}), limit=1))
        if not rows:
            fail(f"there is no delivery {delivery}")
        attempts = app.outbox.transcript(delivery)
    if as_json:
        plain = [{**one._asdict(), "at": one.at.isoformat()} for one in attempts]
        click.echo(json.dumps(_json(rows[0]) | {"attempts": plain}, ensure_ascii=False))
        return
    for name, value in _json(rows[0]).items():
        if value is not None:
            click.echo(f"{name.replace('_', ' ')}: {value}")
    if not attempts:
        click.echo("never tried")
    for one in attempts:
        code = f" {one.code}" if one.code is not None else ""
        click.echo(f"{one.at:%Y-%m-%d %H:%M:%S} {one.relay} {one.phase}: {one.outcome}{code} {one.text}".rstrip())


@command.command()
@own_config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def suppressed(config: Path, as_json: bool) -> None:
    """Addresses that are not written to, why, since when, and until when."""
    from digest.app import open_app

    with open_app(config) as app:
        found = app.outbox.suppressed(now=app.clock())
    for one in found:
        until = one.expires_at
        if as_json:
            told = {"address": one.address, "reason": one.reason, "since": one.at.isoformat()}
            told["until"] = until.isoformat() if until else ""
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            name = one.address
            if name.startswith("#"):
                name = "(an erased reader)" if one.reason == ERASED else "(known by a hash alone)"
            end = f", until {until:%Y-%m-%d}" if until else ""
            click.echo(f"{name}  since {one.at:%Y-%m-%d}{end}: {one.reason}")
    if not found and not as_json:
        click.echo("No address is suppressed.")


for act in ACTS:
    command.add_command(act)
