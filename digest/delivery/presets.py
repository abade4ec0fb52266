"""Well-known mail accounts: where they are reached, what their passwords need, how much they take. Pure data.

Servers: support.google.com/mail/answer/7126229 and /185833 (Gmail), support.microsoft.com "POP, IMAP and SMTP settings
for Outlook.com" and the retirement of Basic authentication in Exchange Online, fastmail.help "Server names and ports".

Limits: Gmail 500 messages in a rolling 24 hours (support.google.com/mail/answer/22839; Workspace 2,000,
support.google.com/a/answer/166852). Microsoft 365 three connections, 30 messages a minute, 10,000 recipients a day
(learn.microsoft.com "Message storage and concurrent connection throttling for SMTP Authenticated Submission").
Outlook.com 5,000 recipients a day for subscribers and "lower" without a figure for others (support.microsoft.com
"Sending limits in Outlook.com"): 300 is what free accounts are commonly found to have. Fastmail's differ by plan
(fastmail.help "Account limits"), so none is set here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digest.settings.mail import RelayConfig, TlsMode
from digest.settings.servers import parse_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    name: str
    host: str
    port: int
    tls: TlsMode
    login_advice: str
    """What to do when the server refuses the password."""
    connections: int | None = None
    per_second: float | None = None
    per_day: int | None = None
    """Messages in any 24 hours; for a paid account that may send more, mail.per_day says so."""


MICROSOFT = (
    "Microsoft takes OAuth2 only, and has ended passwords for SMTP or is about to: set mail.oauth instead of "
    "mail.password; an organisation must also allow SMTP AUTH for the mailbox"
)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="gmail",
            host="smtp.gmail.com",
            port=465,
            tls=TlsMode.TLS,
            login_advice=(
                "Gmail needs an app password: turn on 2-step verification, make one at "
                "myaccount.google.com/apppasswords, and use its 16 letters instead of your own password"
            ),
            per_day=500,
        ),
        Preset(
            name="outlook",
            host="smtp-mail.outlook.com",
            port=587,
            tls=TlsMode.STARTTLS,
            login_advice=MICROSOFT,
            connections=3,
            per_second=0.5,
            per_day=300,
        ),
        Preset(
            name="microsoft365",
            host="smtp.office365.com",
            port=587,
            tls=TlsMode.STARTTLS,
            login_advice=MICROSOFT,
            connections=3,
            per_second=0.5,
            per_day=10_000,
        ),
        Preset(
            name="fastmail",
            host="smtp.fastmail.com",
            port=465,
            tls=TlsMode.TLS,
            login_advice=(
                "Fastmail needs an app password with access to SMTP: Settings, Privacy & Security, "
                "Manage app passwords and access"
            ),
        ),
        Preset(
            name="local",
            host="localhost",
            port=25,
            tls=TlsMode.NONE,
            login_advice="a local relay takes mail from this machine without a password: remove mail.username",
        ),
    )
}


def preset_of_host(host: str) -> Preset | None:
    """The preset behind a host name that was written out, so that its advice is found all the same."""
    host = host.lower().rstrip(".")
    for preset in PRESETS.values():
        if preset.name != "local" and host == preset.host:
            return preset
    if host.endswith((".gmail.com", ".googlemail.com")):
        return PRESETS["gmail"]
    if host.endswith((".outlook.com", ".hotmail.com")):
        return PRESETS["outlook"]
    return PRESETS["microsoft365"] if host.endswith(".office365.com") else None


def preset_of(relay: RelayConfig) -> Preset | None:
    """The preset that a relay's configuration names, or whose host it writes out; None for any other server."""
    if relay.preset is not None:
        return PRESETS[relay.preset]
    return preset_of_host(parse_server(relay.server).host) if relay.server else None
