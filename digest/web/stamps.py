"""When a form was shown, and with which words: a sealed field that makes a form hard to send without having seen it.

A page that is kept for everybody shows the start of the ten minutes in which it was made, or it would never be the same
twice; a form that is shown to one visitor, the second. Whoever is quicker than a person can be is asked once more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from digest.errors import TokenError
from digest.languages import Language
from digest.seals import Seals
from digest.web.consent import VERSION

QUICKEST: Final = dt.timedelta(seconds=2)
LIFE: Final = dt.timedelta(hours=24)
_PURPOSE: Final = "form"
_STEP_S: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    language: str
    """Of the words that were agreed to."""


class Stamps:
    def __init__(self, seals: Seals, clock: Callable[[], dt.datetime]) -> None:
        self._seals, self._clock = seals, clock

    def rounded(self, language: Language) -> str:
        """For pages that are the same for everybody."""
        now = self._clock()
        seconds = int(now.timestamp())
        return self._sealed(dt.datetime.fromtimestamp(seconds - seconds % _STEP_S, dt.UTC), language)

    def exact(self, language: Language) -> str:
        return self._sealed(self._clock(), language)

    def _sealed(self, at: dt.datetime, language: Language) -> str:
        return self._seals.seal(_PURPOSE, f"{int(at.timestamp()):x} {VERSION} {language.tag}", until=at + LIFE)

    def read(self, sealed: str) -> Stamp | None:
        """None: the form must be shown (again), because nobody can have read it as it is now."""
        now = self._clock()
        try:
            at, version, tag = self._seals.open(_PURPOSE, sealed, now=now).split(" ")
        except TokenError:
            return None
        if version != VERSION or now.timestamp() - int(at, 16) < QUICKEST.total_seconds():
            return None
        return Stamp(language=tag)
