"""At which commit the catalog stands: asked of git, or said by whoever built the image; never guessed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

UNKNOWN = "unknown"


def revision(folders: Sequence[Path], said: str | None = None) -> str | None:
    """The commit of each folder, once each, parted by spaces; "-dirty" after one with changes or files not committed.

    said: of a folder that lies in no work tree. "unknown" where nobody knows; None where that holds of every folder.
    """
    found = list(dict.fromkeys(_commit(folder) or said or UNKNOWN for folder in folders))
    return None if found == [UNKNOWN] else " ".join(found)


def _commit(folder: Path) -> str | None:
    """None outside a work tree, where git ignores the folder, without a commit, and without git."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None or not _git(folder, "ls-files", "--cached", "--others", "--exclude-standard", "--", "."):
        return None
    return commit + ("-dirty" if _git(folder, "status", "--porcelain", "--", ".") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", folder, *arguments],  # noqa: S607
            check=False,
            capture_output=True,
            text=True,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
