"""mail.dkim and mail.bounces: what is right, what is told, and that no key is ever shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from digest.config import Config, load_config
from digest.editions.dkim_keys import new_rsa
from digest.errors import ConfigError
from digest.signing import aligned, sender_domain, signer, signing_keys

SITE = "site: {public_url: https://papers.uni.example}\n"
MAIL = "mail:\n  transport: smtp\n  server: smtp://relay.example\n  from: Papers <papers@uni.example>\n"

GMAIL = "mail:\n  transport: smtp\n  preset: gmail\n  password: {env: P}\n  from: a@gmail.com\n"


def load(tmp_path: Path, text: str, env: Mapping[str, str] | None = None) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, env=env or {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{MAIL}  bounces: bounces@uni.example\n", "mail.bounces: belongs to a public service"),
        (f"{SITE}{MAIL}  bounces: {'b' * 35}@uni.example\n", "mail.bounces: has more than 34 characters before the @"),
        (f"{MAIL}  dkim: {{selector: s1, key: secret}}\n", "mail.dkim.key: keys are not kept in this file"),
        (f"{MAIL}  dkim: {{selector: s1, key: {{pem: x}}}}\n", "mail.dkim.key: write {file: PATH}"),
        (f"{MAIL}  dkim: {{selector: a b, key: {{file: x}}}}\n", "mail.dkim.selector: 'a b' is no selector"),
        (f"{MAIL}  dkim: {{selector: s1, domain: x, key: {{file: x}}}}\n", "mail.dkim.domain: 'x' is no domain"),
        (f"{MAIL}  dkim: {{key: {{file: x}}}}\n", "mail.dkim.selector: is needed"),
        (
            f"{GMAIL}  dkim: {{selector: s1, key: {{file: x}}}}\n",
            "mail.dkim: signs for a domain of yours, and gmail signs for its own",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake is told at its key, and no value of a key with it."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, {"P": "x"})
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_key_from_the_environment_signs_and_is_never_shown(tmp_path: Path) -> None:
    """Neither by the configuration, nor by the signer, nor when it is no key."""
    text = f"{MAIL}  dkim: {{selector: s1, key: {{env: DKIM_KEY}}}}\n"
    pem = new_rsa(1024).decode()
    config = load(tmp_path, text, {"DKIM_KEY": pem})
    made = signer(config.mail, tmp_path / "config.yaml")
    shown = f"{config!r} {config.mail.dkim!r} {made!r} {signing_keys(config.mail)!r}"
    assert not any(line in shown for line in pem.splitlines()[1:-1])
    assert "s1._domainkey.uni.example" in shown
    for value, said in (("", "the variable DKIM_KEY is not set"), (pem[:200], "the variable DKIM_KEY is a damaged")):
        config = load(tmp_path, text, {"DKIM_KEY": value})
        with pytest.raises(ConfigError, match=rf"config\.yaml:5: mail\.dkim\.key: {said}"):
            signer(config.mail, tmp_path / "config.yaml")


def test_a_trial_needs_no_key(tmp_path: Path) -> None:
    """Where files are written nothing is signed, so the same configuration works on a machine without secrets."""
    config = load(tmp_path, MAIL.replace("smtp\n", "files\n", 1) + "  dkim: {selector: s1, key: {file: nowhere.pem}}\n")
    assert signer(config.mail, tmp_path / "config.yaml") is None


def test_domains(tmp_path: Path) -> None:
    """From's domain in ASCII; a signature is aligned with it from the same domain, above or below."""
    assert sender_domain(load(tmp_path, MAIL.replace("uni.example", "Bücher.example")).mail) == "xn--bcher-kva.example"
    assert aligned("uni.example", "uni.example")
    assert aligned("uni.example", "mail.uni.example")
    assert aligned("mail.uni.example", "uni.example")
    assert not aligned("university.example", "uni.example")
    assert not aligned("notuni.example", "uni.example")
