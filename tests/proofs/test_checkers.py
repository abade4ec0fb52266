"""Every mail before the checkers of others: HTML, mail programs, accessibility, spam. Run by `make proofs`."""

from __future__ import annotations

import json
import mailbox
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.camera import chromium
from tests.support.mails import NAMES, mail
from tests.support.window import Window, window

CHECKERS = Path(__file__).resolve().parents[2] / ".ci" / "mail"
MODULES = CHECKERS / "node_modules"
MOST_POINTS = 1.0

WORDS_ENGINE = {
    "Attribute “xmlns:v” not allowed here.": "namespaces of VML, for Outlook on Windows",
    "Attribute “xmlns:o” not allowed here.": "the same",
    "CSS: “mso-table-lspace”: Property “mso-table-lspace” doesn't exist.": "Word's engine sets gaps beside tables",
    "CSS: “mso-table-rspace”: Property “mso-table-rspace” doesn't exist.": "the same",
    "CSS: “supported-color-schemes”: Property “supported-color-schemes” doesn't exist.": "Apple Mail before 2019",
}
"""What the Nu checker calls an error and is meant."""

LOST_WITHOUT_HARM = {
    "<style> element": "everything but dark colours stands inline",
    "@media": "the same",
    "Attribute selector": "dark colours in Outlook on the web",
    "Chaining selectors": "in style sheets only",
    "Child combinator": "in style sheets only",
    "Class selector": "in style sheets only",
    "Descendant combinator": "in style sheets only",
    "ID selector": "MJML's reset",
    "Type selector": "in style sheets only",
    ":hover": "an underline below the mouse",
    ":focus": "MJML's reset",
    "outline": "MJML's reset",
    "outline-offset": "MJML's reset",
    "transform": "MJML's reset",
    "word-spacing": "MJML's reset",
    "opacity": "one of five ways in which the preheader is hidden",
    "overflow": "the same",
    "display:none": "the same",
    "<body> element": "becomes a <div> with its style",
    "border-radius": "corners",
    "white-space": "a chip may break between its words",
    "word-break": "overflow-wrap beside it",
    "overflow-wrap": "word-break beside it",
    "height property": "of the spacers around the sheet",
    "aria-label attribute": "the words are there without it",
    "aria-hidden attribute": "the preheader is said twice",
    "role attribute": "layout tables are announced as tables",
    "lang attribute": "the reader's own language is assumed",
    "width attribute": "a table is as wide as what is in it",
    "align attribute": "the sheet stands at the left",
    "text-decoration": "links are underlined, or not",
}
"""Feature that some client drops → why the mail is whole without it."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("mails")
    paths = [folder / f"{name}.html" for name in NAMES]
    for path, name in zip(paths, NAMES, strict=True):
        path.write_text(mail(name).html, "utf-8")
    return paths


def need(*programs: str, module: str = "") -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if module and not (MODULES / module).is_dir():
        pytest.skip(f"{module} is not installed: run .ci/mail/install")


def test_nu_html_checker(pages: list[Path]) -> None:
    """The W3C's checker finds no error but those that Outlook on Windows asks for."""
    need("java", module="vnu-jar")
    jar = next((MODULES / "vnu-jar").rglob("vnu.jar"))
    command = ["java", "-Xss4m", "-jar", str(jar), "--errors-only", "--format", "json", *map(str, pages)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    errors = {entry["message"] for entry in json.loads(told.stderr)["messages"] if entry["type"] != "info"}
    assert errors <= set(WORDS_ENGINE)


def test_what_mail_programs_support(pages: list[Path]) -> None:
    """Whatever some mail program drops, by caniemail.com, is something that the mail is whole without."""
    need("node", module="caniemail")
    calm = [str(page) for page in pages if "hostile" not in page.name]
    command = ["node", str(CHECKERS / "support.mjs"), *calm]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    missing = json.loads(told.stdout)
    assert "overflow-wrap" in missing, "the checker does not see what is known to be dropped"
    assert {title: where for title, where in missing.items() if title not in LOST_WITHOUT_HARM} == {}


@pytest.fixture(scope="module")
def browser() -> Iterator[Window]:
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    with window(scripts=True) as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_axe(browser: Window, name: str) -> None:
    """Deque's axe finds nothing, in light and in dark: WCAG 2.2 at level AA, and its best practices for mails."""
    need(module="axe-core")
    script = (MODULES / "axe-core" / "axe.min.js").read_text("utf-8")
    # A mail is part of the mail program's page: that has the landmarks and the first heading.
    rules = {rule: {"enabled": False} for rule in ("region", "landmark-one-main", "page-has-heading-one")}
    for dark in (False, True):
        browser.resize(600, dark=dark)
        browser.show(mail(name).html)
        browser.ask(f"void {script}" if script.startswith("(") else f"{script}; 0")
        found = browser.ask(
            f"axe.run({{rules: {json.dumps(rules)}}})"
            ".then(r => r.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]))"
        )
        assert found == []


def demo_mails(folder: Path) -> Iterator[tuple[str, bytes]]:
    command = [sys.executable, "-m", "digest", "demo", "--dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    for path in sorted((folder / "mails").glob("*.eml")):
        yield f"demo-{path.stem}", path.read_bytes()


def test_spamassassin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SpamAssassin's own rules give each mail of the demo, and each other kind, less than one point."""
    need("spamassassin")
    mails = dict(demo_mails(tmp_path / "demo"))
    assert len(mails) == 3
    mails |= {name: mail(name).data for name in NAMES if "hostile" not in name and "awkward" not in name}
    box = mailbox.mbox(tmp_path / "sent", create=True)
    for data in mails.values():
        box.add(data.replace(b"\r\n", b"\n"))
    box.close()
    command = ["spamassassin", "--local", "--test-mode", "--mbox", "--cf=use_bayes 0", str(tmp_path / "sent")]
    told = subprocess.run(
        command, capture_output=True, timeout=300, check=True, env={**os.environ, "HOME": str(tmp_path)}
    )
    statuses = re.findall(
        r"^X-Spam-Status: ((?:.*\n)(?:\s+.*\n)*)", told.stdout.decode("utf-8", "replace"), re.MULTILINE
    )
    points = {}
    for name, status in zip(mails, statuses, strict=True):
        found = re.search(r"score=(-?[\d.]+).*tests=([\w,\s]+?)\s(?:autolearn|version)", status)
        assert found, status
        points[name] = float(found[1])
        with capsys.disabled():
            print(f"\n  {name:16} {found[1]:>5}  {''.join(found[2].split())}", end="")
    assert max(points.values()) < MOST_POINTS
