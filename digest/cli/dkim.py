"""`digest dkim`: keys that mails are signed with, and whether receivers find them in DNS."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import FAILED, MISUSED, config_option, console, fail, load, own_config_option

if TYPE_CHECKING:
    from digest.dns import Dns
    from digest.editions.dkim import SigningKey

server_option = click.option(
    "--server", metavar="HOST[:PORT]", help="Ask this DNS server (an IP address) instead of the system's."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One key: where it is, what it is used for, and what DNS says (None: not asked; empty: as it should be)."""

    name: str
    file: Path | None
    signs: bool
    key: SigningKey | None
    trouble: str | None = None
    dns: str | None = None


@click.group()
@config_option
@click.pass_context
def command(context: click.Context, config: Path) -> None:
    """Keys that mails are signed with (DKIM): make one, publish it, see whether receivers find it, change it."""
    context.obj = config


@command.command()
@own_config_option
@click.option("--selector", help="The key's name; by default d and the month, as d202611.")
@click.option("--domain", help="Whose signature it is; by default the domain of mail.from.")
@click.option("--bits", type=click.Choice(["1024", "2048", "3072", "4096"]), default="2048", show_default=True)
@click.option("--ed25519", is_flag=True, help="Of this kind instead of RSA: for a second signature beside it.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="The folder; by default dkim beside config.yaml."
)
def new(config: Path, selector: str | None, domain: str | None, bits: str, ed25519: bool, out: Path | None) -> None:
    """Make a key, and say what to put into DNS and into config.yaml. Nothing is overwritten."""
    from digest.editions import dkim_keys
    from digest.settings.signing import parse_domain, parse_selector
    from digest.signing import FOLDER, file_name, write_new

    folder = out if out is not None else config.absolute().parent / FOLDER
    try:
        domain = parse_domain(domain) if domain else _domain_of(config)
        selector = parse_selector(selector) if selector else _free_selector(folder, domain)
    except ValueError as error:
        fail(str(error), MISUSED)
    pem = dkim_keys.new_ed25519() if ed25519 else dkim_keys.new_rsa(int(bits))
    path = folder / file_name(domain=domain, selector=selector)
    try:
        write_new(path, pem)
    except FileExistsError:
        fail(f"{path} is there already, and a key is never overwritten; choose another --selector", MISUSED)
    _tell(dkim_keys.load(pem, domain=domain, selector=selector), path, config)


def _domain_of(config: Path) -> str:
    """The domain of ``mail.from`` in a file that need not be right in all else: it may name the key to be made."""
    from email.utils import parseaddr

    from digest.errors import ConfigError
    from digest.settings.addresses import parse_mailbox
    from digest.settings.document import read_document
    from digest.settings.signing import parse_domain

    try:
        mail = read_document(config).data.get("mail")
    except ConfigError as error:
        raise ValueError(f"{error}; or name the domain with --domain") from error
    sender = mail.get("from") if isinstance(mail, dict) else None
    if not isinstance(sender, str):
        raise ValueError(f"{config} has no mail.from; name the domain with --domain")  # noqa: TRY004 - what was typed
    return parse_domain(parseaddr(parse_mailbox(sender))[1].rpartition("@")[2])


def _free_selector(folder: Path, domain: str) -> str:
    """d202611, and in the same month d202611b, d202611c …"""
    from digest.signing import file_name

    month = f"d{dt.datetime.now(dt.UTC):%Y%m}"
    names = (f"{month}{letter}" for letter in ("", *"bcdefghijklmnopqrstuvwxyz"))
    for name in names:
        if not (folder / file_name(domain=domain, selector=name)).exists():
            return name
    raise ValueError("all selectors of this month are taken; name one with --selector")


def _tell(key: SigningKey, path: Path, config: Path) -> None:
    from digest.editions.dkim_keys import record, zone_line

    beside = config.absolute().parent
    shown = path.absolute().relative_to(beside) if path.absolute().is_relative_to(beside) else path.absolute()
    click.echo(f"Key: {path} (only you can read it; whoever has it can sign in your name)\n")
    click.echo(f"1. Into the DNS of {key.domain}, as a line of the zone file:\n\n{zone_line(key)}\n")
    click.echo(f"   or in a form: type TXT, name {key.selector}._domainkey, value\n\n{record(key)}\n")
    click.echo("2. When `digest dkim check` says that it is there, into config.yaml:\n")
    click.echo(f"mail:\n  dkim: {{domain: {key.domain}, selector: {key.selector}, key: {{file: {shown}}}}}\n")
    click.echo("3. `digest send-test ADDRESS`, and look for dkim=pass in the headers of what arrives.")
    click.echo("   If another key signed before, leave its DNS record for a week: mails on their way need it.")


@command.command(name="list")
@own_config_option
@json_option
def list_(config: Path, as_json: bool) -> None:
    """Every key, and which of them sign. Nobody is asked."""
    _show(tuple(_listed(config)), as_json)


@command.command()
@own_config_option
@server_option
@json_option
def check(config: Path, server: str | None, as_json: bool) -> None:
    """Every key, and whether receivers find it in DNS. Exit code 1 if one that signs is not as it should be."""
    from digest.dns import DnsError

    try:
        dns = resolver(server)
        listed = tuple(_asked(each, dns) for each in _listed(config))
    except DnsError as error:
        fail(str(error))
    _show(listed, as_json)
    if any(each.signs and (each.trouble or each.dns) for each in listed):
        raise SystemExit(FAILED)


@command.command()
@own_config_option
@click.argument("selector")
def show(config: Path, selector: str) -> None:
    """The DNS record of a key again, as a line of a zone file and as a plain value."""
    from digest.editions.dkim_keys import record, zone_line

    every = [each.key for each in _listed(config) if each.key is not None]
    found = [key for key in every if selector in (key.selector, key.name)]
    if not found:
        fail(f"no key is called {selector}; see `digest dkim list`", MISUSED)
    for key in found:
        click.echo(f"{zone_line(key)}\n\n{record(key)}")


def resolver(server: str | None) -> Dns:
    """The DNS to ask; ``server`` is an address with or without a port."""
    import ipaddress

    from digest.dns import Dns

    if server is None:
        return Dns()
    host, _, port = server.rpartition(":") if server.count(":") == 1 or "]:" in server else (server, "", "53")
    try:
        address = str(ipaddress.ip_address(host.strip("[]")))
        return Dns([(address, int(port))])
    except ValueError:
        fail(f"--server {server} is no IP address with a port, such as 9.9.9.9 or 127.0.0.1:5353", MISUSED)


def _listed(config: Path) -> Iterator[Listed]:
    """Those that sign, in their order; then those that lie in the same folders, ready or done with."""
    from digest.signing import FOLDER, keys_in, sender_domain, signing_keys

    mail = load(config).mail
    keys, problems = signing_keys(mail)
    troubles = {int(where[2]): clause for where, clause in problems}
    good = iter(keys)
    folders = [config.absolute().parent / FOLDER]
    named = set()
    for number, dkim in enumerate(mail.dkim):
        key = None if number in troubles else next(good)
        name = f"{dkim.selector}._domainkey.{dkim.domain or sender_domain(mail)}"
        named.add(name)
        if dkim.key.file:
            folders.append(dkim.key.file.parent)
        yield Listed(name=name, file=dkim.key.file, signs=True, key=key, trouble=troubles.get(number))
    for folder in dict.fromkeys(folders):
        for path, found in keys_in(folder):
            if (name := path.name.removesuffix(".pem")) not in named:
                trouble, key = (found, None) if isinstance(found, str) else (None, found)
                yield Listed(name=name, file=path, signs=False, key=key, trouble=trouble)


def _asked(each: Listed, dns: Dns) -> Listed:
    from dataclasses import replace

    from digest.editions.dkim_keys import mismatch

    return replace(each, dns=mismatch(each.key, dns.txt(each.name)) or "") if each.key else each


def _show(listed: tuple[Listed, ...], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"keys": [_plain(each) for each in listed]}, ensure_ascii=False, indent=1))
        return
    if not listed:
        click.echo("There is no key: mails leave unsigned, or the relay signs them. `digest dkim new` makes one.")
    for each in listed:
        kind = f", {each.key.algorithm}" if each.key else ""
        dns = {None: "", "": ", in DNS"}.get(each.dns, f", in DNS it {each.dns}")
        trouble = f", {each.trouble}" if each.trouble else ""
        line = f"{each.name}{kind}, {'signs' if each.signs else 'signs nothing'}{dns}{trouble}"
        console().print(line, soft_wrap=True)
        if not each.signs and each.dns == "":
            click.echo("  → ready: name its selector and file in mail.dkim, or take its record out of DNS")


def _plain(each: Listed) -> Mapping[str, object]:
    return {
        "name": each.name,
        "file": str(each.file) if each.file else None,
        "algorithm": each.key.algorithm if each.key else None,
        "signs": each.signs,
        "trouble": each.trouble,
        "dns": None if each.dns is None else each.dns or "ok",
    }
