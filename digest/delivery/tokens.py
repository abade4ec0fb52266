"""Access tokens for a login with OAuth2 (RFC 6749): given by somebody else, or fetched with a refresh token.

A token is fetched once for all connections and kept until shortly before it expires. A provider that gives out a new
refresh token with it (Microsoft does) expects the old one to be forgotten some day, so the new one is kept as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from digest.errors import TransportError
from digest.refusals import legible
from digest.settings.oauth import PROVIDERS, OauthConfig, ProviderName, RefreshToken, TokenPlace

logger = logging.getLogger(__name__)

ANSWER_S = 30.0
"""For a token endpoint, or a command that prints a token."""
EARLY_S = 120.0
"""A token is not used in its last two minutes: a login takes time, and clocks differ."""
USUAL_LIFE_S = 3600.0
"""Where the provider does not say, as RFC 6749 §5.1 allows."""
MOST_BYTES = 64 * 1024
PLAUSIBLE = re.compile(r"[!-~]{1,16384}")
"""RFC 6750 §2.1 allows less; what matters is that nothing can leave its place in the SASL string."""


class Tokens(Protocol):
    async def get(self, *, instead_of: str | None = None) -> str:
        """A token to log in with; another one than ``instead_of``, which was refused, if there is another.

        Raises:
            TransportError: there is none to be had.
        """
        ...


def tokens_of(config: OauthConfig, *, provider: ProviderName | None) -> Tokens:
    """``provider`` is the one that the account's preset implies.

    Raises:
        TransportError: nothing says where tokens are fetched.
    """
    if config.token is not None:
        return GivenTokens(config.token)
    name = config.provider or provider
    known = PROVIDERS[name] if name else None
    url = config.token_url or (known.url if known else None)
    if url is None or config.refresh_token is None or config.client_id is None:
        raise TransportError("mail.oauth does not say where tokens are fetched", "write provider: google, or token_url")
    return FetchedTokens(
        url=url,
        client_id=config.client_id,
        client_secret=config.client_secret,
        refresh_token=config.refresh_token,
        scope=config.scope or (known.scope if known else None),
    )


class GivenTokens:
    """Asked for at every login: whoever keeps the token fresh knows best how long it lives."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place

    async def get(self, *, instead_of: str | None = None) -> str:
        if self._place.command:
            return _plausible(await _printed(self._place.command), "mail.oauth.token: the command printed")
        if self._place.file is not None:
            try:
                text = await asyncio.to_thread(self._place.file.read_text, "utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or error
                raise TransportError(f"mail.oauth.token: {self._place.file}: {reason}", "is it kept there?") from error
            return _plausible(text, f"mail.oauth.token: {self._place.file} holds")
        return _plausible(self._place.text or "", "mail.oauth.token: the variable holds")


async def _printed(command: tuple[str, ...]) -> str:
    """What a command writes; it has our environment, since it may need a keyring or an agent."""
    advice = "run it by hand: it must print an access token and nothing else"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise TransportError(f"mail.oauth.token: {command[0]}: {error.strerror or error}", advice) from error
    try:
        async with asyncio.timeout(ANSWER_S):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise TransportError(f"mail.oauth.token: {command[0]} printed nothing in {ANSWER_S:g} s", advice) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if process.returncode:
        said = legible(err.decode("utf-8", "surrogateescape"))
        raise TransportError(f"mail.oauth.token: {command[0]} ended with {process.returncode}: {said}", advice)
    return out.decode("utf-8", "replace")


@dataclass(slots=True, kw_only=True)
class FetchedTokens:
    """Fetches with a refresh token, RFC 6749 §6. Outlives event loops, but serves one at a time."""

    url: str
    client_id: str
    client_secret: str | None
    refresh_token: RefreshToken = field(repr=False)
    scope: str | None = None
    now_s: Callable[[], float] = time.monotonic
    _token: str = field(default="", repr=False)
    _good_until_s: float = 0.0
    _coming: asyncio.Task[str] | None = None

    async def get(self, *, instead_of: str | None = None) -> str:
        if self._token and self._token != instead_of and self.now_s() < self._good_until_s:
            return self._token
        if self._coming is None or self._coming.done():  # one fetch for all connections
            self._coming = asyncio.ensure_future(self._fetch())
            self._coming.add_done_callback(lambda task: task.cancelled() or task.exception())  # all may be gone
        return await asyncio.shield(self._coming)

    async def _fetch(self) -> str:
        form = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": self.refresh_token.text}
        if self.client_secret:
            form["client_secret"] = self.client_secret
        if self.scope:
            form["scope"] = self.scope
        answer = await _posted(self.url, form)
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise _refused(self.url, answer)
        life_s = answer.get("expires_in")
        life_s = float(life_s) if isinstance(life_s, int | float | str) and _is_number(life_s) else USUAL_LIFE_S
        self._token = _plausible(token, f"{self.url} gave")
        self._good_until_s = self.now_s() + max(life_s - EARLY_S, life_s / 2)
        following = answer.get("refresh_token")
        if isinstance(following, str) and following and following != self.refresh_token.text:
            self.refresh_token = await asyncio.to_thread(_keep, self.refresh_token, following)
        return self._token


def _is_number(value: float | str) -> bool:
    with contextlib.suppress(ValueError):
        return 0 < float(value) < 1e9
    return False


async def _posted(url: str, form: Mapping[str, str]) -> Mapping[str, object]:
    """The JSON object that a token endpoint answers, be it a token or an error (RFC 6749 §5)."""
    import httpx2  # 60 ms, and few accounts need it

    advice = "tokens are fetched there before every login; is the address right, and the network up?"
    try:
        async with (
            httpx2.AsyncClient(timeout=ANSWER_S, follow_redirects=False) as http,
            asyncio.timeout(ANSWER_S),
            http.stream("POST", url, data=dict(form), headers={"Accept": "application/json"}) as response,
        ):
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    break
    except TimeoutError as error:
        raise TransportError(f"{url} did not answer in {ANSWER_S:g} s", advice) from error
    except httpx2.HTTPError as error:
        raise TransportError(f"{url}: {legible(str(error)) or type(error).__name__}", advice) from error
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TransportError(f"{url} answered {response.status_code}, and not with a token", advice)
    return answer


REMEDIES = {
    "invalid_grant": "the refresh token has expired or was revoked (a new password does that): authorise again",
    "invalid_client": "mail.oauth.client_id or client_secret is not the one that the provider registered",
    "unauthorized_client": "this client may not do that: look at its registration with the provider",
    "invalid_scope": "mail.oauth.scope is not what was authorised",
}


def _refused(url: str, answer: Mapping[str, object]) -> TransportError:
    error = legible(str(answer.get("error", "no access_token")))
    told = legible(str(answer.get("error_description", "")))
    words = f"{url} refused: {error}" + (f": {told}" if told else "")
    return TransportError(words, REMEDIES.get(error, "the provider gave no token for this refresh token"))


def _keep(before: RefreshToken, following: str) -> RefreshToken:
    """Remember a new refresh token, in its file if it came from one."""
    if before.file is None:
        logger.warning("there is a new refresh token; write mail.oauth.refresh_token: {file: PATH} so that it is kept")
        return RefreshToken(text=following)
    try:
        _rewrite(before.file, following)
    except OSError as error:
        logger.warning("a new refresh token cannot be kept in %s: %s", before.file, error.strerror or error)
    return RefreshToken(text=following, file=before.file)


def _rewrite(path: Path, text: str) -> None:
    """Whole or not at all, and for nobody else's eyes (mkstemp makes it 0600)."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _plausible(text: str, where: str) -> str:
    token = text.strip()
    if not PLAUSIBLE.fullmatch(token):
        raise TransportError(f"{where} no access token", "a token is one word of ASCII")
    return token
