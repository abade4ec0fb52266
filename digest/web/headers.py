"""What every answer says to browsers: run nothing, load nothing foreign, frame nothing, remember nothing."""

from __future__ import annotations

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Content Security Policy Level 3. Pages carry no script and no inline style; pictures are files or ``data:`` URLs."""

_ALWAYS = (
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    # Links carry a reader's right to act: no other site may learn them. (`no-referrer` makes forms say Origin: null.)
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
HSTS = "max-age=31536000"

RawHeaders = tuple[tuple[bytes, bytes], ...]


def security_headers(*, secure: bool) -> RawHeaders:
    """As ASGI sends them. An answer's own headers of the same name come first and win."""
    given = (*_ALWAYS, ("strict-transport-security", HSTS)) if secure else _ALWAYS
    return tuple((name.encode(), value.encode()) for name, value in given)


OPEN = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, Retry-After, X-Request-Id",
    "cross-origin-resource-policy": "cross-origin",
}
"""What scripts of every site may read (the Fetch standard's CORS): public data, which no cookie changes."""
PREFLIGHT = {
    **OPEN,
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "*, Authorization",
    "access-control-max-age": "86400",
    "allow": "GET, HEAD, OPTIONS",
}
"""Programs written for another service may send its password along; it is not looked at."""
