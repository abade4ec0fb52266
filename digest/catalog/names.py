"""Authors' names in their many spellings: to show, to split, and to compare.

Names are compared by family name and first initial (``smith j``). That joins more people than it should and loses few;
it only ever counts together with a title.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from digest.catalog.tex import readable

_PARTICLES: Final = frozenset(
    """af al ap av bin da dal das de del della dello den der des di do dos du el ibn la le lo ten ter van vande vanden
    vander von vom zu zum zur""".split()  # noqa: SIM905 - a list of words is read as words
)
_SUFFIX: Final = re.compile(r"(?:,\s*|\s+)(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d)\.?$", re.IGNORECASE)
_COLLABORATION: Final = re.compile(
    r"\b(?:collaborations?|consortium|group|team|society|committee|initiative|project)\b", re.IGNORECASE
)
_PARENTHESISED: Final = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_PLAIN: Final = re.compile(r"[A-Za-z]+(?:(?:\.[ \-]?|[ \-])[A-Za-z]+)*\.?")
"""Words of letters, initials and single hyphens: nothing to do, as for four names of five. No possessive quantifiers
anywhere in here: Python's are broken before 3.11.5."""
_USUAL: Final = re.compile(
    r"(?P<given>[A-Z])[a-z]+(?: [A-Z]\.?)* (?P<family>[A-Z][a-z]{2,})"
    r"|(?P<family_first>[A-Z][a-z]{2,}), (?P<given_last>[A-Z])(?:[a-z]+|\.)(?: [A-Z]\.)*"
)
"""``John R. Smith`` and ``Smith, J. R.``: most names have one of these forms."""
_UNUSUAL: Final = re.compile(
    rf"\b(?:and|dame|dr|et|for|iii|on|others|phd|prof|professor|sir|the)\b|{_COLLABORATION.pattern}", re.IGNORECASE
)
"""Words of such a name that need a closer look."""
_NO_NAME: Final = re.compile(r"(?:and\s+)?(?:et\s+al\.?|others)|[^()]*\)", re.IGNORECASE)
"""``et al.``, and the tail of an affiliation that was cut at its comma (``Paris, France)``)."""
_TITLE: Final = re.compile(r"(?:(?:prof|dr|sir|dame|professor)\b\.?\s+)+(?=\S+\s)", re.IGNORECASE)
_FOR: Final = re.compile(r"(?:(?:on behalf of|for)\s+)?the\s+", re.IGNORECASE)
_MARKS: Final = re.compile(r"^[⁰¹²³⁴-⁹*†‡§¶]+|(?<=[^\W\d_]{2})(?:[0-9]{1,2}(?:,[0-9]{1,2})*|[⁰¹²³⁴-⁹*†‡§¶^,]+)$")
"""What ties an author to an affiliation below: ``John Doe1``, ``¹John Doe``, ``Jane Roe†``."""
_FAMILY_FIRST: Final = re.compile(r"(?P<family>[^\W\d_][^,]*[^\W\d_])\s+(?P<initials>[A-Z]{1,3})")
"""``Smith JP``, as MEDLINE writes names; ``Wei LI`` looks the same."""
_UMLAUT: Final = re.compile(r"(?<=[aou])e")
_UNKEYED: Final = re.compile(r"[^\w\s]|_")
_STROKES: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
MAX_LENGTH: Final = 100_000


def display_name(name: str) -> str:
    """A name as a reader sees it: no TeX, no affiliation, given name first (``Müller, Jörg (ETH)`` → Jörg Müller)."""
    if _PLAIN.fullmatch(name):
        return name
    name = _without_affiliation(readable(name)).strip(" ,;*")
    if not _COLLABORATION.search(name) and " " in name:
        name = _MARKS.sub("", name).strip(" ,;*")
    if "," not in name:
        return name
    if _COLLABORATION.search(name):
        return name
    family, *rest = (part.strip() for part in name.split(","))
    suffixes = [part for part in rest if _SUFFIX.fullmatch(f", {part}")]
    given = [part for part in rest if part not in suffixes]
    if not given:
        return name  # "John Smith, Jr."
    return " ".join(" ".join([given[0], family, *given[1:], *suffixes]).split())


@lru_cache(maxsize=65536)
def author_key(name: str) -> str:
    """``family initial`` in lower case without accents: ``van der Berg, J. P.`` → van der berg j.

    Empty if nothing is left of the name. A collaboration or a single name is its own key.
    """
    if (usual := _USUAL.fullmatch(name)) and not _UNUSUAL.search(name):
        return f"{usual['family'] or usual['family_first']} {usual['given'] or usual['given_last']}".lower()
    shown = display_name(name)
    if _NO_NAME.fullmatch(shown):
        return ""
    while (shorter := _SUFFIX.sub("", shown)) != shown:
        shown = shorter
    shown = _FOR.sub("", shown) if _COLLABORATION.search(shown) else _TITLE.sub("", shown)
    plain = unicodedata.normalize("NFKD", shown).casefold().translate(_STROKES)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = plain.replace("-", " - ").replace("'", "").replace("’", "")
    words = _UNKEYED.sub(" ", plain.replace(" - ", "\ue000")).replace("\ue000", "").split()
    if len(words) < 2 or _COLLABORATION.search(shown):
        return " ".join(words)
    first_of_family = len(words) - 1
    while first_of_family > 1 and words[first_of_family - 1] in _PARTICLES:
        first_of_family -= 1
    return f"{' '.join(words[first_of_family:])} {words[0][0]}"


def split_name(name: str) -> tuple[str, str]:
    """(given names, family name) as they are shown: ``Jan van der Berg Jr.`` → Jan and van der Berg Jr.

    The given ones are empty of a single name and of a collaboration.
    """
    shown = display_name(name)
    words = shown.split()
    suffix = _SUFFIX.search(shown)
    last = len(shown[: suffix.start()].split()) if suffix is not None else len(words)
    if last < 2 or _COLLABORATION.search(shown):
        return "", shown
    first_of_family = last - 1
    while first_of_family > 1 and words[first_of_family - 1].casefold() in _PARTICLES:
        first_of_family -= 1
    return " ".join(words[:first_of_family]), " ".join(words[first_of_family:])


def author_keys(names: Iterable[str]) -> frozenset[str]:
    """The keys of a list of authors, without empty ones; names that can be read in two ways have both keys."""
    return frozenset(key for name in names for key in _readings(name) if key)


@lru_cache(maxsize=65536)
def _readings(name: str) -> tuple[str, ...]:
    """The key; ``Smith JP`` read as MEDLINE writes it; and ``Mueller`` as a spelling of Müller."""
    keys = [author_key(name)]
    if found := _FAMILY_FIRST.fullmatch(name.strip()):
        keys.append(author_key(f"{found['family']}, {found['initials']}"))
    family, space, initial = keys[-1].rpartition(" ")
    if space and (folded := _UMLAUT.sub("", family)) != family:
        keys.append(f"{folded} {initial}")
    return tuple(keys)


def split_authors(text: str) -> tuple[str, ...]:
    """The names in one ``dc:creator`` line: split at commas, semicolons and "and" outside of parentheses.

    Affiliations in parentheses go (they may hold commas), ``Jr.`` stays with its name, TeX accents stay as they are.
    With semicolons the commas are within names (``Müller, J.; Li, X.``).
    """
    text = _without_affiliation(" ".join(text[:MAX_LENGTH].split()))
    parts = re.split(r"\s*;\s*" if ";" in text else r"\s*,\s*(?:and\s+)?|\s+and\s+", text)
    names: list[str] = []
    for part in parts:
        if names and _SUFFIX.fullmatch(f", {part}"):
            names[-1] = f"{names[-1]}, {part}"
        elif part.strip(" .,;&:"):
            names.append(part.strip())
    return tuple(names)


def _without_affiliation(text: str) -> str:
    """Innermost parentheses first; the ones that never close end the text that is kept."""
    if "(" not in text and "[" not in text:
        return text
    for _ in range(8):
        shorter = _PARENTHESISED.sub("", text)
        if shorter == text:
            break
        text = shorter
    return re.sub(r"\s*\([^()]*$", "", text)
