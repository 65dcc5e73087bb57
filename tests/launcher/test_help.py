"""A help text comes at once: nothing heavy is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from etl import __main__ as command_line

ROOT = Path(__file__).resolve().parents[2]
LIGHT = {"click", "etl", "launcher"}
HEAVY = {"etl.catalog", "etl.console", "etl.pipeline", "etl.report", "etl.settings", "launcher.machine"}
CODE = """
import atexit, runpy, sys
atexit.register(lambda: print(*sorted(sys.modules)))
sys.argv = ["launcher", "cli", *sys.argv[1:]]
runpy.run_module("launcher", run_name="__main__")
"""


COMMANDS = [[], ["db", "grant"], ["rules", "prove"], *([name] for name in sorted(command_line.main.commands))]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    """Of others only what reads command lines, though all of them are installed; of ours the commands and nouns."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *command, "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    *told, loaded = done.stdout.splitlines()
    assert any("Usage: baocao" in line for line in told), "no help was told"
    others = {module for module in loaded.split() if not vouched(module.split(".")[0])}
    assert others == set()
    assert HEAVY.isdisjoint(loaded.split())


def vouched(name: str) -> bool:
    """What the interpreter itself starts with is nobody's doing."""
    return name in LIGHT or name in sys.stdlib_module_names or name.startswith(("__", "_distutils", "_virtualenv"))
