"""`/subscribe` and `/link`: an address is taken in, and the answer is the same whoever's it is.

The box below every list sends its few fields here too: one press is enough, where it says all that is needed. What is
wrong with a form is told beside the field, and nothing that was typed is lost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import ceil
from typing import Final

from starlette.exceptions import HTTPException

from digest import arxiv_categories, languages, timezones
from digest.model import Evidence, Frequency
from digest.pipeline.membership import CONFIRM_WITHIN
from digest.store.outbox.suppression import canonical_address
from digest.web.consent import on_record
from digest.web.limits import Limit
from digest.web.routes import Answer, Asked, Page, Sent, form
from digest.web.signup import FIELDS, LONGEST, Signup, read_signup

FROM_A_NETWORK: Final = Limit(name="subscribe", per_hour=120, burst=60)
"""A university's readers all come from one address."""
FOR_AN_ADDRESS: Final = Limit(name="address", per_hour=6, burst=6)
"""Counted alike for every address, known or not. How many letters follow is limited beside them, in the store."""
TRAP: Final = "website"
_USUAL: Final = {"send": "07:30", "frequency": str(Frequency.ANNOUNCEMENT_DAYS)}


def ask(asked: Asked) -> Answer:
    _or_nothing(asked)
    return _page(asked, Signup(typed=_typed(asked, asked.query)))


def take(sent: Sent) -> Answer:
    """Ask the address's owner, by mail; a form that nobody can have read is shown once more."""
    _or_nothing(sent)
    typed = _typed(sent, {name: sent.field(name) for name in FIELDS})
    read = read_signup(typed, web=sent.site.config.web, languages=languages.tags(), gettext=sent.gettext)
    if read.reader is None:
        return _page(sent, read, status=422)
    stamp = sent.site.stamps.read(sent.field("stamp"))
    if stamp is None:
        return _page(sent, read, again=True, status=422)
    _count(sent, read.reader.email)
    if not sent.field(TRAP):
        words = on_record(languages.language(stamp.language), site=sent.site.config.site.name)
        evidence = Evidence(text=words, language=stamp.language, ip=sent.client or None)
        sent.app.letters.ask_to_join(read.reader, evidence)
    return _look_in_your_mailbox(sent, read.typed["email"], joining=True)


def ask_link(asked: Asked) -> Answer:
    return Page(template="lost.html.j2", values={"email": "", "problems": {}, "again": False, **_stamped(asked)})


def take_link(sent: Sent) -> Answer:
    """A fresh link goes to the address, if it is a reader's."""
    typed = {**_typed(sent, {}), "email": sent.field("email")}
    anybody = sent.site.config.web.model_copy(update={"allowed_domains": ()})
    read = read_signup(typed, web=anybody, languages=languages.tags(), gettext=sent.gettext)
    again = sent.site.stamps.read(sent.field("stamp")) is None
    if read.reader is None or again:
        values = {"email": typed["email"], "problems": read.problems, "again": again and not read.problems}
        return Page(template="lost.html.j2", values={**values, **_stamped(sent)}, status=422)
    _count(sent, read.reader.email)
    if not sent.field(TRAP):
        sent.app.letters.ask_for_link(read.reader.email)
    return _look_in_your_mailbox(sent, typed["email"], joining=False)


def _or_nothing(asked: Asked) -> None:
    if not asked.site.config.is_open:
        raise HTTPException(404)


def _count(sent: Sent, email: str) -> None:
    if wait := sent.site.limiter.wait_s(FOR_AN_ADDRESS, canonical_address(email)):
        raise HTTPException(429, headers={"Retry-After": str(ceil(wait))})


def _typed(asked: Asked, given: Mapping[str, str]) -> dict[str, str]:
    """What was typed, and what is usual where a form did not ask."""
    usual = {**_USUAL, "timezone": guessed_zone(asked), "language": asked.language.tag}
    return {name: given.get(name) or usual.get(name, "") for name in FIELDS}


def guessed_zone(asked: Asked) -> str:
    """By the languages that the browser asks for, else this machine's: readers see it, and may change it."""
    for wish in languages.wishes_of(asked.headers.get("accept-language", "")):
        if (zone := timezones.of_language(wish)) is not None:
            return zone
    return timezones.of_this_machine(os.environ)


def frequencies(asked: Asked) -> list[tuple[str, str]]:
    _ = asked.gettext
    named = {
        Frequency.ANNOUNCEMENT_DAYS: _("On the mornings after arXiv announces"),
        Frequency.DAILY: _("Every day"),
        Frequency.WEEKDAYS: _("Monday to Friday"),
        Frequency.WEEKLY: _("Once a week"),
    }
    return [(str(frequency), words) for frequency, words in named.items()]


def _stamped(asked: Asked) -> dict[str, object]:
    return {"stamp": asked.site.stamps.exact(asked.language)}


def _page(asked: Asked, read: Signup, *, again: bool = False, status: int = 200) -> Page:
    values = {
        "typed": read.typed,
        "problems": read.problems,
        "again": again,
        "frequencies": frequencies(asked),
        "zones": sorted(timezones.names()),
        "categories": {**arxiv_categories.ARCHIVES, **arxiv_categories.CATEGORIES},
        "domains": asked.site.config.web.allowed_domains,
        "longest": LONGEST,
        **_stamped(asked),
    }
    return Page(template="subscribe.html.j2", values=values, status=status)


def _look_in_your_mailbox(asked: Asked, email: str, *, joining: bool) -> Page:
    values = {"email": email, "joining": joining, "days": CONFIRM_WITHIN.days}
    return Page(template="mailbox.html.j2", values=values)


ROUTES = (
    form("/subscribe", take, show=ask, query=("interests", "fields", "authors"), limit=FROM_A_NETWORK),
    form("/link", take_link, show=ask_link, limit=FROM_A_NETWORK),
)
