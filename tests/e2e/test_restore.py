"""A backup from before the first mail is put back after it: real commands, a real mail server, nobody mailed twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.world import World, paper

pytestmark = pytest.mark.slow


def test_an_old_database_mails_nobody_twice(tmp_path: Path) -> None:
    """By `digest db restore` and by a file put back by hand, both older than the readers: one mail, no paper again."""
    with World(tmp_path) as world:
        world.announce("cs.LG", *(paper(number) for number in range(1, 13)))
        assert world.digest("db", "upgrade").code == 0
        backup = world.digest("db", "backup", "old.db")
        assert backup.code == 0, backup
        world.reader("ada")
        world.reader("bob")
        first = world.digest("run")
        assert first.code == 0, first
        assert "2 accepted" in first.out
        had = world.rows("SELECT count(*) FROM sent_papers")
        assert had != [(0,)]

        restored = world.digest("db", "restore", "old.db", "--yes")
        assert restored.code == 0, restored
        assert "2 more are of readers who are not in the backup" in restored.out
        again = world.digest("run")
        assert again.code == 0, again
        assert "Nothing due" in again.out
        assert len(world.mails()) == 2
        assert world.states() == {"ada": "accepted", "bob": "accepted"}
        assert world.rows("SELECT count(*) FROM sent_papers") == had, "no paper is new to them"

        for part in world.folder.glob("digest.db*"):
            part.unlink()
        shutil.copyfile(world.folder / "old.db", world.folder / "digest.db")
        by_hand = world.digest("send", "ada", "--now")
        assert "went out" in by_hand.out + by_hand.err, by_hand
        assert len(world.mails()) == 2
        assert world.digest("db", "check").code == 0
