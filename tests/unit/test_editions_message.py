"""A message from its pieces: encoding, headers, recipe, replay."""

from __future__ import annotations

import datetime as dt
import email
import re
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.editions import headers
from digest.editions.clean import clean
from digest.editions.fragments import HOLE, Fragment, Pieces, decode, encode
from digest.editions.links import NoLinks, SignedLinks
from digest.editions.message import Composed, Composer
from digest.editions.recipe import Recipe, assemble, part_html, part_text, to_json
from digest.editions.templates import Templates
from digest.errors import RenderError
from digest.keyring import KeyRing
from digest.model import EditionKey
from digest.resources import data_path
from tests.support.edition import EDITION, QUIET, READER, SITE, paper, with_paper

TEMPLATES = Templates.load(data_path("templates"))
RING = KeyRing(keys={"a": b"0123456789abcdef", "b": b"fedcba9876543210"}, current="b")
PUBLIC = replace(SITE, public_url="https://papers.uni.example")
plain_text = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\x1f\x1e"), max_size=300)


def parsed(composed: Composed) -> tuple[bytes, EmailMessage]:
    data = assemble(composed.recipe, composed.fragments)
    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return data, message


@given(plain_text)
@example("x" * 75)
@example("x" * 76 + "\n")
@example("." * 200)
@example("From me\n.\n..\nFrom you" + "é" * 80)
@example(" \n \t\n trailing ")
def test_encoding_gives_the_text_back(text: str) -> None:
    """Quoted-printable of a piece decodes to it, keeps to 76 bytes a line, and can be followed by another piece."""
    encoded = encode(text)
    assert decode(encoded) == text
    assert decode(encoded + encode("more\n")) == text + "more\n"
    assert not text or encoded.endswith(b"\r\n")
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert b"\n" not in line


@given(st.lists(plain_text, min_size=1, max_size=4), plain_text)
def test_pieces_joined_are_the_text_filled(segments: list[str], filling: str) -> None:
    """Filling holes between encoded pieces equals filling them in the text and encoding that."""
    rendered = f"{HOLE}x{HOLE}".join(segments)
    fragment = Fragment.render(rendered, rendered)
    again = Fragment.load(fragment.data, fragment.hash)
    for pieces in (fragment.html, fragment.text, again.html, again.text):
        assert decode(b"".join(pieces.fill({"x": encode(filling)}))) == filling.join(segments)


def test_hole_knows_its_column() -> None:
    """A hole's column is where its first line starts."""
    assert Pieces.cut(f"one\n  Why: {HOLE}why{HOLE}\n{HOLE}x{HOLE}").columns == (7, 0)


def test_message_parses_to_exactly_its_views() -> None:
    """What a mail program reads is what the previews show, text first, CRLF, short lines, known headers."""
    composed = Composer(TEMPLATES, SITE).compose(EDITION)
    data, message = parsed(composed)
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == part_text(composed.recipe, composed.fragments)
    assert html.get_content().replace("\r\n", "\n") == part_html(composed.recipe, composed.fragments)
    assert message["From"] == "Ada's papers <ada@uni.example>"
    assert message["To"] == "Ada Lovelace <ada@uni.example>"
    assert message["Subject"] == composed.recipe.subject == "4-bit sparse attention, part 1, and 9 more · 22 Nov"
    assert message["Date"].datetime == EDITION.sent_at
    assert message["Message-ID"] == composed.recipe.message_id
    assert composed.recipe.message_id.startswith("<2026-11-22.")
    assert composed.recipe.message_id.endswith("@uni.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["List-Unsubscribe"] == "<mailto:ada@uni.example?subject=unsubscribe%20ada>"
    assert not {"List-Unsubscribe-Post", "List-Id", "Feedback-ID", "Reply-To"} & set(message.keys())


def test_public_profile_adds_its_headers() -> None:
    """With a public address: List-Id, one-click unsubscribe, Feedback-ID; without links, only what exists."""
    links = SignedLinks(public_url="https://papers.uni.example/", ring=RING)
    _, message = parsed(
        Composer(TEMPLATES, replace(PUBLIC, reply_to="Help <help@uni.example>"), links).compose(EDITION)
    )
    web, mail = (part.strip() for part in message["List-Unsubscribe"].split(","))
    assert web.startswith("<https://papers.uni.example/f/b.")
    assert web.endswith("/0/unsubscribe>")
    assert mail == "<mailto:help@uni.example?subject=unsubscribe%20ada>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "Ada's papers <digest.papers.uni.example>"
    assert message["Reply-To"] == "Help <help@uni.example>"
    assert message["Feedback-ID"].count(":") == 3
    html = part_html(*_views(Composer(TEMPLATES, PUBLIC, links).compose(EDITION)))
    assert all(verb in html for verb in ("/0/read", "/0/preferences", "/0/pause", "/0/unsubscribe", "/10/tune"))
    _, message = parsed(Composer(TEMPLATES, PUBLIC).compose(EDITION))
    assert "https" not in message["List-Unsubscribe"]
    assert "List-Unsubscribe-Post" not in message


def test_leaving_by_mail_needs_the_mail() -> None:
    """With keys the mail that unsubscribes carries this delivery's token, in the header and in the text; it goes to the
    mailbox that the program reads, if there is one."""
    site = replace(SITE, bounces="bounces@uni.example")
    composed = Composer(TEMPLATES, site, ring=RING).compose(EDITION)
    _, message = parsed(composed)
    found = re.fullmatch(r"<mailto:bounces@uni\.example\?subject=(.*)>", message["List-Unsubscribe"])
    assert found is not None
    assert RING.unsubscribed_by(unquote(found[1])) == EDITION.key
    assert found[1] in part_text(*_views(composed))


def _views(composed: Composed) -> tuple[Recipe, dict[str, bytes]]:
    return composed.recipe, dict(composed.fragments)


def test_replay_gives_the_same_bytes() -> None:
    """A stored recipe with stored fragments assembles to the same bytes; so does composing again."""
    composed = Composer(TEMPLATES, SITE).compose(EDITION)
    first = assemble(composed.recipe, composed.fragments)
    stored = Recipe.from_bytes(composed.recipe.to_bytes())
    assert stored == composed.recipe
    assert assemble(stored, composed.fragments) == first
    assert set(composed.fragments) == composed.recipe.hashes
    assert len(composed.recipe.to_bytes()) < 4000
    warm = Composer(TEMPLATES, SITE)
    warm.compose(QUIET)
    assert assemble(*_views(warm.compose(EDITION))) == first


def test_cards_are_shared_between_readers() -> None:
    """Two readers with other reasons get the same fragments, each with their own words."""
    composer = Composer(TEMPLATES, SITE)
    one = composer.compose(with_paper(paper(7), reason="because of you"))
    other = replace(
        with_paper(paper(7), reason="because of me"), subscriber=replace(READER, id="bob", email="bob@x.example")
    )
    two = composer.compose(replace(other, key=EditionKey("bob", other.key.date)))
    assert one.recipe.hashes == two.recipe.hashes
    assert one.recipe.message_id != two.recipe.message_id
    assert "because of you" in part_text(*_views(one))
    assert "because of me" in part_html(*_views(two))
    assert "because of you" not in part_html(*_views(two))


def test_damage_is_told() -> None:
    """A missing fragment, a damaged or newer recipe: an error that says so, not half a mail."""
    composed = Composer(TEMPLATES, SITE).compose(EDITION)
    with pytest.raises(RenderError, match="is gone or damaged"):
        assemble(composed.recipe, {})
    with pytest.raises(RenderError, match="is gone or damaged"):
        assemble(composed.recipe, dict.fromkeys(composed.recipe.hashes, b"x"))
    with pytest.raises(ValueError, match="damaged"):
        Recipe.from_bytes(b"x")


def test_json_view_has_the_parts() -> None:
    """The JSON view lists picks in mail order, each with the summands of its score."""
    view = to_json(Composer(TEMPLATES, SITE).compose(EDITION).recipe)
    picks = view["picks"]
    assert isinstance(picks, list)
    assert [pick["position"] for pick in picks] == list(range(1, 11))
    assert picks[0]["parts"] == [
        {"kind": "lane", "value": 1.25, "note": "KV cache"},
        {"kind": "trend", "value": 0.5, "note": "181 votes"},
    ]


# ── headers ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(max_size=200))
@example("x" * 100)
@example("漢字" * 60)
@example("=?utf-8?q?forged?= é é plain é")
@example("hello\r\nBcc: everyone@example.org")
def test_header_text_survives_and_cannot_break_out(text: str) -> None:
    """Any subject is read back as it was cleaned, on lines of at most 78 characters if it has spaces."""
    line = headers.encoded("Subject", text)
    message = email.message_from_bytes((line + "X-Next: 1\r\n\r\n").encode(), policy=policy.default)
    assert message.keys() == ["Subject", "X-Next"]
    # The standard library unfolds at any white space, no-break spaces among it.
    assert " ".join(str(message["Subject"]).split()) == " ".join(clean(text, 900).split())
    longest = max((len(word) for word in text.split()), default=0)
    assert longest > 60 or all(len(part) <= 78 for part in line.split("\r\n"))
    assert line.isascii()


@pytest.mark.parametrize(
    "name", ["Ada", "Lovelace, Ada", 'A "B" \\ C', "Åda 漢字", "Ada\r\nBcc: x@y.example", "=?utf-8?q?x?="]
)
def test_display_names(name: str) -> None:
    """A display name is quoted or encoded as it needs and never adds a header or an address."""
    composed = Composer(TEMPLATES, SITE).compose(replace(EDITION, subscriber=replace(READER, name=name)))
    _, message = parsed(composed)
    (address,) = message["To"].addresses
    assert address.addr_spec == "ada@uni.example"
    assert address.display_name == clean(name)
    assert "Bcc" not in message


def test_international_addresses() -> None:
    """A domain goes out in ASCII; a local part beyond ASCII stays, and the recipe says that SMTPUTF8 is needed."""
    composer = Composer(TEMPLATES, SITE)
    ascii_only = composer.compose(replace(EDITION, subscriber=replace(READER, email="ada@bücher.example"))).recipe
    assert ascii_only.recipient == "ada@xn--bcher-kva.example"
    assert not ascii_only.needs_smtputf8
    utf8 = composer.compose(replace(EDITION, subscriber=replace(READER, email="адa@uni.example")))
    assert utf8.recipe.needs_smtputf8
    assert "To: Ada Lovelace <адa@uni.example>\r\n".encode() in assemble(utf8.recipe, utf8.fragments)


@pytest.mark.parametrize(
    "address", ["", "ada", "@x.example", "a@", "a@x.example, b@x.example", "a b@x.example", "a@\u2488com.example"]
)
def test_unusable_address_is_refused(address: str) -> None:
    """Exactly one usable address, or an error that names it."""
    with pytest.raises(RenderError):
        Composer(TEMPLATES, SITE).compose(replace(EDITION, subscriber=replace(READER, email=address)))


def test_settings_go_to_a_person() -> None:
    """Settings are asked for at the contact if it is an address, else where replies and leavers go."""
    for contact, asked in (("owner@uni.example", "owner@uni.example"), ("https://uni.example/", "ada@uni.example")):
        text = part_text(*_views(Composer(TEMPLATES, replace(SITE, contact=contact)).compose(EDITION)))
        assert f"mailto:{asked}?subject=settings%20ada" in text
        assert "mailto:ada@uni.example?subject=unsubscribe%20ada" in text


# ── links ───────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(min_size=1, max_size=40), st.dates())
def test_token_round_trip(subscriber_id: str, date: dt.date) -> None:
    """A token gives its delivery back, with any key of the ring."""
    key = EditionKey(subscriber_id.encode("utf-8", "replace").decode(), date)
    token = RING.sign(key)
    assert RING.verify(token) == key
    assert KeyRing(keys=RING.keys, current="a").verify(token) == key
    assert KeyRing(keys={"a": RING.keys["a"]}, current="a").verify(token) is None


@pytest.mark.parametrize(
    "spoil", [str.upper, str.lower, lambda t: t + "A", lambda t: t[:-1], lambda t: "a" + t[1:], lambda t: t * 99]
)
def test_forged_token(spoil: object) -> None:
    """A token that was touched is nobody's."""
    assert callable(spoil)
    assert RING.verify(spoil(RING.sign(EDITION.key))) is None
    for junk in ("", ".", "..", "b.é.é", "b.AA.AA", "b.%00.x"):
        assert RING.verify(junk) is None


def test_no_links() -> None:
    """The personal profile has no web."""
    links = NoLinks()
    assert {links.read_online(EDITION.key), links.pause(EDITION.key), links.tune(EDITION.key, 1)} == {None}
    with pytest.raises(ValueError, match="no key"):
        KeyRing(keys={}, current="a")
    with pytest.raises(ValueError, match="16 bytes"):
        KeyRing(keys={"a": b"short"}, current="a")
