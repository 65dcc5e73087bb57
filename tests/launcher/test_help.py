"""A help text comes at once: nothing heavy is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "airflow",
    "duckdb",
    "etl.catalog",
    "etl.pipeline",
    "great_expectations",
    "pandas",
    "psutil",
    "psycopg",
    "pyarrow",
}
CODE = """
import atexit, runpy, sys
atexit.register(lambda: print(*sorted(sys.modules)))
sys.argv = ["launcher", "cli", *sys.argv[1:]]
runpy.run_module("launcher", run_name="__main__")
"""


@pytest.mark.parametrize("arguments", [["--help"], ["quality", "--help"], ["rules", "prove", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    *told, loaded = done.stdout.splitlines()
    assert any("Usage: baocao" in line for line in told), "no help was told"
    assert HEAVY.isdisjoint(loaded.split())
