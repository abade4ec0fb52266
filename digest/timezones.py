"""Time zone names: the good ones, what is meant by ``Berlin``, ``CET`` or ``Europe/Berln``, and this machine's own.

A reader's zone must know its daylight saving rules, so it names a place (``Europe/Berlin``) or is UTC. Abbreviations
are refused although some are in the tz database: ``EST`` there is Panama's time, an hour off in New York all summer.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

_MEANT: Mapping[str, str] = {
    word: zone
    for zone, words in {
        "Europe/Berlin": "cet cest met mest mez mesz germany munich münchen hamburg cologne köln frankfurt heidelberg "
        "tübingen stuttgart dresden leipzig bonn aachen karlsruhe darmstadt göttingen",
        "Europe/London": "bst gmt/bst uk england cambridge oxford edinburgh manchester glasgow bristol wales scotland",
        "Europe/Paris": "france lyon grenoble toulouse marseille saclay",
        "Europe/Zurich": "switzerland zürich geneva genève lausanne basel bern cern",
        "Europe/Amsterdam": "netherlands holland delft leiden utrecht eindhoven rotterdam",
        "Europe/Madrid": "spain barcelona valencia",
        "Europe/Rome": "italy milan milano turin trieste pisa bologna",
        "Europe/Lisbon": "wet west porto",
        "Europe/Helsinki": "eet eest finland espoo",
        "Europe/Stockholm": "sweden uppsala gothenburg lund",
        "Europe/Copenhagen": "denmark aarhus",
        "Europe/Vienna": "austria wien graz klosterneuburg",
        "Europe/Warsaw": "krakow kraków",
        "Europe/Moscow": "msk russia",
        "Europe/Istanbul": "trt ankara",
        "America/New_York": "est edt et eastern us/eastern est5edt boston princeton pittsburgh philadelphia washington "
        "baltimore atlanta ithaca yale harvard mit nyc",
        "America/Chicago": "cst cdt ct central cst6cdt austin houston dallas madison urbana minneapolis",
        "America/Denver": "mst mdt mountain mst7mdt boulder salt_lake_city",
        "America/Los_Angeles": "pst pdt pt pacific pst8pdt san_francisco seattle stanford palo_alto berkeley san_diego "
        "pasadena portland mountain_view",
        "America/Toronto": "montreal montréal ottawa waterloo",
        "America/Edmonton": "calgary",
        "America/Sao_Paulo": "brt brazil rio_de_janeiro",
        "Pacific/Honolulu": "hst hawaii",
        "Asia/Kolkata": "ist india bangalore bengaluru mumbai delhi new_delhi hyderabad chennai pune",
        "Asia/Shanghai": "china beijing shenzhen hangzhou nanjing wuhan guangzhou",
        "Asia/Tokyo": "jst kyoto osaka tsukuba",
        "Asia/Seoul": "kst korea daejeon pohang",
        "Asia/Singapore": "sgt",
        "Asia/Hong_Kong": "hkt",
        "Asia/Taipei": "taiwan hsinchu",
        "Asia/Jerusalem": "idt tel_aviv haifa rehovot",
        "Asia/Dubai": "gst abu_dhabi",
        "Asia/Riyadh": "thuwal kaust jeddah",
        "Australia/Sydney": "aest aedt canberra",
        "Australia/Perth": "awst",
        "Pacific/Auckland": "nzst nzdt wellington",
        "Africa/Johannesburg": "sast cape_town",
        "UTC": "z zulu utc/gmt",
    }.items()
    for word in words.split()
}
"""Abbreviations, countries and towns that are no zone names → the zone that is most likely meant."""

_NO_PLACES = frozenset(
    {"EST", "MST", "HST", "CET", "MET", "EET", "WET", "ROC", "ROK", "PRC", "W-SU"}
    | {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "Factory", "localtime", "posixrules"}
)
_OFFSET = re.compile(r"(utc|gmt)?\s*[+-]\s*\d{1,2}(:?\d\d)?", re.IGNORECASE)


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Every zone of the tz database that names a place."""
    # zoneinfo.available_timezones() opens every file of the database, which takes 40 ms.
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return frozenset(listed) - _NO_PLACES


@lru_cache(maxsize=1024)
def is_known(name: str) -> bool:
    """True for a zone name in its exact spelling. (A case-insensitive disk would open ``europe/berlin`` too.)"""
    return name in names()


def exactly(text: str) -> str | None:
    """``europe/berlin`` → Europe/Berlin: the zone that differs only in case and spaces; None if there is none."""
    folded = re.sub(r"[\s_]+", "_", text.strip().casefold())
    return next((name for name in names() if name.casefold() == folded), None)


@lru_cache(maxsize=512)
def nearest(text: str) -> str | None:
    """The zone that ``text`` was probably meant to be; None when there is no good guess."""
    folded = re.sub(r"[\s_]+", "_", text.strip().casefold())
    if folded in _MEANT:
        return _MEANT[folded]
    whole = {name.casefold(): name for name in names()}
    if folded in whole:
        return whole[folded]
    places = {name.rpartition("/")[2].casefold(): name for name in sorted(names(), reverse=True) if "/" in name}
    place = folded.rpartition("/")[2].partition(",")[0]
    if place in places or place in _MEANT:
        return places.get(place) or _MEANT[place]
    import difflib

    if near := difflib.get_close_matches(folded, whole, n=1, cutoff=0.8):
        return whole[near[0]]
    words = [*places, *(word for word in _MEANT if len(word) > 4)]
    if near := difflib.get_close_matches(place, words, n=1, cutoff=0.75):
        return places.get(near[0]) or _MEANT[near[0]]
    return None


def complaint(text: str) -> str:
    """Why ``text`` is no good zone name and what to write instead, as one clause."""
    guess = nearest(text)
    if _OFFSET.fullmatch(text.strip()):
        return f"{text!r} is an offset and knows no daylight saving; name a city, such as Europe/Berlin"
    if text in _NO_PLACES or (guess and text.isupper() and len(text) <= 4):
        meant = f", such as {guess}" if guess else ", such as Europe/Berlin"
        return f"{text!r} is an abbreviation and knows no place's daylight saving; name a city{meant}"
    advice = f"did you mean {guess}?" if guess else "write Area/City, such as Europe/Berlin or America/New_York"
    return f"{text!r} is no time zone; {advice}"


_LARGEST = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CL": "America/Santiago", "CN": "Asia/Shanghai", "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "ID": "Asia/Jakarta", "KZ": "Asia/Almaty", "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv", "US": "America/New_York", "UZ": "Asia/Tashkent",
}  # fmt: skip
"""Where most people of a country with several zones live."""


@lru_cache(maxsize=512)
def of_language(tag: str) -> str | None:
    """The zone where most people live who ask for a language: ``de-CH`` → Europe/Zurich, ``ja`` → Asia/Tokyo.

    None where nothing can be said: English alone is asked for all over the world.
    """
    from babel.core import get_global

    parts = re.split(r"[-_]", tag.strip())
    country = next((part.upper() for part in parts[1:] if len(part) == 2 and part.isalpha()), None)
    if country is None:
        if parts[0].lower() == "en":
            return None
        likely = str(get_global("likely_subtags").get(parts[0].lower(), ""))
        country = likely.rpartition("_")[2] if "_" in likely else None
    if country is None:
        return None
    if country in _LARGEST:
        return _LARGEST[country]
    territories: Mapping[str, str] = get_global("zone_territories")
    own = sorted(zone for zone, place in territories.items() if place == country and zone in names())
    return own[0] if len(own) == 1 else None


def of_this_machine(
    env: Mapping[str, str], *, localtime: Path = Path("/etc/localtime"), timezone: Path = Path("/etc/timezone")
) -> str:
    """The zone this machine is set to, by ``$TZ``, the link of ``/etc/localtime`` or ``/etc/timezone``; else UTC."""
    found = next((name for name in _settings(env, localtime, timezone) if is_known(name)), "UTC")
    return "UTC" if found == "Etc/UTC" else found


def _settings(env: Mapping[str, str], localtime: Path, timezone: Path) -> Iterator[str]:
    yield env.get("TZ", "").removeprefix(":")
    with contextlib.suppress(OSError):
        # Debian, macOS and Fedora alike link to …/zoneinfo/Area/City.
        yield str(localtime.readlink()).rpartition("zoneinfo/")[2]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        yield timezone.read_text(encoding="ascii").strip()
