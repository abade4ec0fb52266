"""How to reach a relay: from ``mail`` or ``mail.fallback`` in the configuration, a preset, or both."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from digest.delivery.presets import PRESETS, Preset, preset_of_host
from digest.delivery.tokens import Tokens, tokens_of
from digest.errors import TransportError
from digest.settings.mail import PROVIDER_OF_PRESET, RelayConfig, TlsMode
from digest.settings.places import is_loopback
from digest.settings.servers import parse_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait in each phase. RFC 5321 §4.5.3.2: 5 min, 3 min per block of data, and 10 min after the dot.

    The dot gets the full ten minutes by default, because giving up there is what makes a delivery uncertain; a command
    gets less, because giving up there costs nothing but a retry.
    """

    connect_s: float = 30.0
    command_s: float = 60.0
    stall_s: float = 180.0
    """Without a byte of the content being taken."""
    dot_s: float = 600.0
    quit_s: float = 5.0

    @classmethod
    def scaled(cls, timeout_s: float) -> Timeouts:
        """All of them from the one figure in the configuration; 60 s gives the defaults."""
        return cls(
            connect_s=timeout_s / 2,
            command_s=timeout_s,
            stall_s=3 * timeout_s,
            dot_s=10 * timeout_s,
            quit_s=min(5.0, timeout_s),
        )

    @property
    def transaction_s(self) -> float:
        """The longest that one message can take, but for its content."""
        return 4 * self.command_s + self.stall_s + self.dot_s


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    host: str
    port: int
    tls: TlsMode
    username: str | None = None
    password: str | None = None
    tokens: Tokens | None = None
    """Instead of a password."""
    ca_file: Path | None = None
    local_name: str = "[127.0.0.1]"
    timeouts: Timeouts = Timeouts()
    preset: Preset | None = None

    def __repr__(self) -> str:
        return f"SmtpSettings({self.relay}, tls={self.tls})"

    @property
    def relay(self) -> str:
        """Its name in the circuit and in reports, without the password."""
        scheme = "smtps" if self.tls is TlsMode.TLS else "smtp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{f'{self.username}@' if self.username else ''}{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendmailSettings:
    """A command and its arguments; ``{sender}`` and ``{recipient}`` in them are filled in for every message."""

    command: tuple[str, ...]
    timeout_s: float = 600.0
    """For one message, from start to exit."""

    @property
    def relay(self) -> str:
        """Its name in the circuit and in reports."""
        return f"sendmail:{self.command[0]}"


def smtp_settings(relay: RelayConfig) -> SmtpSettings:
    """Resolve server, preset and TLS mode.

    Raises:
        TransportError: no server, or a URL that is none.
    """
    preset = PRESETS[relay.preset] if relay.preset else None
    if relay.server is None:
        if preset is None:
            raise TransportError(
                "mail.server is missing", "write smtp://user@host:587, smtps://user@host:465, or mail.preset: gmail"
            )
        host, port, tls, username = preset.host, preset.port, preset.tls, None
    else:
        host, port, tls, username = _place(relay.server)
    preset = preset or preset_of_host(host)
    return SmtpSettings(
        host=host,
        port=port,
        tls=relay.tls or tls,
        username=relay.username or username,
        password=relay.password,
        tokens=tokens_of(relay.oauth, provider=PROVIDER_OF_PRESET.get(preset.name if preset else None))
        if relay.oauth
        else None,
        ca_file=relay.ca_file,
        local_name=local_name(),
        timeouts=Timeouts.scaled(relay.timeout_s),
        preset=preset,
    )


def _place(server: str) -> tuple[str, int, TlsMode, str | None]:
    try:
        url = parse_server(server)
    except ValueError as error:
        raise TransportError(f"mail.server {error}") from error
    if url.scheme == "smtps":
        tls, usual = TlsMode.TLS, 465
    elif is_loopback(url.host):
        tls, usual = TlsMode.NONE, 25
    else:
        tls, usual = TlsMode.STARTTLS, 587
    return url.host, url.port or usual, tls, url.username


def local_name() -> str:
    """What to say in EHLO: this machine's name if it is a full one, else an address literal (RFC 5321 §4.1.3).

    No DNS: ``socket.getfqdn`` waits for resolvers that do not answer.
    """
    name = socket.gethostname()
    labels = name.split(".")
    proper = all(label.isascii() and label.replace("-", "a").isalnum() for label in labels)
    return name if proper and len(labels) > 1 else "[127.0.0.1]"
