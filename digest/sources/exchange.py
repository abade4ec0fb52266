"""One request and its whole answer, or why there is none. Whether and when to ask is digest.sources.http's business.

    Question, address ──▶ Answer | the address it redirects to
                      └─▶ Transient: may pass, ask again        SourceError: will not

Nothing is unbounded: silence, slow bodies, size after decompression.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx2

from digest.errors import SourceError, SourceRateLimited
from digest.model import Validators
from digest.sources.base import SourceUnreachable
from digest.sources.headers import conditions, in_utf8, phrase, redirected, validators_of, why
from digest.sources.pace import Provider, asked_wait_s, in_words

UNTOLD_WAIT_S = 300.0
"""How long a provider is left alone that throttles without saying for how long."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A finished response: at most ``max_bytes`` of body, in UTF-8 if its header named another charset."""

    status: int
    data: bytes
    validators: tuple[Validators, ...] = ()
    not_modified: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case: what a provider tells about its limits."""

    async def parsed(self, parse: Callable[[bytes], _T]) -> _T:
        """Parse the body in a thread, so that other sources go on meanwhile."""
        return await asyncio.to_thread(parse, self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, the same through redirects and retries."""

    first: httpx2.URL
    """The address before any redirect: an answer's validators belong to it."""
    provider: Provider
    known: Validators | None = None
    """Make the request conditional."""
    hand_back: frozenset[int] = frozenset()
    """Statuses that the caller wants to read instead of having them raised."""
    payload: bytes | None = None
    """A body in JSON makes it a POST."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """May hold a key: whoever asks with them follows no redirect."""

    head_only: bool = False
    """Ask for the headers alone."""

    @property
    def method(self) -> str:
        return "HEAD" if self.head_only else "GET" if self.payload is None else "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``silence_s``: the longest pause; ``total_s``: the longest whole answer; ``max_bytes``: of unpacked body."""

    silence_s: float
    total_s: float
    max_bytes: int
    set_by: str = "sources.max_bytes"
    """The key that sets the last one; empty if none does."""


class Transient(Exception):
    """Something that may pass; ``error`` is what to say when it does not.

    ``told`` means that the provider itself named the wait of a SourceRateLimited.
    """

    def __init__(self, error: SourceError, *, told: bool = False) -> None:
        self.error = error
        self.told = told
        super().__init__(str(error))


async def exchange(
    http: httpx2.AsyncClient,
    question: Question,
    url: httpx2.URL,
    *,
    limits: Limits,
    now: Callable[[], dt.datetime],
    sent: Callable[[], None],
) -> Answer | httpx2.URL:
    """One request to ``url`` and its whole answer, or the address it redirects to.

    Args:
        sent: called when the request has left this machine, which may be long after the call: names, connections, TLS.

    Raises:
        Transient: no connection, a broken body, a server's error, throttling.
        SourceUnreachable: nobody answers.
        SourceError: everything else that is not an answer.
    """
    provider, headers = question.provider, {**conditions(question.known), **question.headers}
    source, label = provider.source, provider.label
    try:
        async with (
            asyncio.timeout(limits.total_s),
            http.stream(
                question.method, url, headers=headers, content=question.payload, extensions={"trace": _when_sent(sent)}
            ) as response,
        ):
            if _leads_on(response, question):
                return redirected(url, response.headers["Location"], provider)
            data = await _body(response, provider, limits) if response.status_code != 304 else b""
    except httpx2.TimeoutException as error:
        silence = SourceUnreachable(source, f"{label} did not answer within {in_words(limits.silence_s)}")
        raise Transient(silence) from error
    except TimeoutError as error:
        raise SourceError(source, f"{label} had not finished its answer after {in_words(limits.total_s)}") from error
    except httpx2.ConnectError as error:
        raise _unreachable(error, provider) from error
    except httpx2.DecodingError as error:
        raise SourceError(source, f"{label} sent a damaged answer ({why(error)})") from error
    except httpx2.UnsupportedProtocol as error:
        raise SourceError(source, f"{label}: {why(error)}") from error
    except httpx2.TransportError as error:
        raise Transient(SourceError(source, f"{label} broke off in the middle of its answer")) from error
    status = response.status_code
    if status == 304 and question.known is not None:
        return Answer(status=status, data=b"", not_modified=True)
    if 200 <= status < 300 or status in question.hand_back:
        kept = validators_of(str(question.first), response.headers) if status == 200 else ()
        body = in_utf8(data, response.charset_encoding)
        return Answer(status=status, data=body, validators=kept, headers=response.headers)
    raise _refusal(status, asked_wait_s(response.headers, now()), provider)


def _leads_on(response: httpx2.Response, question: Question) -> bool:
    """Whether it is a redirect that the caller does not want to read."""
    redirect = response.status_code in (301, 302, 303, 307, 308) and response.status_code not in question.hand_back
    return redirect and bool(response.headers.get("Location"))


def _when_sent(sent: Callable[[], None]) -> Callable[[str, Mapping[str, object]], Awaitable[None]]:
    """The client's trace (https://www.encode.io/httpcore/extensions/#trace) says when a request has left."""

    async def trace(event: str, _info: Mapping[str, object]) -> None:
        if event.endswith("send_request_body.complete"):
            sent()

    return trace


async def _body(response: httpx2.Response, provider: Provider, limits: Limits) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limits.max_bytes:
            advice = f"; {limits.set_by} sets the limit" if limits.set_by else ""
            size = f"{limits.max_bytes / 1e6:.3g} MB"
            raise SourceError(provider.source, f"{provider.label} sent more than {size}{advice}")
    return bytes(body)


def _refusal(status: int, asked_s: float | None, provider: Provider) -> Transient | SourceError:
    """What to raise for a status that is no answer; ``asked_s`` is how long the provider wants to be left alone."""
    source, label = provider.source, provider.label
    if status not in (429, 503) and not (status == 403 and asked_s is not None):
        error = SourceError(source, f"{label} said {status}{phrase(status)}")
        return Transient(error) if status >= 500 else error
    wait_s = UNTOLD_WAIT_S if asked_s is None else asked_s
    words = f" and asks for {in_words(wait_s)}" if asked_s is not None else phrase(status)
    return Transient(SourceRateLimited(source, f"{label} said {status}{words}", wait_s), told=asked_s is not None)


def _unreachable(error: httpx2.ConnectError, provider: Provider) -> Transient | SourceUnreachable:
    """What to raise when there is no connection; a name without an address (getaddrinfo(3)) is not looked up again."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, socket.gaierror):
        cause = cause.__cause__ or cause.__context__
    reached = f"{provider.label} could not be reached"
    if cause is not None:
        return SourceUnreachable(provider.source, f"{reached}: no network, or the name does not resolve")
    return Transient(SourceUnreachable(provider.source, f"{reached} ({why(error)})"))
