"""Login with an access token: the SASL mechanisms XOAUTH2 and OAUTHBEARER.

Sources: developers.google.com "OAuth 2.0 Mechanism" (XOAUTH2, which Microsoft speaks too), RFC 7628 (OAUTHBEARER),
RFC 4954 (AUTH). A refusal comes in two steps: a challenge whose JSON says why, and after our empty answer the 535.
"""

from __future__ import annotations

import base64
import binascii
import json

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPResponse
from aiosmtplib.auth import auth_xoauth2_encode

from digest.refusals import legible

MECHANISMS = ("xoauth2", "oauthbearer")
"""In the order of preference: the older one is what Gmail and Microsoft both document."""
SUCCESS, CHALLENGE = 235, 334


async def log_in_by_token(client: SMTP, mechanism: str, *, username: str, token: str, host: str, port: int) -> None:
    """Log in with one of ``MECHANISMS``.

    Raises:
        SMTPAuthenticationError: refused; the message holds what the challenge said.
    """
    if mechanism == "xoauth2":
        initial, last = auth_xoauth2_encode(username, token), b""
    else:
        initial, last = oauthbearer(username, token, host=host, port=port), base64.b64encode(b"\x01")
    reply = await client.execute_command(b"AUTH", mechanism.upper().encode(), initial)
    told = ""
    if reply.code == CHALLENGE:
        told = reason_in(reply.message)
        reply = await client.execute_command(last)
    if reply.code != SUCCESS:
        raise _refusal(reply, told)


def oauthbearer(username: str, token: str, *, host: str, port: int) -> bytes:
    """The initial response of RFC 7628 §3.1, in base64; ``,`` and ``=`` in a name are escaped as RFC 5801 §4 asks."""
    name = username.replace("=", "=3D").replace(",", "=2C")
    return base64.b64encode(f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode())


def reason_in(challenge: str) -> str:
    """What the JSON of a failed login says: ``status 401, scope https://mail.google.com/``; empty if nothing."""
    try:
        said = json.loads(base64.b64decode(challenge.strip(), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    return legible(", ".join(f"{key} {said[key]}" for key in ("status", "scope") if said.get(key)))


def _refusal(reply: SMTPResponse, told: str) -> SMTPAuthenticationError:
    return SMTPAuthenticationError(reply.code, f"{reply.message} ({told})" if told else reply.message)
