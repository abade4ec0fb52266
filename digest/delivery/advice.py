"""A server's answer, translated for the person who set up the account: what it means and what to do. Pure."""

from __future__ import annotations

from digest.delivery.presets import Preset
from digest.delivery.replies import Phase, Reply, classify
from digest.model import DeliveryState
from digest.refusals import why
from digest.refusals.words import FULL, LATER, LIMIT

NO_HOST = ("name or service not known", "nodename nor servname", "getaddrinfo", "no address", "name resolution")


def advice(reply: Reply, preset: Preset | None = None, *, by_token: bool = False) -> str:
    """What to do about ``reply``, in one or two sentences without it. ``by_token``: the login is OAuth2."""
    if reply.phase is Phase.CONNECT:
        return _connect(reply)
    if reply.phase is Phase.EHLO:
        return "the server does not take our greeting; is this the port of a mail server?"
    if reply.phase is Phase.TLS:
        return _tls(reply)
    if reply.phase is Phase.AUTH:
        return _auth_by_token(reply) if by_token else _auth(reply, preset)
    if reply.code is None:
        if reply.phase is Phase.DOT:
            return "the message may or may not have arrived: look into the inbox before sending it again"
        return "the connection ended before the message was handed over; it is safe to try again"
    if reply.code < 400 and reply.phase is Phase.DOT:
        return "the server took the message; look into the inbox, and into the spam folder"
    return _refused(reply, reply.code, preset)


def _connect(reply: Reply) -> str:
    text = reply.text.lower()
    if reply.code is not None:
        return "the server turns this machine away for now; wait, or use a port for submission (465 or 587)"
    if any(sign in text for sign in NO_HOST):
        return "no such host: check the name in mail.server, and whether this machine has DNS"
    if "refused" in text:
        return "nothing listens there: check host and port (465 for smtps://, 587 for smtp://)"
    if "timed out" in text or "no answer" in text or "unreachable" in text:
        return (
            "no answer: a firewall may be in the way, many networks close port 25; try 465 (smtps://) or 587 (smtp://)."
            " A server that speaks nothing but TLS stays silent to smtp://"
        )
    return _tls(reply) if "certificate" in text or "ssl" in text else "check mail.server"


def _tls(reply: Reply) -> str:
    text = reply.text.lower()
    if "not offered" in text:
        return (
            "STARTTLS is required and not offered, or something on the way strips it; nothing was sent unencrypted. "
            "Use smtps:// on port 465, or mail.tls: none if the relay is your own and the network is too"
        )
    if "wrong version number" in text or "record layer failure" in text:
        return "that port does not start with TLS: write smtp:// (STARTTLS, port 587) instead of smtps://"
    if "self-signed" in text or "self signed" in text or "unable to get local issuer" in text:
        return "the certificate is signed by nobody this machine trusts: name your own authority in mail.ca_file"
    if "mismatch" in text or "not valid for" in text:
        return "the certificate is for another name: use the host name that it was made for"
    if "expired" in text:
        return "the server's certificate has expired, or this machine's clock is wrong"
    return "no secure connection could be made; nothing was sent unencrypted"


def _auth(reply: Reply, preset: Preset | None) -> str:
    extra = f"; {preset.login_advice}" if preset else ""
    if reply.code is None and "not offered" in reply.text.lower():
        return "the server offers no login here: it may want TLS first, or needs none (then remove mail.username)"
    if reply.code is not None and 400 <= reply.code < 500:
        return "the server cannot check logins right now, or has seen too many; wait some minutes"
    if reply.code in (534, 535) or (reply.status or "").startswith("5.7."):
        return f"the server refused user name or password{extra}"
    return f"the login did not work{extra}"


def _auth_by_token(reply: Reply) -> str:
    if reply.code is None and "offer" in reply.text:
        return "the server knows no login by token here: it may want TLS first, or a password (mail.password)"
    if reply.code is not None and 400 <= reply.code < 500:
        return "the server cannot check logins right now, or has seen too many; wait some minutes"
    return (
        "the server refused the access token: it must have been given for this user (mail.username) and for sending "
        "mail (Google: https://mail.google.com/, Microsoft: SMTP.Send), and the account must allow SMTP"
    )


def _refused(reply: Reply, code: int, preset: Preset | None) -> str:
    outcome, status, text = classify(reply), reply.status or "", reply.text
    if code == 535:
        return _auth(reply, preset)
    limit = f" ({preset.per_day:,} messages a day)" if preset and preset.per_day else ""
    answers = (
        (code in (530, 538), "the server wants a login first: set mail.username and mail.password"),
        (
            LIMIT.search(text) or status == "5.4.5",
            f"your account is over its sending limit{limit}; wait, or set mail.per_day and mail.per_second",
        ),
        (reply.phase is Phase.CHECK, "this message cannot be sent through this server"),
        (
            reply.phase is Phase.MAIL and outcome.relay_fault,
            "the server takes no mail from this sender: mail.from must be an address of the account you log in to",
        ),
        (outcome.state is DeliveryState.SUPPRESSED, "there is no such mailbox: check the address"),
        (
            FULL.search(text) or status.endswith(".2.2"),
            "the mailbox is full; it is tried again until the next edition is due",
        ),
        (
            code < 500 or LATER.search(text),
            "the server asks to come back later, as greylisting does; it is tried again by itself",
        ),
        (
            code == 552 or status.endswith(".3.4"),
            "the message is too large for this server: fewer papers make it smaller",
        ),
        (
            "relay" in text.lower(),
            "the server takes mail for its own users only: log in (mail.username), or use your provider's server",
        ),
        (
            why(text, code=code, status=reply.status).is_ours or status.startswith("5.7."),
            "the server's policy refuses the message, not the address: does mail.from belong to the account? SPF?",
        ),
    )
    return next((words for applies, words in answers if applies), "the server refused the message for good")
