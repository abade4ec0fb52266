"""One request to an address that the operator configured: a webhook for alerts, or a heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2

from digest.errors import TransportError

TIMEOUT_S = 10.0
"""For all of it: a pass does not wait for somebody else's service."""


def call(url: str, payload: Mapping[str, object] | None = None) -> None:
    """POST ``payload`` as JSON, or GET without one. Redirects are not followed: they would leave the configured place.

    Raises:
        TransportError: no answer, or another status than 2xx. The message names the host alone: the path is a secret.
    """
    host = urlsplit(url).hostname or "?"
    try:
        with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
            answer = client.get(url) if payload is None else client.post(url, json=dict(payload))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise TransportError(f"{host} did not answer: {type(error).__name__}") from error
    if not answer.is_success:
        raise TransportError(f"{host} answered {answer.status_code}")
