"""Fill the demo's bundled sample with real figures: ``python training/demo_sample.py --data PATH``.

``digest/demo/data/papers.json`` says which papers are in the sample and holds an abstract of each, written afresh by
hand. This script leaves ids and abstracts alone and rewrites everything around them from the data that CONTRIBUTING.md
describes: title, authors, categories, licence, dates and versions from arXiv's announcements (CC0), and the listing on
Hugging Face Daily Papers with code repository and stars. The readings of votes go to ``votes.csv``.

The sample is the world as it was at ``NOW``: later versions and later readings are left out.

To add a paper, append ``{"id": "2605.01234", "abstract": "…"}`` to ``papers.json`` and run the script again.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import zstandard
from pylatexenc.latex2text import LatexNodes2Text

Record = dict[str, object]

NOW = dt.datetime(2026, 5, 25, 12, 0, tzinfo=dt.UTC)
PRESS_DAY = NOW.date()
OUT = Path(__file__).parent.parent / "digest" / "demo" / "data"
FEEDS_START = dt.date(2026, 5, 12)
MONTHS = ("2026-05",)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with hf_daily_papers/ and arxiv_announced/")
    data: Path = parser.parse_args().data

    path = OUT / "papers.json"
    chosen: list[Record] = json.loads(path.read_text(encoding="utf-8"))
    ids = {str(record["id"]) for record in chosen}
    arxiv = _by_id(ids, *(data / "arxiv_announced" / "papers" / f"{month}.jsonl.zst" for month in MONTHS))
    # The list at eight in the morning comes first: its records are complete, those of the feed are not.
    listed = _by_id(ids, data / "hf_daily_papers" / "papers_rss_only.jsonl.zst") | _by_id(
        ids, data / "hf_daily_papers" / "papers.jsonl.zst"
    )
    announced = _announcements(ids, data / "arxiv_announced" / "announcements.csv.zst")
    votes = _votes(ids, data / "hf_daily_papers" / "upvote_snapshots.csv.zst")
    if missing := ids - arxiv.keys():
        raise SystemExit(f"not announced in {', '.join(MONTHS)}: {', '.join(sorted(missing))}")

    papers = [
        _paper(record, arxiv[str(record["id"])], listed.get(str(record["id"])), announced, votes) for record in chosen
    ]
    papers.sort(key=lambda paper: str(paper["id"]))
    path.write_text(json.dumps(papers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with (OUT / "votes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["paper_id", "observed_at", "upvotes"])
        writer.writerows((id_, at, count) for id_ in sorted(votes) for at, count in votes[id_])


def _paper(
    chosen: Record,
    arxiv: Record,
    listed: Record | None,
    announced: dict[str, dict[dt.date, int]],
    votes: dict[str, list[tuple[str, int]]],
) -> Record:
    """One record of ``papers.json``. Keys that say nothing (no comment, never listed) are left out."""
    id_ = str(chosen["id"])
    first = _announcement_day(dt.date.fromisoformat(str(arxiv["first_announced"])))
    versions = announced.get(id_, {})
    version = min((number for day, number in versions.items() if day < PRESS_DAY or day == first), default=1)
    replaced = versions.get(PRESS_DAY) if first < PRESS_DAY else None
    latest = max([version, replaced or 0])
    names = cast("list[str]", arxiv["authors"])
    authors = [_unicode(name) for name in names]

    title = str(arxiv["title"])
    if listed and latest < cast("int", arxiv["version"]) and _unicode(title) != listed["title"]:
        # The announcements know the last title only; the list shows the one that was current then.
        title = str(listed["title"])

    paper: Record = {
        "id": id_,
        "title": title,
        "abstract": chosen["abstract"],
        "authors": authors,
        "categories": arxiv["categories"],
        "license": arxiv["license"],
        "published_on": _published_on(first, listed).isoformat(),
        "announced_on": first.isoformat(),
        "version": version,
    }
    if names != authors:
        paper["authors_tex"] = names
    if comment := arxiv.get("comment"):
        paper["comment"] = comment
    if replaced:
        paper["replaced"] = {"version": replaced, "announced_on": PRESS_DAY.isoformat()}
    if listed and id_ in votes:
        paper["listing"] = _listing(listed, title=title, authors=authors)
    return paper


def _listing(listed: Record, *, title: str, authors: list[str]) -> Record:
    """What Hugging Face adds to a paper, and where it spells title or authors differently."""
    day = listed.get("list_date")
    if day is None:
        # First seen in the feed just after midnight UTC: it was put on the list the day before.
        seen = dt.datetime.fromisoformat(str(listed["first_seen"]))
        day = (seen - dt.timedelta(hours=12)).date().isoformat()
    listing: Record = {"listed_on": day}
    if "numComments" in listed:
        listing["comments"] = listed["numComments"]
    if listed["title"] != title:
        listing["title"] = listed["title"]
    if listed["authors"] != authors:
        listing["authors"] = listed["authors"]
    if code := listed.get("githubRepo"):
        listing["code"] = code
        listing["stars"] = listed.get("githubStars") or 0
    return listing


def _published_on(first: dt.date, listed: Record | None) -> dt.date:
    """The day on which version 1 was submitted.

    The announcements do not tell it. Hugging Face does; for the other papers the working day before the announcement
    stands in, because submissions close at 14:00 US Eastern on that day.
    """
    if listed and "publishedAt" in listed:
        published = dt.date.fromisoformat(str(listed["publishedAt"])[:10])
        return min(published, first - dt.timedelta(days=1))
    day = first - dt.timedelta(days=1)
    while day.weekday() >= 5:
        day -= dt.timedelta(days=1)
    return day


def _announcement_day(seen: dt.date) -> dt.date:
    """Feeds seen on a Saturday are Friday's: arXiv announces nothing for weekends."""
    return seen - dt.timedelta(days=max(0, seen.weekday() - 4))


def _announcements(ids: set[str], path: Path) -> dict[str, dict[dt.date, int]]:
    """Versions per paper and day of announcement, up to the press day."""
    found: dict[str, dict[dt.date, int]] = {}
    for row in csv.DictReader(_lines(path)):
        day = dt.date.fromisoformat(row["announced"])
        if row["arxiv_id"] in ids and FEEDS_START <= day <= PRESS_DAY:
            days = found.setdefault(row["arxiv_id"], {})
            day = _announcement_day(day)
            days[day] = min(int(row["version"]), days.get(day, 99))
    return found


def _votes(ids: set[str], path: Path) -> dict[str, list[tuple[str, int]]]:
    """All readings up to ``NOW`` in order of time, as ``(observed_at, upvotes)``."""
    found: dict[str, list[tuple[str, int]]] = {}
    for row in csv.DictReader(_lines(path)):
        if row["paper_id"] in ids and dt.datetime.fromisoformat(row["observed_at"]) <= NOW:
            found.setdefault(row["paper_id"], []).append((row["observed_at"], int(row["upvotes"])))
    return {id_: sorted(set(readings)) for id_, readings in found.items()}


def _by_id(ids: set[str], *paths: Path) -> dict[str, Record]:
    records = (cast("Record", json.loads(line)) for path in paths for line in _lines(path))
    return {str(record["id"]): record for record in records if record["id"] in ids}


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        yield from io.TextIOWrapper(stream, encoding="utf-8")


_decode = cast("Callable[[str], str]", LatexNodes2Text().latex_to_text)


def _unicode(text: str) -> str:
    return _decode(text) if "\\" in text else text


if __name__ == "__main__":
    main()
