"""`make bench-quick`: every benchmark, on less data, and nothing written or judged. Never for time."""

from __future__ import annotations

import sys

import pytest

from bench import __main__ as command
from bench import results


def test_every_benchmark_has_a_quick_one() -> None:
    assert list(command.QUICK) == list(command.BENCHMARKS)


def test_a_quick_one_prints_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = results.Result("pull", "less", "How.", {"time, s": [1.0]}, "quick", met=False)
    before = results.RESULTS.read_bytes()
    monkeypatch.setitem(command.QUICK, "pull", lambda: missed)
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "pull"])
    assert command.main() == 0
    told = capsys.readouterr().out
    assert "| time, s | 1 | 1 | 1 |" in told
    assert "not judged" in told
    assert "met" not in told.partition("Target")[2]
    assert results.RESULTS.read_bytes() == before
