"""The benchmark of counting: whoever counts finds the same, to the last dossier, or nothing is told. Never for time."""

from __future__ import annotations

import pytest

from bench import transform

ROWS = 5000


def test_a_small_run_counts_what_is_counted_by_hand() -> None:
    result = transform.run(1, ROWS, peers=())
    [over] = result.figures["ours / DuckDB by hand"]
    assert over == result.figures["ours: wall, s"][0] / result.figures["DuckDB by hand: wall, s"][0]
    assert all(values[0] > 0 for name, values in result.figures.items() if name.endswith((", s", ", MB")))


def test_it_fails_where_a_dossier_was_counted_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = transform.counted

    def one_lost(file: transform.Path) -> dict[tuple[str, str], tuple[int, ...]]:
        found = counted(file)
        if "by_hand" in file.name:
            spot, (first, *rest) = next(iter(found.items()))
            found[spot] = (first - 1, *rest)
        return found

    monkeypatch.setattr(transform, "counted", one_lost)
    with pytest.raises(AssertionError, match="DuckDB by hand counts other than ours in 1"):
        transform.run(1, ROWS, peers=())


def test_a_target_is_missed_by_time_and_by_memory() -> None:
    def judged(slower: float, peak: float) -> bool | None:
        taken = {
            one.name: {"wall": slower, "cpu": 1.0, "peak": 1000.0} for one in [transform.BY_HAND, *transform.PEERS]
        }
        one = {**taken, "ours": {"wall": 1.0, "cpu": 1.0, "peak": peak}}
        return transform.result([one], [0.0], ROWS, transform.PEERS, 1).met

    assert judged(2.0, 250.0)
    assert not judged(1.9, 250.0)
    assert not judged(2.0, 251.0)
