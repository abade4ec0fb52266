"""What HTTP headers say, and what of it is believed."""

from __future__ import annotations

import re
from http import HTTPStatus

import httpx2

from digest.errors import SourceError
from digest.model import Validators
from digest.sources.pace import Provider, is_private
from digest.sources.text import decode

_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
"""A host name in its ASCII form, or an IPv6 address without its brackets."""

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


def is_web_address(url: httpx2.URL) -> bool:
    """Whether there is anybody to ask: http or https, and a host that DNS could know."""
    return url.scheme in ("http", "https") and _HOST.fullmatch(url.raw_host) is not None


def conditions(known: Validators | None) -> dict[str, str]:
    """Request headers that make a request conditional (RFC 9110 section 13.1)."""
    headers = {"Accept": "*/*"}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def validators_of(url: str, headers: httpx2.Headers) -> tuple[Validators, ...]:
    """What a response offers for the next conditional request; values that could not be sent back are dropped."""
    etag, modified = (
        value if value and value.isascii() and value.isprintable() and len(value) <= 500 else None
        for value in (headers.get("ETag"), headers.get("Last-Modified"))
    )
    return (Validators(url=url, etag=etag, last_modified=modified),) if etag or modified else ()


def redirected(url: httpx2.URL, location: str, provider: Provider) -> httpx2.URL:
    """Where a redirect leads.

    Raises:
        SourceError: nowhere we would go: another scheme, away from https, or from outside into a private network.
    """
    source, label = provider.source, provider.label
    try:
        target = url.join(location)
        usable = is_web_address(target)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceError(source, f"{label} redirects to something that is not a web address") from error
    if not usable:
        raise SourceError(source, f"{label} redirects to something that is not a web address")
    if url.scheme == "https" and target.scheme == "http":
        raise SourceError(source, f"{label} redirects from https to http; refused")
    if is_private(target.host) and not is_private(url.host):
        raise SourceError(source, f"{label} redirects into a private network; refused")
    return target


def in_utf8(data: bytes, charset: str | None) -> bytes:
    """A body in UTF-8 if its header names another charset.

    The header outranks what XML declares, and a byte order mark outranks both (RFC 7303 section 3); so the
    result carries one. What is valid UTF-8 stays as it is: servers add ``iso-8859-1`` to everything.
    """
    if charset is None or charset.lower() in ("utf-8", "utf8", "us-ascii", "ascii"):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return b"\xef\xbb\xbf" + decode(data, charset).encode("utf-8", "replace")
    return data


def phrase(status: int) -> str:
    """`` (Not Found)`` for 404; nothing for a status that has no name."""
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def why(error: Exception) -> str:
    """The reason that an exception gives, in one short line without the system's number for it."""
    return _ERRNO.sub("", " ".join(str(error).split()))[:100] or type(error).__name__
