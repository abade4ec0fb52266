"""Well-known mail accounts: where they are reached, and what their passwords need. Pure data.

Sources: support.google.com/mail/answer/7126229 and /185833 (Gmail), support.microsoft.com "POP, IMAP and SMTP settings
for Outlook.com" and the retirement of Basic authentication in Exchange Online, fastmail.help "Server names and ports".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digest.settings.mail import TlsMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    name: str
    host: str
    port: int
    tls: TlsMode
    login_advice: str
    """What to do when the server refuses the password."""
    daily_limit: int | None = None
    """Messages a day on a free account, as far as the provider says."""


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
            daily_limit=500,
        ),
        Preset(
            name="outlook",
            host="smtp-mail.outlook.com",
            port=587,
            tls=TlsMode.STARTTLS,
            login_advice=(
                "Microsoft is ending passwords for SMTP: on a personal account try an app password "
                "(account.microsoft.com, Security, Advanced security options); a Microsoft 365 account accepts only "
                "OAuth2, which this program does not speak, so use another account or your organisation's relay"
            ),
            daily_limit=300,
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
    if host.endswith((".outlook.com", ".office365.com", ".hotmail.com")):
        return PRESETS["outlook"]
    return None
