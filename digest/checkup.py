"""Is this installation in order? All problems, then hints: what works but is probably not what was meant.

problems   config.yaml, subscriber files, templates           exit code 2
hints      send times, categories, trial transport, lanes     exit code 0
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from digest import arxiv_categories
from digest.announcements import next_announcement
from digest.config import Config, load_config, off_for_want_of_a_key
from digest.delivery.presets import preset_of
from digest.errors import ConfigError, Problem, RenderError
from digest.model import Identifier, Lane, Subscriber
from digest.schedule import next_slot, zone
from digest.settings.document import read_document
from digest.settings.environment import OVERRIDES
from digest.settings.mail import MailConfig, TransportKind
from digest.settings.places import is_loopback
from digest.settings.signals import signals_without_a_key
from digest.settings.web import parse_listen
from digest.subscribers import LoadedSubscriber, SubscriberFiles, load_subscribers

TOO_EARLY = dt.timedelta(hours=6)
"""A mail that leaves at most this long before the next announcement carries papers that are about to be old."""
DAYS_AHEAD = 10
MOST_NAMED = 5
"""Papers that one hint names before it only counts the rest."""


class LaneMatches(Protocol):
    """Counts, per lane of a reader, the papers of late that match it (``digest check`` asks the store through it)."""

    def __call__(self, subscriber: Subscriber) -> Mapping[str, int]:
        """Lane name → papers that matched within the last days; a lane that is not named is not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingExamples:
    """Examples of one lane that the store does not hold."""

    waiting: tuple[Identifier, ...] = ()
    """The next `digest ingest` asks for them."""
    unknown: tuple[Identifier, ...] = ()
    """Asked for, and not known where they should be."""
    unasked: tuple[Identifier, ...] = ()
    """Nobody is asked for these."""


Examples = Callable[[Lane], MissingExamples]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What was found, and how much was looked at."""

    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    readers: int = 0
    config_read: bool = True
    """False: the configuration is not usable, so what depends on it was not looked at."""


def examine(
    config_path: Path,
    *,
    env: Mapping[str, str],
    now: dt.datetime,
    check_templates: Callable[[Config], object],
    lane_matches: LaneMatches | None = None,
    examples: Examples | None = None,
) -> Checkup:
    """Read everything and judge it. A broken configuration does not keep the readers from being checked.

    Args:
        check_templates: tries the templates; raises RenderError, or ConfigError with all that is wrong.
        lane_matches, examples: None when there is no store to ask.
    """
    problems: list[Problem] = []
    hints: list[Problem] = []
    config, folder = None, config_path.absolute().parent / "subscribers"
    try:
        config = load_config(config_path, env=env)
        folder = config.subscribers
    except ConfigError as error:
        problems += error.problems
        folder = _declared_folder(config_path, env) or folder
    files, folder_read = SubscriberFiles(), True
    try:
        files = load_subscribers(folder)
        problems += files.problems
    except ConfigError as error:
        # Without a configuration it is not even sure that this is the folder.
        if config is not None:
            line = read_document(config_path).line_of(("subscribers",))
            problems += [
                Problem(config_path, line, "subscribers", f"{each.path}: {each.message}") for each in error.problems
            ]
        folder_read = False
    if config is not None:
        try:
            check_templates(config)
        except RenderError as error:
            problems.append(error.problem)
        except ConfigError as error:
            problems += error.problems
        hints += _config_hints(config_path, config, files if folder_read else None, env)
        wrong, doubtful = _signing(config_path, config)
        problems += wrong
        hints += doubtful
    for loaded in files.good:
        hints += loaded.hints
        hints += _reader_hints(loaded, config, now, lane_matches)
        hints += _example_hints(loaded, examples) if examples is not None else ()
    return Checkup(
        problems=tuple(problems),
        hints=tuple(hints),
        readers=len(files.good) + len(files.broken),
        config_read=config is not None,
    )


def _declared_folder(config_path: Path, env: Mapping[str, str]) -> Path | None:
    """Where a broken configuration says that the readers are, as far as it can be read."""
    try:
        declared = read_document(config_path).data.get("subscribers")
    except ConfigError:
        declared = None
    declared = env.get("DIGEST_SUBSCRIBERS") or declared
    return config_path.absolute().parent / declared if isinstance(declared, str) else None


# ── hints ───────────────────────────────────────────────────────────────────────────────────────────────────


def _config_hints(
    path: Path, config: Config, files: SubscriberFiles | None, env: Mapping[str, str]
) -> Iterator[Problem]:
    """``files`` is None where their folder cannot be read, which is a problem already."""
    document = read_document(path)

    def hint(key: str, message: str) -> Problem:
        location = tuple(key.split("."))
        variable = next((name for name, where in OVERRIDES.items() if where == location and env.get(name)), None)
        return Problem(path, None if variable else document.line_of(location), key, message)

    if config.mail.transport is TransportKind.FILES:
        yield hint("mail.transport", "files is a trial: mails are written to a folder and never count as sent")
    if not config.site.contact and (config.sources.arxiv or config.sources.feeds):
        yield hint("site.contact", "is empty; providers ask for an address in the User-Agent and block strangers first")
    for source in off_for_want_of_a_key(config.sources):
        yield hint(f"sources.{source}", f"is off: it needs a key; key: {{env: {source.upper()}_API_KEY}}")
    for signal, key in signals_without_a_key(config.signals):
        yield hint(f"signals.{signal}", f"is off: it needs a {key}; {key}: {{env: {signal.upper()}_{key.upper()}}}")
    citations = config.signals.semantic_scholar
    if config.summaries.semantic_scholar and not (citations and citations.key):
        yield hint("summaries.semantic_scholar", "has nothing to show: signals.semantic_scholar is off")
    for place in (file for file in config.sources.files if not file.exists()):
        yield hint("sources.files", f"{place} is not there (yet); it is looked for at every ingest")
    yield from _web_hints(config, hint)
    if files is None:
        return
    if not files.good and not files.broken:
        yield hint("subscribers", f"nobody reads yet: {config.subscribers} holds no .yaml file; `digest init` adds one")
    yield from _limit_hints(config.mail, len(files.good), hint)
    yield from _field_hints(config, [loaded.subscriber for loaded in files.good], hint)


def _web_hints(config: Config, hint: Callable[[str, str], Problem]) -> Iterator[Problem]:
    """What is right by itself, and leaves the web pages worse than they need be."""
    web, url = config.web, config.site.public_url
    open_to_all = not is_loopback(parse_listen(web.listen)[0])
    if open_to_all and url is None:
        yield hint("web.listen", "answers to other machines, and site.public_url is not set: forms are refused there")
    if web.admin is not None and open_to_all and (url is None or not web.trusted_proxies):
        yield hint(
            "web.admin", "is reachable without https: listen on 127.0.0.1, behind a web server with a certificate"
        )
    if web.admin is not None and url is not None and not web.trusted_proxies and not open_to_all:
        clause = "is empty: all visitors count as one, and one who guesses passwords locks you out; 127.0.0.1"
        yield hint("web.trusted_proxies", clause)


def _signing(path: Path, config: Config) -> tuple[list[Problem], list[Problem]]:
    """What is wrong, and what is doubtful, about the keys that mails are signed with. A trial signs nothing."""
    mail = config.mail
    if not mail.dkim or mail.transport is TransportKind.FILES:
        return [], []
    from digest.signing import aligned, is_short, open_to_others, sender_domain, signing_keys

    document = read_document(path)
    keys, wrong = signing_keys(mail)
    hints = []
    for number, dkim in enumerate(mail.dkim):
        domain, sender = dkim.domain or sender_domain(mail), sender_domain(mail)
        if not aligned(domain, sender):
            clause = f"is {domain} and From is of {sender}: receivers that ask for DMARC take the mail for unsigned"
            hints.append(document.problem(("mail", "dkim", number, "domain"), clause))
        if (file := dkim.key.file) and file.is_file() and (mode := open_to_others(file)):
            clause = f"{file} can be read by others ({mode}), and whoever has it signs in your name; chmod 600 {file}"
            hints.append(document.problem(("mail", "dkim", number, "key"), clause))
    for key in filter(is_short, keys):
        clause = f"{key.selector} has fewer than 2,048 bits; `digest dkim new` makes a longer one to change to"
        hints.append(document.problem(("mail", "dkim"), clause))
    return [document.problem(where, clause) for where, clause in wrong], hints


def _limit_hints(mail: MailConfig, readers: int, hint: Callable[[str, str], Problem]) -> Iterator[Problem]:
    """Can all relays together send to everybody in a day? Files are trials, and have no limit."""
    if mail.transport is TransportKind.FILES:
        return
    limits = [relay.per_day or (preset.per_day if (preset := preset_of(relay)) else None) for relay in mail.relays]
    most = sum(limit for limit in limits if limit is not None)
    if None not in limits and readers > most:
        yield hint("mail.per_day", f"allows {most:,} mails in 24 hours, and there are {readers:,} readers")


def _field_hints(
    config: Config, readers: Sequence[Subscriber], hint: Callable[[str, str], Problem]
) -> Iterator[Problem]:
    """Does arXiv get asked for the fields that the lanes name?"""
    arxiv = config.sources.arxiv
    wanted = set(_arxiv_categories(readers))
    unnamed = [reader.id for reader in readers if not reader.lanes or any(not lane.categories for lane in reader.lanes)]
    if arxiv is not None and arxiv.categories == "auto" and unnamed and not wanted:
        fields = ", ".join(arxiv_categories.GENERAL)
        yield hint(
            "sources.arxiv", f"no lane names a category, so {fields} are read; add one to a lane for other fields"
        )
    if arxiv is not None and arxiv.categories != "auto":
        read = set(arxiv.categories)
        if idle := sorted(read - wanted):
            yield hint(
                "sources.arxiv.categories", f"no reader's lane names {', '.join(idle)}; `auto` reads what is wanted"
            )
        if missing := sorted(wanted - read):
            yield hint(
                "sources.arxiv.categories",
                f"readers want {', '.join(missing)}, but it is not read; add it or write auto",
            )


def _arxiv_categories(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    for subscriber in subscribers:
        for lane in subscriber.lanes:
            yield from (category for category in lane.categories if "/" not in category)


def _reader_hints(
    loaded: LoadedSubscriber, config: Config | None, now: dt.datetime, lane_matches: LaneMatches | None
) -> Iterator[Problem]:
    document = read_document(loaded.path)
    subscriber = loaded.subscriber
    reads_arxiv = config is None or config.sources.arxiv is not None
    if reads_arxiv and (late := _announced_too_late(subscriber, now)):
        yield Problem(loaded.path, document.line_of(("send",)), "send", late)
    if lane_matches is not None:
        matched = lane_matches(subscriber)
        for lane in subscriber.lanes:
            if matched.get(lane.name) == 0:
                words = (lane.name, *lane.phrases, *lane.authors, *lane.categories)
                place = next(filter(None, map(document.where, words)), ("lanes",))
                message = f"nothing matched {lane.name!r} lately; try wider phrases, or a category"
                yield Problem(loaded.path, document.line_of(place), "lanes", message)


def _example_hints(loaded: LoadedSubscriber, examples: Examples) -> Iterator[Problem]:
    """What a lane does not learn from yet, and what it never will."""
    document = read_document(loaded.path)
    for lane in loaded.subscriber.lanes:
        if not lane.examples:
            continue
        missing, count = examples(lane), len(lane.examples)

        def hint(names: Sequence[Identifier], message: str, lane: Lane = lane) -> Problem:
            words = (*(name.value for name in names), lane.name, *lane.phrases, *lane.authors, *lane.categories)
            place = next(filter(None, map(document.where, words)), ("lanes",))
            return Problem(loaded.path, document.line_of(place), "lanes", message)

        if missing.waiting:
            some = f"{len(missing.waiting)} of {count} example{'s' if count > 1 else ''}"
            yield hint(missing.waiting, f"{some} of {lane.name!r} not known yet; `digest ingest` fetches them")
        if missing.unknown:
            line = f"no paper is known as {_named(missing.unknown)}, examples of {lane.name!r}; spelled right?"
            yield hint(missing.unknown, line)
        if missing.unasked:
            line = (
                f"no source has brought {_named(missing.unasked)}, examples of {lane.name!r}; nobody is asked for them"
            )
            yield hint(missing.unasked, line)


def _named(names: Sequence[Identifier]) -> str:
    shown = ", ".join(map(str, names[:MOST_NAMED]))
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def _announced_too_late(subscriber: Subscriber, now: dt.datetime) -> str | None:
    """The hint for a reader whose mail usually leaves shortly before arXiv announces (20:00 in New York)."""
    times, leaves, waits = subscriber.times, now, []
    last_edition = None
    while leaves < now + dt.timedelta(days=DAYS_AHEAD):
        slot = next_slot(times, after=leaves, last_edition=last_edition)
        leaves, last_edition = slot.due_at, slot.edition
        waits.append(next_announcement(leaves) - leaves)
    early = [wait for wait in waits if wait <= TOO_EARLY]
    if 2 * len(early) <= len(waits):
        return None
    local = next_announcement(leaves).astimezone(zone(times.timezone))
    hours = round(min(early).total_seconds() / 3600)
    ahead = f"about {hours} h before" if hours else "just before"
    return (
        f"{times.send:%H:%M} is {ahead} arXiv announces ({local:%H:%M} in {times.timezone}), "
        f"so the mail carries papers that are nearly a day old; a later time brings the new ones"
    )
