"""Login with OAuth2: the SASL strings on the wire, where tokens come from, and what is said when they are refused."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from digest.delivery.base import RelayError
from digest.delivery.replies import Phase, classify
from digest.delivery.sasl import oauthbearer, reason_in
from digest.delivery.settings import SmtpSettings, Timeouts
from digest.delivery.smtp import SmtpTransport
from digest.delivery.tokens import FetchedTokens, GivenTokens, Tokens, tokens_of
from digest.errors import TransportError
from digest.settings.mail import TlsMode
from digest.settings.oauth import OauthConfig, RefreshToken, TokenPlace
from tests.support.commands import stub
from tests.support.smtp_server import SmtpServer
from tests.support.token_server import TokenServer

QUICK = Timeouts(connect_s=5, command_s=5, stall_s=5, dot_s=5, quit_s=0.2)
USER = "ada@uni.example"


def transport(server: SmtpServer, tokens: Tokens) -> SmtpTransport:
    settings = SmtpSettings(
        host=server.host, port=server.port, tls=TlsMode.NONE, username=USER, tokens=tokens, timeouts=QUICK
    )
    return SmtpTransport(settings)


def log_in(subject: SmtpTransport, times: int = 1) -> None:
    async def run() -> None:
        for session in await asyncio.gather(*(subject.open() for _ in range(times))):
            await session.close()

    asyncio.run(run())


def refusal(subject: SmtpTransport) -> RelayError:
    with pytest.raises(RelayError) as caught:
        log_in(subject)
    assert caught.value.reply.phase is Phase.AUTH
    assert classify(caught.value.reply).relay_fault
    return caught.value


def fetched(url: str, *, token: str = "r1", file: Path | None = None) -> FetchedTokens:
    return FetchedTokens(
        url=url, client_id="us", client_secret="hush", refresh_token=RefreshToken(text=token, file=file), scope="send"
    )


# ── the wire ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("offered", [("XOAUTH2",), ("OAUTHBEARER",), ("PLAIN", "OAUTHBEARER", "XOAUTH2")])
def test_the_server_gets_the_string_that_it_wants(offered: tuple[str, ...]) -> None:
    """The scripted server compares all of it."""
    with SmtpServer(users={USER: "ya29.token"}, auth=offered) as server:
        log_in(transport(server, GivenTokens(TokenPlace(text="ya29.token"))))
        (auth,) = [command for command in server.commands if command.startswith("AUTH")]
        assert auth.split()[1] in {"XOAUTH2", "OAUTHBEARER"}


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_refused_token_is_explained(mechanism: str) -> None:
    """The challenge is answered as its mechanism asks, and what it said stands beside the 535."""
    with SmtpServer(users={USER: "good"}, auth=(mechanism,)) as server:
        error = refusal(transport(server, GivenTokens(TokenPlace(text="bad"))))
    assert "535 5.7.8 Username and Password not accepted (status 401, scope https://mail.example/)" in str(error)
    assert "mail.username" in error.advice
    assert "SMTP.Send" in error.advice


def test_a_server_without_oauth_says_what_it_has() -> None:
    """No password is tried in its place."""
    with SmtpServer(users={USER: "good"}, auth=("PLAIN", "LOGIN")) as server:
        error = refusal(transport(server, GivenTokens(TokenPlace(text="good"))))
        assert server.seen["auth"] == 0
    assert "offers only login, plain, no OAuth2" in str(error)


def test_names_are_escaped_in_oauthbearer() -> None:
    """RFC 5801 §4: a comma or an equals sign would end the name; the example is RFC 7628's own, §4.1."""
    import base64

    said = base64.b64decode(oauthbearer("user@example.com", "vF9dft4qmT", host="server.example.com", port=587))
    assert said == b"n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9dft4qmT\x01\x01"
    assert b"n,a=a=2Cb=3Dc,\x01" in base64.b64decode(oauthbearer("a,b=c", "t", host="h", port=1))


@pytest.mark.parametrize("challenge", ["", "!!!", "eyJ", "bnVsbA==", "WzFd", "W" * 5000, "e30="])
def test_a_challenge_that_says_nothing_is_passed_over(challenge: str) -> None:
    """Garbage is no reason to fail otherwise than by the 535."""
    assert reason_in(challenge) == ""


# ── fetching ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_fetched_once_for_all_connections_and_kept() -> None:
    """Four connections at once and four later: one request, with what the provider needs."""
    with (
        TokenServer({"access_token": "a1", "expires_in": 3600}) as endpoint,
        SmtpServer(users={USER: "a1"}, auth=("XOAUTH2",)) as server,
    ):
        subject = transport(server, fetched(endpoint.url))
        log_in(subject, 4)
        log_in(subject, 4)
        assert endpoint.asked == [
            {"grant_type": "refresh_token", "client_id": "us", "client_secret": "hush", "refresh_token": "r1",
             "scope": "send"}
        ]  # fmt: skip


def test_a_token_is_fetched_anew_before_it_expires() -> None:
    """Two minutes early; a token of unknown life is taken to live an hour."""
    now = 1000.0
    with TokenServer({"access_token": "a1", "expires_in": 600}, {"access_token": "a2"}) as endpoint:
        tokens = fetched(endpoint.url)
        tokens.now_s = lambda: now
        assert asyncio.run(tokens.get()) == "a1"
        now += 479
        assert asyncio.run(tokens.get()) == "a1"
        now += 2
        assert asyncio.run(tokens.get()) == "a2"
        now += 3400
        assert asyncio.run(tokens.get()) == "a2"
        assert len(endpoint.asked) == 2


def test_a_token_that_was_revoked_is_replaced_within_the_login() -> None:
    """The first one is refused although it should still be good; the fresh one is tried on the same connection."""
    answers = {"access_token": "old", "expires_in": 3600}, {"access_token": "new", "expires_in": 3600}
    with TokenServer(*answers) as endpoint, SmtpServer(users={USER: "new"}, auth=("XOAUTH2",)) as server:
        log_in(transport(server, fetched(endpoint.url)))
        assert (server.seen["auth"], server.seen["greeting"]) == (2, 1)


def test_a_refusal_is_not_repeated_for_ever() -> None:
    """Two tokens are tried, no more: each refusal counts towards a lockout."""
    with (
        TokenServer({"access_token": "a"}, {"access_token": "b"}) as endpoint,
        SmtpServer(users={USER: "c"}, auth=("XOAUTH2",)) as server,
    ):
        refusal(transport(server, fetched(endpoint.url)))
        assert server.seen["auth"] == 2


def test_a_new_refresh_token_replaces_the_old_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In its file, for nobody else to read; where there is no file it is used, and a warning says so."""
    file = tmp_path / "refresh"
    file.write_text("r1\n")
    answer = {"access_token": "a1", "refresh_token": "r2", "expires_in": 1}
    with TokenServer(answer) as endpoint:
        tokens = fetched(endpoint.url, file=file)
        asyncio.run(tokens.get())
        assert file.read_text() == "r2\n"
        assert file.stat().st_mode & 0o777 == 0o600
        assert tokens.refresh_token.text == "r2"
        with caplog.at_level(logging.WARNING):
            asyncio.run(fetched(endpoint.url).get())
    assert "there is a new refresh token" in caplog.text
    assert "r2" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "status", "said", "todo"),
    [
        ({"error": "invalid_grant", "error_description": "Token expired"}, 400, "Token expired", "authorise again"),
        ({"error": "invalid_client"}, 401, "invalid_client", "client_secret"),
        ({"error": ["odd"]}, 400, "odd", "gave no token"),
        ({}, 200, "no access_token", "gave no token"),
        ({"access_token": 7}, 200, "no access_token", "gave no token"),
        ({"access_token": "two words"}, 200, "gave no access token", "one word"),
        ({"access_token": "a\x01b"}, 200, "gave no access token", "one word"),
        ("<html>", 502, "answered 502, and not with a token", "is the address right"),
        ("[" * 100_000, 200, "and not with a token", "is the address right"),
        ("", 302, "answered 302", "is the address right"),
    ],
)
def test_what_a_provider_says_is_told(answer: dict[str, object] | str, status: int, said: str, todo: str) -> None:
    """Each refusal names the place and what to do; no secret is in it."""
    with TokenServer(answer, status=status) as endpoint, pytest.raises(TransportError) as caught:
        asyncio.run(fetched(endpoint.url).get())
    assert said in str(caught.value)
    assert todo in caught.value.advice
    assert "hush" not in str(caught.value)


def test_an_endpoint_that_is_not_there_pauses_the_relay() -> None:
    """It is an AUTH failure like any other: no delivery is to blame."""
    with SmtpServer(users={USER: "x"}, auth=("XOAUTH2",)) as server:
        error = refusal(transport(server, fetched("http://127.0.0.1:9/token")))
    assert "http://127.0.0.1:9/token" in str(error)


# ── given by somebody else ──────────────────────────────────────────────────────────────────────────────────


def test_a_command_prints_the_token(tmp_path: Path) -> None:
    """It runs at every login, so that a fresh token counts at once."""
    command = stub(tmp_path, "import sys; print('  ya29.' + sys.argv[1])")
    assert asyncio.run(GivenTokens(TokenPlace(command=(*command, "ada"))).get()) == "ya29.ada"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.stderr.write('locked\\n'); sys.exit(3)", "ended with 3: locked"),
        ("print('')", "printed no access token"),
        ("print('two words')", "printed no access token"),
    ],
)
def test_a_command_that_fails_is_told(tmp_path: Path, script: str, said: str) -> None:
    """With what it wrote."""
    with pytest.raises(TransportError, match=said):
        asyncio.run(GivenTokens(TokenPlace(command=stub(tmp_path, script))).get())


def test_a_file_is_read_at_every_login(tmp_path: Path) -> None:
    """Whoever keeps it fresh need not restart us."""
    tokens = GivenTokens(TokenPlace(file=tmp_path / "token"))
    with pytest.raises(TransportError, match="No such file"):
        asyncio.run(tokens.get())
    for text in ("one\n", "two"):
        (tmp_path / "token").write_text(text)
        assert asyncio.run(tokens.get()) == text.strip()


def test_providers_are_known() -> None:
    """By name, or by the account's preset; without either it says so."""
    config = OauthConfig.model_validate({"client_id": "us", "refresh_token": RefreshToken(text="r-secret")})
    google = tokens_of(config, provider="google")
    assert isinstance(google, FetchedTokens)
    assert (google.url, google.scope) == ("https://oauth2.googleapis.com/token", None)
    microsoft = tokens_of(config.model_copy(update={"provider": "microsoft"}), provider=None)
    assert isinstance(microsoft, FetchedTokens)
    assert "SMTP.Send" in (microsoft.scope or "")
    assert "r-secret" not in repr(microsoft) + repr(config)
    with pytest.raises(TransportError, match="where tokens are fetched"):
        tokens_of(config, provider=None)
