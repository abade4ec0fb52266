"""How a relay is reached: URLs, presets, TLS by scheme, addresses on the wire."""

from __future__ import annotations

import pytest

from digest.delivery.mailbox import UnsendableError, wire_address
from digest.delivery.settings import Timeouts, smtp_settings
from digest.delivery.transports import relays_of, transport_of
from digest.errors import TransportError
from digest.settings.mail import MailConfig, TlsMode, TransportKind
from digest.store.outbox import canonical_address


@pytest.mark.parametrize(
    ("server", "host", "port", "tls", "username"),
    [
        ("smtp://mail.uni.example", "mail.uni.example", 587, TlsMode.STARTTLS, None),
        ("smtps://ada@uni.example@mail.uni.example", "mail.uni.example", 465, TlsMode.TLS, "ada@uni.example"),
        ("smtp://ada%40uni.example@mail.uni.example:25", "mail.uni.example", 25, TlsMode.STARTTLS, "ada@uni.example"),
        ("smtp://localhost", "localhost", 25, TlsMode.NONE, None),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, TlsMode.NONE, None),
        ("smtp://[::1]:2525", "::1", 2525, TlsMode.NONE, None),
    ],
)
def test_server_urls(server: str, host: str, port: int, tls: TlsMode, username: str | None) -> None:
    """The scheme decides about TLS and port; loopback needs neither."""
    settings = smtp_settings(MailConfig(transport=TransportKind.SMTP, server=server))
    assert (settings.host, settings.port, settings.tls, settings.username) == (host, port, tls, username)


def test_a_preset_fills_in_the_server() -> None:
    """`preset: gmail` is enough to reach Gmail."""
    mail = MailConfig(transport=TransportKind.SMTP, preset="gmail", username="ada@gmail.com", password="hush")
    settings = smtp_settings(mail)
    assert (settings.host, settings.port, settings.tls) == ("smtp.gmail.com", 465, TlsMode.TLS)
    assert "hush" not in repr(settings)
    assert transport_of(mail).name == "smtps://ada@gmail.com@smtp.gmail.com:465"


def test_a_preset_brings_its_provider_s_limits() -> None:
    """What the configuration says wins, but for connections, of which a provider allows no more to anybody."""
    account = {"transport": "smtp", "preset": "outlook", "username": "ada@outlook.com", "password": "hush"}
    (relay,) = relays_of(MailConfig.model_validate(account))
    assert (relay.connections, relay.per_second, relay.per_day) == (3, 0.5, 300)
    (relay,) = relays_of(MailConfig.model_validate(account | {"per_day": 5000, "per_second": 0.2, "connections": 1}))
    assert (relay.connections, relay.per_second, relay.per_day) == (1, 0.2, 5000)
    written_out = MailConfig.model_validate({"transport": "smtp", "server": "smtps://ada@gmail.com@smtp.gmail.com"})
    assert relays_of(written_out)[0].per_day == 500


def test_without_server_and_preset_it_says_so() -> None:
    """`transport: smtp` alone names what is missing."""
    with pytest.raises(TransportError, match=r"mail\.server is missing"):
        transport_of(MailConfig(transport=TransportKind.SMTP))


def test_the_default_waits_ten_minutes_after_the_dot() -> None:
    """RFC 5321 §4.5.3.2.6 asks for it: giving up sooner makes deliveries uncertain."""
    assert Timeouts.scaled(60.0) == Timeouts()
    assert Timeouts().dot_s == 600


@pytest.mark.parametrize(
    ("address", "wire", "utf8"),
    [
        ("ada@uni.example", b"ada@uni.example", False),
        ("ada@münchen.example", b"ada@xn--mnchen-3ya.example", False),
        ("jürgen@uni.example", "jürgen@uni.example".encode(), True),
        ("ada@[192.0.2.1]", b"ada@[192.0.2.1]", False),
    ],
)
def test_addresses_on_the_wire(address: str, wire: bytes, utf8: bool) -> None:
    """Domains are written in ASCII; only a local part beyond it needs SMTPUTF8."""
    assert wire_address(address) == (wire, utf8)


@pytest.mark.parametrize(
    "address",
    ["", "ada", "a b@uni.example", "a@b\r\nRCPT TO:<eve@x>", "<a@b>", "a@" + "b" * 300, "a@\udcff.example", "a@-ü-.x"],
)
def test_what_is_no_address_never_reaches_the_wire(address: str) -> None:
    """Line breaks, brackets, spaces and overlong addresses are refused before a byte is sent."""
    with pytest.raises(UnsendableError, match=r"^5\.1\.[23] "):
        wire_address(address)


def test_spellings_of_an_address_are_one() -> None:
    """Suppression holds for an address however it is written."""
    spellings = {"Ada@Münster.example", "ada@xn--mnster-3ya.example", " ADA@MÜNSTER.EXAMPLE "}
    assert {canonical_address(spelling) for spelling in spellings} == {"ada@xn--mnster-3ya.example"}
