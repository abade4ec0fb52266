"""Privacy and imprint: true by default, the operator's own where there are such, and harmless whatever they hold."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from digest import languages
from digest.config import SiteConfig
from digest.editions.letters import Goodbye
from digest.editions.recipe import assemble
from digest.languages import Language
from digest.pipeline.desk import site_info
from digest.web.notices import Notices
from tests.support.apps import Hands, make_app
from tests.support.entries import NOW
from tests.support.web import web


def test_the_default_tells_the_times_of_this_installation(tmp_path: Path) -> None:
    """Its retention, who is responsible, and only what it does; linked from every page."""
    more = "retention: {mails: 30d, history: 200d}"
    with web(tmp_path, more=more, site="brand: {footer: ['Library *of* <b>X</b>']}") as (client, _):
        page = client.get("/privacy")
        assert 'href="/privacy"' in client.get("/").text
        assert 'href="/imprint"' not in client.get("/").text
        assert client.get("/imprint").status_code == 404
        german = client.get("/privacy?lang=de").text
    assert page.status_code == 200
    assert '<html lang="de"' in german
    assert '<article class="notice-text" lang="en">' in german
    assert "<title>Privacy · Test papers</title>" in page.text
    assert "30 days" in page.text
    assert "200 days" in page.text
    assert "Library *of* &lt;b&gt;X&lt;/b&gt;" in page.text
    assert "op@uni.example" in page.text
    assert "language model" not in page.text
    assert "nightly" not in page.text


def test_own_notices_by_language(tmp_path: Path) -> None:
    """The file of the language, else the one for all; what is changed shows; what cannot be read is told in the log."""
    (tmp_path / "privacy.md").write_text("# Our privacy\n\nWe are *brief*.\n")
    (tmp_path / "privacy.de.md").write_text("﻿# Datenschutz\n", encoding="utf-8")
    (tmp_path / "imprint.md").write_bytes(b"# \xff\n")
    app = make_app(tmp_path, Hands(NOW), readers={}, more="web: {privacy: privacy.md, imprint: imprint.md}")
    english = languages.language("en")
    german = Language(tag="de", messages=english.messages)
    notices = Notices(app.config)
    own, theirs = notices.privacy(english), notices.privacy(german)
    assert own is not None
    assert theirs is not None
    assert (own.title, own.language) == ("Our privacy", None)
    assert "<em>brief</em>" in own.body
    assert (theirs.title, theirs.language) == ("Datenschutz", "de")
    assert notices.imprint(english) is None
    app.close()


def test_a_notice_runs_nothing(tmp_path: Path) -> None:
    """HTML is text, a link that would run something is none, the others tell nobody where they were."""
    text = (
        "# Hi <script>alert(1)</script>\n\n<img src=x onerror=alert(1)> [a](javascript:alert(1)) "
        '[b](https://lib.example "x\\" onmouseover=\\"y")\n\n<iframe src="https://evil.example"></iframe>\n'
    )
    (tmp_path / "imprint.md").write_text(text)
    with web(tmp_path, more="web: {imprint: imprint.md}") as (client, _):
        page = client.get("/imprint").text
        assert 'href="/imprint"' in client.get("/").text
    for evil in ("<script", "<iframe", "<img", 'href="javascript', 'onmouseover="'):
        assert evil not in page
    assert '<a href="https://lib.example"' in page
    assert 'rel="noopener"' in page


def test_a_mail_leads_to_the_notices(tmp_path: Path) -> None:
    """With web pages, HTML and text alike; to the imprint where there is one, and not at all without web pages."""
    (tmp_path / "imprint.md").write_text("# Us\n")
    app = make_app(
        tmp_path,
        Hands(NOW),
        readers={"ada": "email: ada@uni.example\ntimezone: UTC\n"},
        more="web: {imprint: imprint.md}",
        site="public_url: https://uni.example/p",
    )
    app.reread()
    goodbye = Goodbye(subscriber=app.subscriber("ada"), site=site_info(app.config), sent_at=NOW)
    drawn = app.composer.goodbye(goodbye)
    mail = message_from_bytes(assemble(drawn.recipe, drawn.fragments), policy=default)
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        words = part.get_content()
        assert "https://uni.example/p/privacy" in words
        assert "https://uni.example/p/imprint" in words
    assert site_info(app.config.model_copy(update={"site": SiteConfig()})).privacy_url == ""
    app.close()
