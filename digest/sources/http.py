"""The one client that talks to providers, and does so politely.

    get ──▶ take a turn ──▶ ask ──▶ follow? retry? wait? ──▶ Answer | SourceError

* Identifies itself, with a contact (arXiv, Crossref and Hugging Face ask for that).
* One request at a time per pace key, over all processes on one store and over restarts: digest.sources.turns.
* Conditional requests; Retry-After is obeyed by everyone, waited out when short.
* Redirects and attempts are bounded; what bounds one answer is in digest.sources.exchange.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

import httpx2
import stamina

from digest import __version__
from digest.errors import SourceError, SourceRateLimited
from digest.sources.exchange import Answer, Limits, Question, Transient, exchange
from digest.sources.headers import is_web_address
from digest.sources.pace import Provider, pace_of
from digest.sources.turns import LEASE_S, Ledger, Turn, Turns

__all__ = ["Answer", "PoliteClient"]

logger = logging.getLogger(__name__)

MAX_REDIRECTS = 5


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    logger.info("%s; asked again in %.1f s", details.caused_by, details.wait_for)


def _address(url: str, params: Mapping[str, str] | None, provider: Provider) -> httpx2.URL:
    """
    Raises:
        SourceError: there is nobody to ask.
    """
    try:
        address = httpx2.URL(url)
        address = address.copy_merge_params(dict(params)) if params else address  # what the address brings stays
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceError(provider.source, f"{url[:200]!r} is not a web address") from error
    if not is_web_address(address):
        raise SourceError(provider.source, f"{url[:200]!r} is not a web address")
    return address


def _check(headers: Mapping[str, str] | None, provider: Provider) -> None:
    """
    Raises:
        SourceError: a key that would break the request.
    """
    if not all(value.isascii() and value.isprintable() for value in (headers or {}).values()):
        raise SourceError(provider.source, f"{provider.label}: the key holds characters that no key has")


# stamina's own hook warns of every retry without its reason; what matters is in the report of the source.
stamina.instrumentation.set_on_retry_hooks([_tell_retry])


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class PoliteClient:
    """An async context manager around one httpx2 client.

    Args:
        contact: address or URL of the operator, for the User-Agent.
        timeout_s: longest silence while connecting or reading; ``total_s``: longest time for one whole answer.
        max_bytes: longest body, after decompression.
        patience_s: a Retry-After or queue up to this long is waited out, a longer one is an error.
        attempts, backoff_s: for what may pass (transport errors, 5xx, throttling); the first wait, doubled with jitter.
        lease_s: how long a turn lasts that nobody renews; see digest.sources.turns.
        clock, sleep: time, for tests.
        transport: what carries requests; another one records them, or leads them to a loopback server.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        contact: str = "",
        timeout_s: float = 30.0,
        total_s: float | None = None,
        max_bytes: int = 50_000_000,
        patience_s: float = 60.0,
        attempts: int = 3,
        backoff_s: float = 1.0,
        lease_s: float = LEASE_S,
        clock: Callable[[], dt.datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._ledger = ledger
        self._limits = Limits(
            silence_s=timeout_s, total_s=total_s if total_s is not None else 6 * timeout_s, max_bytes=max_bytes
        )
        self._patience_s = patience_s
        self._attempts = attempts
        self._backoff_s = backoff_s
        self._clock = clock
        self._turns = Turns(ledger, patience_s=patience_s, lease_s=lease_s, clock=clock, sleep=sleep)
        about = " ".join(contact.encode("ascii", "ignore").decode().split())
        self._http = httpx2.AsyncClient(
            headers={"User-Agent": f"paper-digest/{__version__}" + (f" (+{about})" if about else "")},
            timeout=httpx2.Timeout(timeout_s),
            # An idle connection is a connection too, and arXiv wants one at a time over all its hosts.
            limits=httpx2.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def get(
        self,
        url: str,
        provider: Provider,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        conditional: bool = True,
        hand_back: frozenset[int] = frozenset(),
    ) -> Answer:
        """Ask for one address.

        Args:
            headers: may hold a key, therefore no redirect is followed.
            conditional: send the validators of the last stored answer; 304 gives ``not_modified``.
            hand_back: statuses that the caller wants to read instead of having them raised.

        Raises:
            SourceRateLimited: the provider wants to be left alone for longer than ``patience_s``.
            SourceUnreachable: nobody answers.
            SourceError: everything else that is not an answer.
        """
        address = _address(url, params, provider)
        known = await asyncio.to_thread(self._ledger.validators, str(address)) if conditional else None
        _check(headers, provider)
        question = Question(
            first=address, provider=provider, known=known, hand_back=hand_back, headers=dict(headers or {})
        )
        return await self._answer(question)

    async def post(
        self,
        url: str,
        provider: Provider,
        payload: Mapping[str, object],
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        hand_back: frozenset[int] = frozenset(),
    ) -> Answer:
        """Put a question that is too long for an address, as JSON. It must change nothing there: it may be put twice.

        Args:
            headers: may hold a key, therefore no redirect is followed.
            hand_back: as for :meth:`get`.

        Raises:
            SourceError: as :meth:`get` does.
        """
        _check(headers, provider)
        question = Question(
            first=_address(url, params, provider),
            provider=provider,
            hand_back=hand_back,
            payload=json.dumps(payload).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        return await self._answer(question)

    async def head(self, url: str, provider: Provider) -> Answer:
        """See whether anybody answers there, with whatever status and wherever it may lead; nothing is downloaded.

        Raises:
            SourceError: as :meth:`get` does when nobody answers, or wants to be left alone.
        """
        any_status = frozenset(range(300, 600)) - {429, 503}
        address = _address(url, None, provider)
        return await self._answer(Question(first=address, provider=provider, hand_back=any_status, head_only=True))

    async def leave_alone(self, provider: Provider, wait_s: float) -> None:
        """Nobody asks this provider for so long: for those that say so in an answer with status 200."""
        until = self._clock() + dt.timedelta(seconds=wait_s)
        await asyncio.to_thread(self._ledger.postpone, pace_of(provider.host, provider)[0], until)

    async def _answer(self, question: Question) -> Answer:
        """Ask until there is an answer or nothing more to try."""
        try:
            async for attempt in stamina.retry_context(
                on=Transient,
                attempts=self._attempts,
                timeout=self._limits.silence_s,  # whoever has been silent for that long is not asked again
                wait_initial=self._backoff_s,
                wait_max=self._backoff_s * 8,
                wait_jitter=self._backoff_s,
            ):
                with attempt:
                    return await self._follow(question)
        except Transient as transient:
            if isinstance(transient.error, SourceRateLimited):
                # Remembered across restarts, also where the provider named no time.
                until = self._clock() + dt.timedelta(seconds=transient.error.retry_after_s)
                await asyncio.to_thread(
                    self._ledger.postpone, pace_of(question.first.host, question.provider)[0], until
                )
            raise transient.error from transient.__cause__
        raise AssertionError("stamina ends with a result or an error")

    async def _follow(self, question: Question) -> Answer:
        url, provider = question.first, question.provider
        for _ in range(MAX_REDIRECTS + 1):
            key, pace_s = pace_of(url.host, provider)
            async with self._turns.take(key, pace_s, provider) as turn:
                found = await self._ask(question, url, key, turn)
            if isinstance(found, Answer):
                return found
            if question.headers:
                raise SourceError(provider.source, f"{provider.label} redirects a request that carries a key; refused")
            url = found
        raise SourceError(provider.source, f"{provider.label} redirects in circles")

    async def _ask(self, question: Question, url: httpx2.URL, key: str, turn: Turn) -> Answer | httpx2.URL:
        """One exchange; a wait that the provider names is remembered at once, and too long a one is an error."""
        try:
            return await exchange(self._http, question, url, limits=self._limits, now=self._clock, sent=turn.sent)
        except Transient as transient:
            if not (transient.told and isinstance(transient.error, SourceRateLimited)):
                raise
            wait_s = transient.error.retry_after_s
            await asyncio.to_thread(self._ledger.postpone, key, self._clock() + dt.timedelta(seconds=wait_s))
            if wait_s <= self._patience_s:
                raise
            raise transient.error from None
