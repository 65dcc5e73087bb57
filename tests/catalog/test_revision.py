"""At which commit the catalog stands: a real git, in every state a folder can be in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from etl.catalog.revision import revision


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=thử", "-c", "user.email=thu@example", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "office"
    (root / "catalog").mkdir(parents=True)
    (root / "catalog/fields.yml").write_text("a")
    (root / "other").write_text("a")
    _git(root, "init", "-q")
    _git(root, "add", "-A")
    _git(root, "commit", "-qm", "one")
    return root


def test_the_commit_of_the_work_tree_and_whether_the_catalog_has_changes(tree: Path) -> None:
    head, catalog = _git(tree, "rev-parse", "HEAD"), tree / "catalog"
    assert len(head) == 40
    assert revision([catalog], "said") == head
    (tree / "other").write_text("b")
    assert revision([catalog]) == head
    (catalog / "sources.yml").write_text("new and not committed")
    assert revision([catalog]) == f"{head}-dirty"
    (catalog / "sources.yml").unlink()
    (catalog / "fields.yml").write_text("b")
    assert revision([catalog]) == f"{head}-dirty"


def test_of_an_image_what_its_builder_said_and_else_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert revision([tmp_path], "0123abc") == "0123abc"
    assert revision([tmp_path]) is None
    monkeypatch.setenv("PATH", "")
    assert revision([tmp_path]) is None


def test_a_folder_that_git_ignores_or_without_a_commit_has_none(tree: Path, tmp_path: Path) -> None:
    (tree / ".gitignore").write_text("overlay\n")
    (tree / "overlay").mkdir()
    (tree / "overlay/fields.yml").write_text("a")
    assert revision([tree / "overlay"]) is None
    (tmp_path / "empty").mkdir()
    _git(tmp_path / "empty", "init", "-q")
    assert revision([tmp_path / "empty"]) is None


def test_folders_laid_over_each_other(tree: Path, tmp_path: Path) -> None:
    head, overlay = _git(tree, "rev-parse", "HEAD"), tmp_path / "overlay"
    overlay.mkdir()
    assert revision([tree / "catalog", tree / "catalog"]) == head
    assert revision([tree / "catalog", overlay]) == f"{head} unknown"
