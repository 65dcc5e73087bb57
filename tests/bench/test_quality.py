"""The benchmark of checks: whoever judges finds the same, or nothing is told. Never for time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import quality

ROWS = 60_000


def test_a_small_run_finds_what_is_found_by_hand() -> None:
    result = quality.run(1, ROWS, peers=())
    [over] = result.figures["CPU: ours / by hand"]
    assert over == result.figures["ours: CPU, s"][0] / result.figures["by hand: CPU, s"][0]
    assert all(values[0] > 0 for name, values in result.figures.items() if "CPU, s" in name or "MB" in name)


def test_it_fails_where_another_number_of_rows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = quality._measured

    def one_lost(entrant: quality.Entrant, *given: object) -> quality.Taken:
        taken = measured(entrant, *given)  # type: ignore[arg-type]
        lost = {"UNIQUE": taken["broken"]["UNIQUE"] - 1} if entrant is quality.BY_HAND else {}
        return {**taken, "broken": {**taken["broken"], **lost}}

    monkeypatch.setattr(quality, "_measured", one_lost)
    with pytest.raises(AssertionError, match=r"by hand finds other than we do: \{'UNIQUE'"):
        quality.run(1, ROWS, peers=())


def test_it_fails_where_another_row_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    aside = quality._set_aside

    def one_figure_changed(file: Path, columns: Sequence[str]) -> tuple[int, int]:
        if "mask" in pq.read_schema(file).names:  # by hand
            rows = pq.read_table(file)
            at = rows.schema.get_field_index("carried_over")
            figures = [7, *rows["carried_over"].to_pylist()[1:]]
            pq.write_table(rows.set_column(at, "carried_over", pa.array(figures, pa.int64())), file)
        return aside(file, columns)

    monkeypatch.setattr(quality, "_set_aside", one_figure_changed)
    with pytest.raises(AssertionError, match="by hand sets aside other than we do"):
        quality.run(1, ROWS, peers=())
