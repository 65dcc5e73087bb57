"""The interpreters of peers: an environment for each lock file, kept for the next time under what the file says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "baocao-bench"


def python_of(lock: Path | None) -> Path:
    """None: the project's own."""
    if lock is None:
        return Path(sys.executable)
    home = _CACHE / f"{lock.stem}-{sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)  # noqa: S603
        pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", lock]
        subprocess.run(pip, check=True)  # noqa: S603
        (home / "ready").touch()
    return home / "bin" / "python"
