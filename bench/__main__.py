"""`python -m bench [NAME ...] [--runs N] [--rows N]`: measure, write bench/RESULTS.md.

Exit status 1: a target was missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bench import console, load, pull, quality, records, results

BENCHMARKS: dict[str, Callable[[int], results.Result]] = {
    "pull": pull.run,
    "load": load.run,
    "console": console.run,
    "quality": quality.run,
    "records": records.run,
}
SIZED: dict[str, Callable[[int, int], results.Result]] = {"quality": quality.run, "records": records.run}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--rows",
        type=int,
        help=f"of quality ({quality.FULL:,} by default) and records ({records.FULL:,}): how many rows or dossiers",
    )
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown or asked.runs < 1:
        parser.error(f"no benchmark {', '.join(unknown)}" if unknown else "--runs: at least 1")
    results.commit()  # of the code that is measured, whatever is edited meanwhile
    met = True
    for name in asked.names or BENCHMARKS:
        sized = asked.rows and name in SIZED
        result = SIZED[name](asked.runs, asked.rows) if sized else BENCHMARKS[name](asked.runs)
        results.write(result)
        print(results.section(result))
        met = met and result.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
