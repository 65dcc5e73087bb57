"""How ours grows with the dossiers, in time and in memory, and what it costs to run again when one portal changed."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

from bench.records import Taken, bench
from bench.results import Result

FULL = 30_000_000
PARTS = (8, 4, 2, 1)
USUAL, LITTLE = "1GB", "600MB"
MOST_MEMORY = {USUAL: 1536.0, LITTLE: 1024.0}
"""MiB of the process, for each BAOCAO_MEMORY."""
MOST_AGAIN = 0.05


def run(runs: int, rows: int = FULL) -> Result:
    """One run a size, whatever `runs`: the largest takes minutes. Raises AssertionError as the benchmark of records."""
    del runs
    taken: dict[int, Taken] = {}
    loads = []
    for part in PARTS:
        with bench(rows // part) as ready:
            loads.append(os.getloadavg()[0])
            taken[rows // part] = ready.again(USUAL)
            if part == 1:
                little, portals, size = ready.again(LITTLE), len(ready.portals), ready.made.bytes
    return result(taken, little, portals, size, loads)


def result(taken: Mapping[int, Taken], little: Taken, portals: int, size: int, loads: Sequence[float]) -> Result:
    sizes = sorted(taken)
    first = {rows: _spent(taken[rows]["outcome"]["stages"]) for rows in sizes}
    again = {rows: _spent(taken[rows]["outcome"]["again"]["stages"]) for rows in sizes}
    slope = exponent({rows: wall for rows, (wall, _) in first.items()})
    whole = sizes[-1]
    peaks = {USUAL: max(one["peak"] for one in taken.values()), LITTLE: little["peak"]}
    fixed = again[sizes[0]][0]
    ratio = again[whole][0] / first[whole][0]
    verdicts = {
        f"time grows at most as the dossiers do, exponent {slope:.2f}": slope <= 1.0,
        **{
            f"peak memory at most {most:.0f} MiB with {memory}": peaks[memory] <= most
            for memory, most in MOST_MEMORY.items()
        },
        f"a run again at most {MOST_AGAIN:.0%} of the first and what one costs anyhow": ratio
        <= MOST_AGAIN + fixed / first[whole][0],
    }
    return Result(
        name="scale",
        title=f"up to {whole:,} dossiers of {portals} portals, and run again when one of them changed",
        setup=_SETUP.format(whole=whole, size=size / 1e9, portals=portals),
        figures={
            **{f"{rows:,} dossiers: wall, s": [first[rows][0]] for rows in sizes},
            **{f"{rows:,} dossiers: CPU, s": [first[rows][1]] for rows in sizes},
            **{f"{rows:,} dossiers: peak memory, MiB": [taken[rows]["peak"]] for rows in sizes},
            "exponent of time over dossiers": [slope],
            f"{whole:,} dossiers with {LITTLE}: wall, s": [_spent(little["outcome"]["stages"])[0]],
            f"{whole:,} dossiers with {LITTLE}: peak memory, MiB": [little["peak"]],
            **{f"{rows:,} dossiers, run again: wall, s": [again[rows][0]] for rows in sizes},
            **{f"{rows:,} dossiers, run again: CPU, s": [again[rows][1]] for rows in sizes},
            f"run again / first run, {whole:,} dossiers": [ratio],
            f"load average before a size ({os.cpu_count()} CPUs)": list(loads),
        },
        target="; ".join(f"{what} ({'met' if ok else 'not met'})" for what, ok in verdicts.items()),
        met=all(verdicts.values()),
    )


def exponent(times: Mapping[int, float]) -> float:
    """The slope of the straight line through the logarithms (least squares): 1 where time grows as the size does."""
    points = [(math.log(size), math.log(time)) for size, time in times.items()]
    across, up = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - across) * (y - up) for x, y in points) / sum((x - across) ** 2 for x, _ in points)


def _spent(stages: Mapping[str, float]) -> tuple[float, float]:
    """Seconds by the clock and of the processors."""
    cpu = sum(seconds for stage, seconds in stages.items() if stage.endswith(", CPU"))
    return sum(stages.values()) - cpu, cpu


_SETUP = """\
As the benchmark of records, ours alone, at an eighth, a quarter, a half and the whole of {whole:,} dossiers
({size:.1f} GB of pages), of {portals} portals. One run a size. After each, one portal has changed (whoever filed
directly filed online, and the other way round); it is pulled again, and the quarter is parsed, checked, computed and
recorded once more. Then every figure is held against plain SQL over the pages as they are by then. The run again of the
smallest size stands for what one costs anyhow: figures of the whole country are checked, computed and compared whatever
changed. Peak memory is of one process that does all of it, interpreter and libraries included."""
