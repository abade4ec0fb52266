"""Which deliveries a command is about: by number, or by what they have in common; and asking before many change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from digest.cli.preview import DATE
from digest.model import DeliveryState
from digest.store.outbox import Filters

if TYPE_CHECKING:
    from digest.app import App

Command = TypeVar("Command", bound=Callable[..., Any])


class Age(click.ParamType[dt.timedelta]):
    """A duration as in the configuration: 90m, 18h, 7d."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        from digest.settings.times import parse_duration

        if isinstance(value, dt.timedelta):
            return value
        try:
            return dt.timedelta(seconds=parse_duration(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.option(
        "--state",
        "states",
        multiple=True,
        metavar="STATE",
        type=click.Choice([str(state) for state in DeliveryState]),
        help="Only in this state; may be given several times.",
    ),
    click.option("--reader", help="Only to this reader."),
    click.option("--address", help="Only to this address."),
    click.option("--domain", help="Only to addresses of this domain."),
    click.option("--date", type=DATE, help="Only the editions of this day (YYYY-MM-DD, today, yesterday)."),
    click.option("--from", "first", type=DATE, help="Only editions of this day and later."),
    click.option("--to", "last", type=DATE, help="Only editions of this day and earlier."),
    click.option("--relay", metavar="WORD", help="Only those that a relay with this in its name tried."),
    click.option("--reason", "words", metavar="WORDS", help="Only with these words in the reason."),
    click.option("--older", type=Age(), metavar="AGE", help="Only those due for longer than this, such as 2h or 3d."),
)


def filter_options(command: Command) -> Command:
    """The options that choose deliveries; :func:`chosen` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(
    *,
    now: dt.datetime,
    limit: int = 200,
    ids: Sequence[int] = (),
    states: Sequence[str] = (),
    reader: str | None = None,
    address: str | None = None,
    domain: str | None = None,
    date: dt.date | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    relay: str | None = None,
    words: str | None = None,
    older: dt.timedelta | None = None,
) -> Filters:
    return Filters(
        ids=frozenset(ids) or None,
        states=frozenset(DeliveryState(state) for state in states) or None,
        subscriber_id=reader,
        address=address,
        domain=domain.lstrip("@") if domain else None,
        edition=date,
        first=first,
        last=last,
        relay=relay,
        words=words,
        due_before=now - older if older is not None else None,
        limit=limit,
    )


def agreed_ids(
    app: App, filters: Filters, *, able: frozenset[DeliveryState], everything: bool, yes: bool, dry_run: bool, done: str
) -> list[int]:
    """The deliveries to act on, once whoever asked has seen how many they are.

    Numbers are taken at their word. Filters choose among those whose state allows the act; without any, --all does.
    """
    from dataclasses import replace

    if filters.ids is not None and filters == Filters(ids=filters.ids, limit=filters.limit):
        return [] if dry_run and _tell(filters.ids, done) else sorted(filters.ids)
    if not filters.choose and not everything:
        raise click.UsageError("which ones? Give their numbers, or filters such as --domain, or --all")
    within = able if filters.states is None else filters.states & able
    found = app.outbox.chosen(replace(filters, states=within))
    if dry_run:
        _tell(found, done)
        return []
    if found and not yes:
        noun = "delivery" if len(found) == 1 else "deliveries"
        click.confirm(f"{len(found)} {noun} will be {done}. Go on?", abort=True)
    return found


def _tell(ids: Sequence[int] | frozenset[int], done: str) -> bool:
    some = ", ".join(map(str, sorted(ids)[:20])) + (", …" if len(ids) > 20 else "")
    click.echo(f"{len(ids)} would be {done}" + (f": {some}" if ids else ""))
    return True
