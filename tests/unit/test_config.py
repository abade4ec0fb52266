"""config.yaml → Config: what is right, and every problem at once with its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from digest.config import Config, load_config
from digest.errors import ConfigError
from digest.settings.mail import MailConfig, TlsMode, TransportKind
from digest.settings.oauth import RefreshToken, TokenPlace

SMTP = "mail:\n  transport: smtp\n  from: Ada <ada@uni.example>\n"


def load(tmp_path: Path, text: str, env: Mapping[str, str] | None = None) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, env=env or {})


def problems(tmp_path: Path, text: str, env: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, env)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_all_problems_of_a_file_are_told_at_once_in_order(tmp_path: Path) -> None:
    """One run of check is enough to mend a file."""
    found = problems(
        tmp_path,
        """\
site: {name: Papers, public_url: http://papers.uni.example/, contact: nobody}
stroe: sqlite:///x.db
sources:
  arxiv: {categories: [cs.LG, cs.LGG], pace_s: 3}
  huggingface: maybe
  every: 60
  first_run: {look_back: 100d}
  feeds: [ftp://x.example, https://ok.example/x.xml]
freshness: {wait_for: arxv, at_most: 20h}
mail:
  transport: smpt
  server: smtp://ada:hunter2@host
  from: Ada <ada>
  connections: 0
  window: many
  username:
server: smtp://x
freshness: {}
tick: 3x
""",
    )
    expected = [
        ("1: site.contact: ", "'nobody' is no e-mail address: it has no @"),
        ("1: site.public_url: ", "must be https, because it carries personal links: https://papers.uni.example"),
        ("2: stroe: ", "unknown key; did you mean store?"),
        ("4: sources.arxiv.categories: ", "'cs.LGG' is no category; did you mean cs.LG (Machine Learning)?"),
        ("4: sources.arxiv.pace_s: ", "unknown key; did you mean pace?"),
        ("5: sources.huggingface: ", "'maybe' is neither true nor false, nor a mapping of options"),
        ("6: sources.every: ", "'60' has no unit; write 60s, 60m, 60h or 60d"),
        ("7: sources.first_run.look_back: ", "100d is out of range: 0s to 90d"),
        ("8: sources.feeds: ", "'ftp://x.example' is no web address; write https://…"),
        ("9: freshness.wait_for: ", "'arxv' is no source; write arxiv, huggingface, or a feed: name"),
        ("9: freshness.at_most: ", "must be shorter than max_lateness"),
        ("11: mail.transport: ", "'smpt' is no choice here; did you mean smtp? It is one of: files, smtp"),
        ("12: mail.server: ", "holds a password; take it out of the URL and write `password: {env: NAME}`"),
        ("13: mail.from: ", "'ada' is no e-mail address: it has no @"),
        ("14: mail.connections: ", "0 is too small: at least 1"),
        ("15: mail.window: ", "'many' is not a whole number"),
        ("17: server: ", "unknown key here; did you mean mail.server?"),
        ("18: freshness: ", "is given twice, first in line 9; keep one"),
        ("19: tick: ", "'3x' is no duration; write 90m, 18h, 7d or 1h30m"),
    ]
    for problem, (place, said) in zip(found, expected, strict=True):
        assert problem.startswith(f"config.yaml:{place}{said}")


def test_a_small_file_has_all_defaults(tmp_path: Path) -> None:
    """And its paths begin at the file, the defaults' too."""
    config = load(tmp_path, "site: {name: Ada's papers}\n")
    assert config.site.name == "Ada's papers"
    assert config.store == f"sqlite:///{tmp_path}/digest.db"
    assert config.subscribers == tmp_path / "subscribers"
    assert config.templates == tmp_path / "templates"
    assert config.mail.files_dir == tmp_path / "outbox"
    assert config.mail.transport is TransportKind.FILES
    assert config.sources.arxiv is not None
    assert config.sources.arxiv.categories == "auto"
    assert config.candidate_age.days == 8


def test_the_design_s_sample_is_read(tmp_path: Path) -> None:
    """Durations, one-item lists, a source with options, a secret from the environment."""
    config = load(
        tmp_path,
        """\
site: {name: Ada's papers, contact: ada@uni.example, public_url: null}
store: sqlite:///digest.db
sources:
  arxiv: {categories: auto}
  huggingface: false
  feeds: [https://lab.example/news.xml]
  first_run: {look_back: 7d}
freshness: {wait_for: arxiv, at_most: 1h30m, max_lateness: 18h}
mail:
  transport: smtp
  server: smtp://ada%40uni.example@smtp.example:587
  password: {env: DIGEST_SMTP_PASSWORD}
  from: Ada's papers <ada@uni.example>
""",
        {"DIGEST_SMTP_PASSWORD": "pa ss"},
    )
    assert config.sources.huggingface is None
    assert config.freshness.wait_for == ("arxiv",)
    assert config.freshness.at_most_s == 5400
    assert config.mail.password == "pa ss"
    assert config.mail.sender == "Ada's papers <ada@uni.example>"


@pytest.mark.parametrize(
    ("word", "on"),
    [("true", True), ("yes", True), ("on", True), ("", True), ("{}", True), ("false", False), ("Off", False)],
)
def test_a_source_is_switched_by_a_word(tmp_path: Path, word: str, on: bool) -> None:
    """A source whose options are all commented out stays on."""
    assert (load(tmp_path, f"sources:\n  huggingface: {word}\n").sources.huggingface is not None) is on


SECRET = "hunter2-secret"


@pytest.mark.parametrize(
    "text",
    [
        f"{SMTP}  server: smtp://ada:{SECRET}@host\n",
        f"{SMTP}  server: smtp://ada:{SECRET}@host:port\n",
        f"{SMTP}  server: smtp://ada@host\n  password: {SECRET}\n",
        f"{SMTP}  server: smtp://ada@host\n  password: [{SECRET}]\n",
        f"{SMTP}  server: smtp://ada@host\n  password: {{env: PW}}\n  connections: 0\n",
        f"{SMTP}  server: smtp://ada@host\n  password: {{env: TWO_LINES}}\n",
        f"{SMTP}  server: smtp://ada@host\n  password: {{environment: {SECRET}}}\n",
        f"store: mysql://u:{SECRET}@host/db\n",
        f"store: postgresql://u:{SECRET}@host/db\ntick: 0s\n",
        f"sources: {{feeds: 'gopher://u:{SECRET}@host'}}\n",
    ],
)
def test_no_error_holds_a_secret(tmp_path: Path, text: str) -> None:
    """Not in its text, its repr, nor anywhere in its chain of causes."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, {"PW": SECRET, "TWO_LINES": f"{SECRET}\nx"})
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error}{error!r}"
        error = error.__cause__ or error.__context__


def test_no_repr_of_a_configuration_holds_a_secret(tmp_path: Path) -> None:
    """It ends up in a log some day."""
    config = load(
        tmp_path,
        f"store: postgresql://u:{SECRET}@host/db\n{SMTP}  server: smtp://ada@host\n  password: {{env: PW}}\n",
        {"PW": SECRET},
    )
    assert config.mail.password == SECRET
    assert SECRET not in f"{config!r}{config}"


def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    """As systemd and Docker hand them over."""
    (tmp_path / "secret").write_text("s3cret\n")
    text = f"{SMTP}  server: smtp://ada@host\n  password: {{file: secret}}\n"
    assert load(tmp_path, text).mail.password == "s3cret"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("{env: NOT_SET}", "the environment variable NOT_SET is not set"),
        ("{file: none}", "the file none cannot be read: No such file or directory"),
        ("{file: empty}", "the file empty is empty"),
        ("{env: A, file: b}", "write {env: NAME}"),
        ("{vault: a}", "write {env: NAME}"),
        ("plain", "secrets are not kept in this file"),
    ],
)
def test_a_secret_that_is_not_there_is_a_problem(tmp_path: Path, password: str, said: str) -> None:
    """And the message says where it was looked for."""
    (tmp_path / "empty").write_text("\n")
    (found,) = problems(tmp_path, f"{SMTP}  server: smtp://ada@host\n  password: {password}\n")
    assert "config.yaml:5: mail.password: " in found
    assert said in found


def test_a_trial_needs_no_secret(tmp_path: Path) -> None:
    """The same file previews where the variable is not set."""
    text = "mail: {transport: files, server: 'smtp://ada@host', password: {env: NOT_SET}}\n"
    assert load(tmp_path, text).mail.password is None


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        ("", "server", "is needed to send"),
        ("  server: smtp.uni.example\n", "server", "write smtp://user@host:587"),
        ("  server: http://host\n", "server", "write smtp://user@host:587"),
        ("  server: smtp://host:0\n", "server", "names no host"),
        ("  server: smtp://host:99999\n", "server", "Port"),
        ("  server: smtp://\n", "server", "names no host"),
        ("  server: smtp://host/path\n", "server", "names no host"),
        ("  server: smtp://ada@host\n", "password", "is needed to log in as ada"),
        ("  server: smtp://host\n  password: {env: PW}\n", "username", "is needed with a password"),
        ("  server: smtp://localhost\n  preset: local\n", "preset", "stands beside server"),
        ("  server: smtps://host\n  tls: starttls\n", "tls", "smtps:// is TLS from the start"),
        ("  server: smtp://ada@host\n  password: {env: PW}\n  tls: none\n", "tls", "in the clear"),
        ("  server: smtp://a@host\n  password: {env: PW}\n  username: b\n", "username", "another user"),
        ("  server: smtp://host\n  ca_file: none.pem\n", "ca_file", "there is no file"),
        ("  preset: gmial\n", "preset", "did you mean gmail?"),
    ],
)
def test_mail_options_must_agree(tmp_path: Path, lines: str, key: str, said: str) -> None:
    """Each contradiction is one problem, under the key to change."""
    (found,) = problems(tmp_path, SMTP + lines, {"PW": "x"})
    assert f" mail.{key}: " in found
    assert said in found


def test_a_fallback_may_stand_alone_or_in_a_list(tmp_path: Path) -> None:
    """One mapping is a list of one; each has the keys of an account, and secrets of its own."""
    one = "  server: smtp://host\n  fallback: {server: 'smtps://ada@spare', password: {env: PW}}\n"
    mail = load(tmp_path, SMTP + one, {"PW": "x"}).mail
    assert [relay.server for relay in mail.relays] == ["smtp://host", "smtps://ada@spare"]
    assert (mail.fallback[0].password, mail.fallback[0].transport) == ("x", TransportKind.SMTP)
    two = "  server: smtp://host\n  fallback:\n    - server: smtp://spare\n    - preset: local\n      connections: 2\n"
    assert [relay.connections for relay in load(tmp_path, SMTP + two).mail.relays] == [4, 4, 2]


def test_a_trial_needs_no_secret_of_a_fallback_either(tmp_path: Path) -> None:
    """And an account that is not used yet need not be complete."""
    text = "mail: {transport: files, fallback: [{server: 'smtp://ada@host', password: {env: NOT_SET}}]}\n"
    assert load(tmp_path, text).mail.fallback[0].password is None


@pytest.mark.parametrize(
    ("lines", "line", "key", "said"),
    [
        ("    - server: smtp://ada@spare\n", 6, "password", "is needed to log in as ada"),
        ("    - server: smtp://host\n", 6, "server", "is the same account again"),
        ("    - {transport: files}\n", 6, "transport", "sends nothing"),
        ("    - connections: 2\n", 6, "server", "is needed to send"),
        ("    - {preset: gmail, password: {env: PW}}\n", 6, "username", "is needed with a password"),
        ("    - {server: smtp://spare, from: a@b.example}\n", 6, "from", "unknown key here; did you mean mail.from?"),
    ],
)
def test_each_fallback_must_agree_with_itself(tmp_path: Path, lines: str, line: int, key: str, said: str) -> None:
    """Its problems are told at its own line."""
    (found,) = problems(tmp_path, SMTP + "  server: smtp://host\n  fallback:\n" + lines, {"PW": "x"})
    assert f":{line}: mail.fallback.{key}: " in found
    assert said in found


def test_domains_have_limits_of_their_own(tmp_path: Path) -> None:
    """A domain is read in any spelling; a wrong key is told with the right ones."""
    lines = "  server: smtp://host\n  domains:\n    GMail.com: {connections: 2, per_second: 5}\n"
    mail = load(tmp_path, SMTP + lines + "    '*': {per_second: 20}\n    münchen.example: {connections: 1}\n").mail
    assert list(mail.domains) == ["gmail.com", "*", "münchen.example"]
    assert (mail.domains["gmail.com"].connections, mail.domains["*"].per_second) == (2, 20)
    (found,) = problems(tmp_path, SMTP + "  server: smtp://host\n  domains:\n    gmail.com: {per_secnd: 5}\n")
    assert "unknown key; did you mean per_second?" in found
    (found,) = problems(tmp_path, SMTP + "  server: smtp://host\n  domains: {'a b': {connections: 1}}\n")
    assert ":5: mail.domains" in found


OAUTH = "  preset: gmail\n  oauth:\n"


def test_oauth_takes_the_place_of_a_password(tmp_path: Path) -> None:
    """With a preset it is known where tokens are fetched; secrets come from files, variables or commands."""
    (tmp_path / "refresh").write_text("r1\n")
    text = SMTP + OAUTH + "    client_id: us\n    client_secret: {env: PW}\n    refresh_token: {file: refresh}\n"
    mail = load(tmp_path, text, {"PW": "x"}).mail
    assert mail.oauth is not None
    assert mail.oauth.refresh_token == RefreshToken(text="r1", file=tmp_path / "refresh")
    assert (mail.username, mail.oauth.client_secret) == ("ada@uni.example", "x")
    assert "r1" not in repr(mail)
    given = load(tmp_path, SMTP + OAUTH + "    token: {command: /usr/bin/oama access 'ada@uni.example'}\n").mail.oauth
    assert given is not None
    assert given.token == TokenPlace(command=("/usr/bin/oama", "access", "ada@uni.example"))
    trial = load(tmp_path, "mail: {transport: files, oauth: {token: {env: NOT_SET}}}\n")
    assert trial.mail.oauth is None


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        (OAUTH + "    client_id: us\n", "oauth", "needs either token: {command: …}, or client_id and refresh_token"),
        (OAUTH + "    refresh_token: {env: PW}\n", "oauth", "needs client_id"),
        (OAUTH + "    token: {command: oama}\n", "oauth.token", "full path"),
        (OAUTH + "    token: secret\n", "oauth.token", "write {command: …}, {file: PATH} or {env: NAME}"),
        (OAUTH + "    token: {env: NOT_SET}\n", "oauth.token", "NOT_SET is not set"),
        (OAUTH + "    token: {env: PW}\n  password: {env: PW}\n", "password", "stands beside oauth"),
        (OAUTH + "    {client_id: us, refresh_token: {env: PW}, token_url: 'http://x.example'}\n", "oauth", "https"),
        ("  server: smtp://a@h\n  oauth: {client_id: us, refresh_token: {env: PW}}\n", "oauth", "needs provider"),
        ("  server: smtp://h\n  oauth: {token: {env: PW}}\n", "username", "is needed"),
    ],
)
def test_oauth_options_must_agree(tmp_path: Path, lines: str, key: str, said: str) -> None:
    """Each contradiction is one problem, and none of them holds a secret."""
    (found,) = problems(tmp_path, SMTP + lines, {"PW": "s3cret"})
    assert f" mail.{key}: " in found
    assert said in found
    assert "s3cret" not in found


def test_the_default_sender_cannot_send(tmp_path: Path) -> None:
    """digest@localhost is for trials, and for a relay on this machine."""
    (found,) = problems(tmp_path, "mail: {transport: smtp, server: 'smtp://mail.uni.example'}")
    assert "mail.from: must be an address that the mail server lets you send from" in found
    assert load(tmp_path, "mail: {transport: smtp, preset: local}").mail.preset == "local"
    assert load(tmp_path, "mail: {transport: smtp, server: 'smtp://127.0.0.1:1025'}").mail.tls is None


def test_a_preset_logs_in_with_the_sender_s_address(tmp_path: Path) -> None:
    """Whatever stands in the display name."""
    text = "mail: {transport: smtp, preset: gmail, from: 'Ada, Inc. <ada@gmail.com>', password: {env: PW}}"
    mail = load(tmp_path, text, {"PW": "x"}).mail
    assert (mail.username, mail.sender) == ("ada@gmail.com", '"Ada, Inc." <ada@gmail.com>')


def test_waiting_for_a_source_that_is_off_is_told_beside_other_problems(tmp_path: Path) -> None:
    """Such an edition would always wait its longest."""
    found = problems(tmp_path, "sources: {huggingface: no}\nfreshness: {wait_for: [arxiv, huggingface]}\ntick: x\n")
    assert any("waits for huggingface, which sources.huggingface turns off" in each for each in found)
    assert len(found) == 2


def test_the_environment_replaces_keys_and_is_named_in_problems(tmp_path: Path) -> None:
    """Also keys of sections that the file leaves out; an empty variable is none."""
    env = {
        "DIGEST_STORE": "postgres://u@host/db",
        "DIGEST_MAIL_SERVER": "smtp://localhost:1025",
        "DIGEST_MAIL_TRANSPORT": "smtp",
        "DIGEST_CONTACT": "",
    }
    config = load(tmp_path, "mail: {preset: gmail}\n", env)
    assert config.store == "postgresql://u@host/db"
    assert (config.mail.server, config.mail.preset) == ("smtp://localhost:1025", None)
    (found,) = problems(tmp_path, "tick: 1m\n", {"DIGEST_PUBLIC_URL": "http://x.example"})
    assert found.startswith("config.yaml: site.public_url (environment variable DIGEST_PUBLIC_URL): must be https")
    assert "mail: 'x' is not a mapping" in problems(tmp_path, "mail: x\n", env)[0]


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://papers.uni.example", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("https://x.example/digest/", True),
        ("http://x.example", False),
        ("https://u@x.example", False),
        ("https://x.example/?a", False),
        ("https://", False),
        ("papers.uni.example", False),
    ],
)
def test_a_public_address_is_https_but_on_this_machine(tmp_path: Path, url: str, good: bool) -> None:
    """It carries personal links."""
    if good:
        assert load(tmp_path, f"site: {{public_url: '{url}'}}").site.public_url == url.rstrip("/")
    else:
        assert "site.public_url" in problems(tmp_path, f"site: {{public_url: '{url}'}}")[0]


@pytest.mark.parametrize("text", ["sqlite://host/x", "digest.db", "mysql://h/d"])
def test_a_store_must_be_sqlite_or_postgresql(tmp_path: Path, text: str) -> None:
    """Other databases are refused before anything runs."""
    assert "config.yaml:1: store: " in problems(tmp_path, f"store: {text}\n")[0]


def test_an_absolute_or_an_in_memory_store_stays(tmp_path: Path) -> None:
    """Only a relative file is looked for beside the configuration."""
    assert load(tmp_path, "store: sqlite:////var/lib/digest.db\n").store == "sqlite:////var/lib/digest.db"
    assert load(tmp_path, "store: 'sqlite:///:memory:'\n").store == "sqlite:///:memory:"


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    """The first thing a newcomer sees."""
    with pytest.raises(ConfigError, match="is not there; `digest init` writes one"):
        load_config(tmp_path / "config.yaml", env={})


def test_models_are_built_in_python_by_attribute_name() -> None:
    """Tests and the demo do so; nothing is resolved or looked up then."""
    mail = MailConfig.model_validate({"timeout_s": 5, "sender": "a@b.example", "tls": TlsMode.NONE, "password": "x"})
    assert (mail.timeout_s, mail.password) == (5, "x")
    assert Config.model_validate({"store": "sqlite://", "tick_s": 1, "mail": mail}).subscribers == Path("subscribers")
