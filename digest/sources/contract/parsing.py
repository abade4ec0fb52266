"""What a parser promises, tried on recorded answers and on what hostile servers send in their place."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator

from digest.catalog.identifiers import parse as parse_identifier
from digest.catalog.identifiers import url_of
from digest.errors import SourceError
from digest.model import Batch, Entry
from digest.sources.base import Parser
from digest.sources.contract import hostile
from digest.sources.contract.subject import Broken, NotTried, Promise, Subject, Untaken
from digest.sources.entries import MAX_KEY

CUTS = 24
"""Places at which each answer is cut."""
LARGEST_CUT = 2_000_000
LONGEST_S = 20.0
"""For one hostile input: far more than any needs, and short of what a quadratic parser takes."""

_MARKUP = re.compile(
    r"</?(?:p|i|b|br|em|strong|sub|sup|span|div|a|ul|ol|li|script|style|img|jats:\w+|mml:\w+|italic|bold)(?:\s[^<>]*)?/?>"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);",
    re.IGNORECASE,
)
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _balanced(subject: Subject) -> str:
    read = refused = 0
    try:
        samples = subject.samples()
    except Untaken as untaken:
        raise Broken(str(untaken)) from untaken
    for _, _, batch in samples:
        if batch.announced is not None and batch.announced != batch.read + len(batch.rejected):
            raise Broken(f"{batch.announced} announced, but {batch.read} read and {len(batch.rejected)} refused")
        for rejection in batch.rejected:
            if not rejection.reason.strip() or "\n" in rejection.reason + rejection.id:
                raise Broken(f"{rejection.id!r} is refused without a reason in one line: {rejection.reason!r}")
        read, refused = read + batch.read, refused + len(batch.rejected)
    if not read:
        raise Broken(f"nothing was read from the recorded answers ({refused} items refused: {_first_reason(subject)})")
    return f"{read} read, {refused} refused"


def _first_reason(subject: Subject) -> str:
    return next((one.reason for _, _, batch in subject.samples() for one in batch.rejected), "none was found")


def _repeatable(subject: Subject) -> str:
    samples = subject.samples()
    for parser, body, batch in samples:
        if parser(body, now=subject.request.now) != batch:
            raise Broken("the same bytes, read twice, gave two different batches")
    return f"answers read twice: {len(samples)}"


def _keys(subject: Subject) -> str:
    seen = 0
    for parser, body, batch in subject.samples():
        keys = [entry.key for entry in batch.entries]
        twice = [key for key, times in Counter(keys).items() if times > 1]
        if twice:
            raise Broken(f"two entries of one answer have the key {twice[0]!r}; hand them to collect()")
        if any(not key or len(key) > MAX_KEY for key in keys):
            raise Broken("an entry has an empty key, or one that is too long")
        later = parser(body, now=subject.request.now + dt.timedelta(days=400))
        if [entry.key for entry in later.entries] != keys:
            raise Broken("the keys change with the day on which the answer is read")
        seen += len(keys)
    return f"{seen} keys"


def _identifiers(subject: Subject) -> str:
    schemes: Counter[str] = Counter()
    for entry in _entries(subject):
        if not entry.identifiers and not entry.url:
            raise Broken(f"{entry.key}: no identifier and no address; who reads of it cannot open it")
        for one in entry.identifiers:
            if parse_identifier(url_of(one)) != one and parse_identifier(str(one)) != one:
                raise Broken(f"{entry.key}: {one} is not in canonical form; hand spellings to make_entry()")
        schemes.update({str(one.scheme) for one in entry.identifiers} or {"address only"})
    return ", ".join(f"{count} {scheme}" for scheme, count in schemes.most_common())


def _dates(subject: Subject) -> str:
    dated = 0
    entries = _entries(subject)
    for entry in entries:
        dates = [at for at in (entry.published_at, entry.announced_at) if at is not None]
        dated += bool(dates)
        for at in [*dates, *(one.observed_at for one in entry.readings)]:
            if at.utcoffset() is None:
                raise Broken(f"{entry.key}: {at} has no time zone")
    if not dated:
        raise Broken("no entry has a date; without one every paper is as old as its first reading")
    return f"{dated} of {len(entries)} dated"


def _plain_text(subject: Subject) -> str:
    fields = 0
    for entry in _entries(subject):
        for field in (entry.title, entry.abstract, *entry.authors):
            fields += 1
            if found := _MARKUP.search(field) or _UNSEEN.search(field):
                raise Broken(f"{entry.key}: {found[0]!r} is left in {field[:60]!r}")
        if not entry.title.strip():
            raise Broken(f"{entry.key}: an empty title")
    return f"{fields} texts"


def _cut(subject: Subject) -> str:
    tried = 0
    for parser, body, batch in subject.samples():
        if len(body) > LARGEST_CUT:
            continue
        known = {entry.key for entry in batch.entries}
        for cut in range(1, len(body) - 1, max(len(body) // CUTS, 1)):
            part = _survives(parser, body[:cut], subject, f"an answer cut after {cut:,} bytes")
            tried += 1
            if part is not None and (strange := [one.key for one in part.entries if one.key not in known]):
                raise Broken(f"cut after {cut:,} bytes, an answer gives a paper that the whole has not: {strange[0]!r}")
    if not tried:
        raise NotTried("all recorded answers are too large to be cut")
    return f"{tried} cuts"


def _marked(subject: Subject) -> str:
    samples = [(parser, body, batch) for parser, body, batch in subject.samples() if body[:3] != b"\xef\xbb\xbf"]
    for parser, body, batch in samples:
        marked = _survives(parser, b"\xef\xbb\xbf" + body, subject, "an answer with a byte order mark")
        if marked is None or [entry.key for entry in marked.entries] != [entry.key for entry in batch.entries]:
            raise Broken("with a byte order mark before it, an answer is not read as before; decode with text.decode()")
    return f"answers: {len(samples)}"


def _hostile(inputs: Callable[[], Iterator[tuple[str, bytes]]]) -> Callable[[Subject], str]:
    def check(subject: Subject) -> str:
        if not subject.parsers:
            raise NotTried("no parser was given")
        names = []
        for parser in subject.parsers:
            for name, data in inputs():
                batch = _survives(parser, data, subject, name)
                if batch is not None and batch.entries:
                    raise Broken(f"{name} gave a paper: {batch.entries[0].title[:60]!r}")
                names.append(name)
        return ", ".join(dict.fromkeys(names))

    return check


def _survives(parser: Parser, data: bytes, subject: Subject, name: str) -> Batch | None:
    """What a parser makes of an input: a batch, or None for a SourceError."""
    begun = time.monotonic()
    try:
        batch = parser(data, now=subject.request.now)
    except SourceError as error:
        if "\n" in str(error):
            raise Broken(f"{name}: the error has several lines: {str(error)[:100]!r}") from error
        batch = None
    except Exception as error:
        raise Broken(f"{name}: {type(error).__name__}: {error}; raise SourceError, or reject the item") from error
    if (took := time.monotonic() - begun) > LONGEST_S:
        raise Broken(f"{name} took {took:.0f} s")
    return batch


def _entries(subject: Subject) -> list[Entry]:
    entries = [entry for _, _, batch in subject.samples() for entry in batch.entries]
    if not entries:
        raise NotTried("nothing was read")
    return entries


PROMISES = (
    Promise(name="balanced", says="Every item is read, or refused with a reason", check=_balanced),
    Promise(name="repeatable", says="The same bytes give the same entries", check=_repeatable),
    Promise(name="keys", says="Keys are unique and do not change", check=_keys),
    Promise(name="identifiers", says="Identifiers are recognised", check=_identifiers),
    Promise(name="dates", says="Dates have a time zone", check=_dates),
    Promise(name="plain-text", says="No markup is left in titles, abstracts, names", check=_plain_text),
    Promise(name="byte-order-mark", says="A byte order mark changes nothing", check=_marked),
    Promise(name="cut", says="A cut answer gives what came, or an error", check=_cut),
    Promise(name="garbage", says="Garbage gives an error, never a paper", check=_hostile(hostile.garbage)),
    Promise(name="huge", says="Huge and deep input ends soon", check=_hostile(hostile.huge)),
    Promise(name="entities", says="Entities in XML are not expanded", check=_hostile(hostile.entities)),
)
