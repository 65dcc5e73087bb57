"""`python -m bench [NAME ...] [--quick | --runs N --rows N]`: measure, write bench/RESULTS.md.

Exit status 1: a target was missed. --quick measures the same on less data, once, and only prints: a target is set for
the whole size, where what every run costs anyhow no longer counts, so that none is judged.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from bench import console, load, pull, quality, records, results, scale, transform

BENCHMARKS: dict[str, Callable[[int], results.Result]] = {
    "pull": pull.run,
    "load": load.run,
    "console": console.run,
    "quality": quality.run,
    "records": records.run,
    "transform": transform.run,
    "scale": scale.run,
}
SIZED: dict[str, Callable[[int, int], results.Result]] = {
    "quality": quality.run,
    "records": records.run,
    "transform": transform.run,
    "scale": scale.run,
}
FULL = {"quality": quality.FULL, "records": records.FULL, "transform": transform.FULL, "scale": scale.FULL}
QUICK: dict[str, Callable[[], results.Result]] = {
    "pull": lambda: pull.run(1, replace(pull.FULL, pages=5)),
    "load": lambda: load.run(1, 100_000),
    "console": lambda: console.run(2, console.QUICK),
    "quality": lambda: quality.run(1, 200_000),
    "records": lambda: records.run(1, 100_000),
    "transform": lambda: transform.run(1, 500_000),
    "scale": lambda: scale.run(1, 200_000),
}
"""Together at most five minutes, once the environments of the peers are there."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="less data, one run, nothing written or judged")
    parser.add_argument("--runs", type=int, default=5)
    sizes = ", ".join(f"{name} {full:,}" for name, full in FULL.items())
    parser.add_argument("--rows", type=int, help=f"how many rows or dossiers, where it is not the usual: {sizes}")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown or asked.runs < 1:
        parser.error(f"no benchmark {', '.join(unknown)}" if unknown else "--runs: at least 1")
    names = asked.names or list(BENCHMARKS)
    if asked.quick:
        return quick(names)
    results.commit()  # of the code that is measured, whatever is edited meanwhile
    met = True
    for name in names:
        sized = asked.rows and name in SIZED
        result = SIZED[name](asked.runs, asked.rows) if sized else BENCHMARKS[name](asked.runs)
        results.write(result)
        print(results.section(result))
        met = met and result.met
    return 0 if met else 1


def quick(names: list[str]) -> int:
    for name in names:
        print(results.section(replace(QUICK[name](), target="set for the whole size; not judged here", met=None)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
