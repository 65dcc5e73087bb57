"""What a benchmark says, and the file it is written into: a section a benchmark, the others stay."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEAD = "# Benchmarks\n\n`make bench` measures again and writes this file. Lower is better unless said otherwise.\n"


@dataclass(frozen=True)
class Result:
    """`figures`: what was measured -> one value a run. `details`: what else there is to tell, as Markdown. `target`:
    what was wanted, in words; `met`: whether it was, or None where that is not judged."""

    name: str
    title: str
    setup: str
    figures: Mapping[str, Sequence[float]]
    target: str
    met: bool | None
    details: str = ""


def write(result: Result, file: Path = RESULTS) -> None:
    """Put the result's section in the place of its older one, or at the end."""
    text = file.read_text("utf-8") if file.exists() else _HEAD
    head, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    mine = section(result)
    title = mine.splitlines()[0]
    titles = [part.splitlines()[0] for part in sections]
    if title in titles:
        sections[titles.index(title)] = mine
    else:
        sections.append(mine)
    file.write_text("\n".join(part.strip("\n") + "\n" for part in [head, *sections]), "utf-8")


def section(result: Result) -> str:
    runs = max(len(values) for values in result.figures.values())
    rows = [
        f"| {name} | {statistics.median(values):.3g} | {min(values):.3g} | {max(values):.3g} |"
        for name, values in result.figures.items()
    ]
    return "\n".join(
        [
            f"## {result.name}: {result.title}",
            "",
            result.setup.strip(),
            "",
            f"| {runs} runs | median | min | max |",
            "|---|---|---|---|",
            *rows,
            "",
            *([result.details, ""] if result.details else []),
            f"Target: {result.target}{_VERDICTS[result.met]}.",
            f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d} at {commit()}, {machine()}.",
            "",
        ]
    )


_VERDICTS = {True: ": **met**", False: ": **not met**", None: ""}


def machine() -> str:
    """The machine in one line."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), re.MULTILINE)
    parts = [
        cpu[1].strip() if cpu else platform.processor() or platform.machine(),
        f"{os.cpu_count()} CPUs",
        f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "memory unknown",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"load {os.getloadavg()[0]:.1f} at the end",
    ]
    return ", ".join(parts)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError:
        return ""


@cache
def commit(folder: Path = RESULTS.parent) -> str:
    """The commit that is measured; "-dirty" where anything but the results themselves is not as it was committed.

    `make bench` writes one result after the other, so it is asked before the first and kept.
    """

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603, S607

    described = git("describe", "--always").stdout.strip()
    if not described:
        return "no commit"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(exclude){RESULTS.name}").stdout
    return f"{described}-dirty" if changed else described
