"""The real stack, for those who ask for it; where it cannot be had, it says why."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "containers" / "real_stack.sh"
DID_NOT_RUN = 3


def test_it_says_why_it_did_not_run(tmp_path: Path) -> None:
    """Without an engine on the path and without Debian's package manager none can be had."""
    for program in ("bash", "dirname", "id", "awk", "cat", "sed", "grep"):
        found = next(path for path in map(Path, ("/usr/bin", "/bin")) if (path / program).exists())
        (tmp_path / program).symlink_to(found / program)
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(["/bin/bash", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == DID_NOT_RUN
    assert done.stdout.startswith("the real stack did not run: no engine can be had here: ")
    official = ["/bin/bash", SCRIPT, "--official"]
    done = subprocess.run(official, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == DID_NOT_RUN
    assert done.stdout == "the real stack did not run: no engine answers the command docker\n"


@pytest.mark.skipif("BAOCAO_REAL_STACK" not in os.environ, reason="BAOCAO_REAL_STACK=1 asks for minutes and an engine")
def test_the_stack_runs_a_quarter() -> None:
    done = subprocess.run([SCRIPT], stdout=subprocess.PIPE, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout  # whoever asked for it must hear that it did not run
