"""The parameters of the API → a frozen question. What is wrong is one sentence about one parameter (400).

Each class is what its endpoint understands, and what its OpenAPI says: one declaration. Values come as text and are
read strictly: ``limit=1e2`` is no number, ``week=2026-22`` no week.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from starlette.exceptions import HTTPException

from digest import arxiv_categories

MOST: Final = 100
"""Papers of one answer, as at Hugging Face."""
DEEPEST: Final = 1000
_DAY = dt.timedelta(days=1)
_WHOLE = re.compile("[0-9]{1,6}", re.ASCII)
_FORM = re.compile(r"((?:19|20)[0-9]{2})-(W?)([0-9]{2})(?:-([0-9]{2}))?", re.ASCII)


class Days(NamedTuple):
    """From a day on and before another (UTC)."""

    first: dt.date
    after: dt.date


def _day(year: int, month: int, day: int) -> Days:
    first = dt.date(year, month, day)
    return Days(first, first + _DAY)


def _week(year: int, number: int) -> Days:
    first = dt.date.fromisocalendar(year, number, 1)
    return Days(first, first + 7 * _DAY)


def _month(year: int, number: int) -> Days:
    first = dt.date(year, number, 1)
    return Days(first, (first + 31 * _DAY).replace(day=1))


def _days(kind: str, example: str, make: Callable[..., Days]) -> BeforeValidator:
    """Reads the one form of a kind of span that ``example`` shows."""
    shape = re.sub("[0-9]", "0", example)

    def read(text: object) -> Days:
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        try:
            if found is not None and re.sub("[0-9]", "0", found[0]) == shape:
                return make(*(int(number) for number in (found[1], found[3], found[4]) if number))
        except ValueError:
            pass
        raise ValueError(f"not a {kind}; write it as {example}")

    return BeforeValidator(read)


def _whole(text: object) -> object:
    if isinstance(text, str) and not _WHOLE.fullmatch(text):
        raise ValueError("not a whole number")
    return text


def _field(text: str) -> str:
    if arxiv_categories.canonical(text) != text:
        raise ValueError("no such field; write one of arXiv's, such as cs.LG, or an archive, such as cs")
    return text


_YEAR: Final = "^(19|20)[0-9]{2}"
Day = Annotated[
    Days, _days("day", "2026-05-20", _day), WithJsonSchema({"type": "string", "format": "date", "pattern": _YEAR})
]
Week = Annotated[
    Days,
    _days("week", "2026-W21", _week),
    WithJsonSchema({"type": "string", "pattern": f"{_YEAR}-W(0[1-9]|[1-4][0-9]|5[0-3])$"}),
]
Month = Annotated[
    Days, _days("month", "2026-05", _month), WithJsonSchema({"type": "string", "pattern": f"{_YEAR}-(0[1-9]|1[0-2])$"})
]
PageNumber = Annotated[int, Field(ge=0, le=DEEPEST), BeforeValidator(_whole)]
Size = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_whole)]
ArxivField = Annotated[str, BeforeValidator(_field)]


class Question(BaseModel):
    """What one endpoint understands. Other parameters are nothing to it."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class DailyPapers(Question):
    """Without ``date``, ``week`` and ``month``: the last 24 hours, or the last week if nothing was news in them."""

    date: Day | None = None
    """What was announced on this day (UTC)."""
    week: Week | None = None
    """What was announced in this ISO week, as 2026-W21."""
    month: Month | None = None
    """What was announced in this month, as 2026-05."""
    sort: Literal["trending", "publishedAt"] = "trending"
    """By attention for field and age, or the newest first. (Theirs is by time unless asked: people have chosen it.)"""
    p: PageNumber = 0
    """The page, counted from 0. The answer's Link header names the next one."""
    limit: Size = 50
    """Papers on a page."""
    field: ArxivField | None = None
    """Of one category (cs.LG) or archive (cs) of arXiv. Ours; Hugging Face has no fields."""
    submitter: str | None = None
    """Hugging Face's: who put a paper on the list. Nobody does here, so any name finds nothing."""

    @property
    def days(self) -> Days | None:
        return self.date or self.week or self.month

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.date, self.week, self.month)) > 1:
            raise ValueError("date, week and month exclude each other")
        return self


class Search(Question):
    """By words and meaning together, the best first."""

    q: str = ""
    """Words; "sparse attention" in quotes for these in this order; -survey for papers without it; or a paper's name.
    The first 500 characters count."""
    p: PageNumber = 0
    """The page, counted from 0; the best 300 papers can be seen. The answer's Link header names the next one."""
    limit: Size = 20
    """Papers on a page."""
    field: ArxivField | None = None
    """Of one category (cs.LG) or archive (cs) of arXiv."""
    author: str | None = None
    """By somebody of this name."""
    since: Day | None = None
    """News on this day (UTC) or later."""
    until: Day | None = None
    """News on this day (UTC) or before."""


Q = TypeVar("Q", bound=Question)


def question(kind: type[Q], query: Mapping[str, str]) -> Q:
    """
    Args:
        query: as it was sent.

    Raises:
        HTTPException: 400, with one sentence.
    """
    try:
        return kind.model_validate(dict(query))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][:1])
        said = first["msg"].removeprefix("Value error, ")
        raise HTTPException(400, f"{where}: {said}" if where else said) from error
