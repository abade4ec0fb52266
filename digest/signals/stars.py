"""``signal:github``: the stars of the repositories that papers link to, fifty in one GraphQL question.

GitHub answers for a renamed repository under its old name, too. One that is gone, or private by now, is null with an
error of its own beside the other repositories' figures. Written from GitHub's documentation (docs.github.com/graphql)
with no recorded answer to check against: *provisional*.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.attention import Watch
from digest.errors import SourceError, SourceRateLimited
from digest.model import Reading, Signal
from digest.settings.signals import StarsConfig
from digest.signals.base import Findings, Inquiry, portions
from digest.sources.entries import reading
from digest.sources.loose_json import first_text, loads, mapping, sequence, text
from digest.sources.pace import Provider, asked_wait_s
from digest.sources.text import plain

if TYPE_CHECKING:
    from digest.sources.http import Answer, PoliteClient

NAME = "signal:github"
LABEL = "GitHub"
HOST = "github.com"
PER_REQUEST = 50
UNTOLD_WAIT_S = 600.0

_REPOSITORY = re.compile(
    r"https?://github\.com/([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))/([A-Za-z0-9._-]{1,100}?)(?:\.git)?(?:[/?#].*)?"
)
_NO_OWNERS = frozenset({"topics", "orgs", "features", "marketplace", "sponsors", "settings", "search", "about"})
_GONE = frozenset({"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES"})
"""Kinds of error that asking again does not mend."""

Repository = tuple[str, str]


class Stars:
    def __init__(self, config: StarsConfig) -> None:
        self.watch = Watch(
            name=NAME,
            marks=tuple(dt.timedelta(seconds=mark) for mark in config.marks_s),
            signals=(Signal.GITHUB_STARS,),
            code_host=HOST,
        )
        self.per_request = PER_REQUEST
        self._url = config.url
        self._token = config.token or ""
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=NAME, label=LABEL, host=host, pace_key="github", pace_s=config.pace_s)

    async def read(self, client: PoliteClient, inquiry: Inquiry) -> AsyncIterator[Findings]:
        papers: dict[Repository, list[int]] = {}
        for subject in inquiry.subjects:
            if (repository := repository_of(subject.paper.code_url)) is not None:
                papers.setdefault(repository, []).append(subject.paper.id)
        nameless = {subject.paper.id for subject in inquiry.subjects}.difference(*papers.values())
        if nameless:  # a page on GitHub that is no repository
            yield Findings(answered=tuple(sorted(nameless)))
        for portion in list(portions(list(papers), PER_REQUEST))[: inquiry.most_requests]:
            answer = await client.post(
                self._url, self._provider, question(portion), headers={"Authorization": f"bearer {self._token}"}
            )
            found = await self._figures(client, answer, portion, inquiry.now)
            yield Findings(
                answered=tuple(i for repository in found for i in papers[repository]),
                readings=tuple(
                    (i, one) for repository, ones in found.items() for i in papers[repository] for one in ones
                ),
            )
            if len(found) < len(portion):
                raise SourceError(NAME, f"{LABEL} gave {len(found)} of {len(portion)} repositories")

    async def _figures(
        self, client: PoliteClient, answer: Answer, portion: Sequence[Repository], now: dt.datetime
    ) -> Mapping[Repository, tuple[Reading, ...]]:
        try:
            return figures(answer.data, portion, now=now)
        except SourceRateLimited as limited:
            # Said with status 200, so the client has not seen it.
            wait_s = asked_wait_s(answer.headers, now) or limited.retry_after_s
            await client.leave_alone(self._provider, wait_s)
            raise SourceRateLimited(NAME, str(limited), wait_s) from limited


def repository_of(url: str | None) -> Repository | None:
    """(owner, name) of an address on GitHub, in lower case, as GitHub compares them; None if it is no repository's."""
    found = _REPOSITORY.fullmatch((url or "").strip())
    if found is None or found[1].lower() in _NO_OWNERS or set(found[2]) <= {"."}:
        return None
    return found[1].lower(), found[2].lower()


def question(repositories: Sequence[Repository]) -> dict[str, object]:
    """The GraphQL request; names travel as variables, so whatever they hold is no part of the query."""
    numbers = range(len(repositories))
    declared = ", ".join(f"$o{n}: String!, $n{n}: String!" for n in numbers)
    asked = " ".join(f"r{n}: repository(owner: $o{n}, name: $n{n}) {{ stargazerCount }}" for n in numbers)
    variables = {f"o{n}": owner for n, (owner, _) in enumerate(repositories)}
    variables |= {f"n{n}": name for n, (_, name) in enumerate(repositories)}
    return {"query": f"query({declared}) {{ {asked} }}", "variables": variables}


def figures(
    data: bytes, repositories: Sequence[Repository], *, now: dt.datetime
) -> Mapping[Repository, tuple[Reading, ...]]:
    """What GitHub says of each repository: a reading, or none if it is gone. One it says nothing of is left out.

    Raises:
        SourceRateLimited: the hour's points are used up.
        SourceError: it is no answer to :func:`question`.
    """
    try:
        outer = mapping(loads(data))
    except ValueError as error:
        raise SourceError(NAME, f"{LABEL} sent something that is {error}") from error
    errors = [mapping(error) for error in sequence(outer.get("errors"))]
    if any(error.get("type") in {"RATE_LIMITED", "RATE_LIMIT"} for error in errors):
        raise SourceRateLimited(NAME, f"{LABEL}'s points for this hour are used up", UNTOLD_WAIT_S)
    answers = outer.get("data")
    if not isinstance(answers, dict):
        said = first_text(errors[0], "message") if errors else first_text(outer, "message")
        raise SourceError(
            NAME, f"{LABEL} said: {plain(said)[:200]}" if said else f"{LABEL} sent JSON without repositories"
        )
    gone = {text(path[0]) for error in errors if error.get("type") in _GONE and (path := sequence(error.get("path")))}
    found: dict[Repository, tuple[Reading, ...]] = {}
    for number, repository in enumerate(repositories):
        stars = reading(Signal.GITHUB_STARS, mapping(answers.get(f"r{number}")).get("stargazerCount"), now)
        if stars or f"r{number}" in gone:
            found[repository] = stars
    return found
