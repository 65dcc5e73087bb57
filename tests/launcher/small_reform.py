"""The country before and after the reform of 1 July 2025 with few communes: every province, a handful under each."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFORM = "2025-07-01"
FAMILIES = 2
"""Groups of communes kept in each province of before: what was merged or divided stays with all that it became."""


def make_catalog(folder: Path, sources: tuple[str, ...]) -> Path:
    """The project's catalog with these of its sources only."""
    shutil.copytree(ROOT / "catalog", folder, ignore=shutil.ignore_patterns("sources"))
    (folder / "sources").mkdir()
    for source in sources:
        shutil.copy(ROOT / f"catalog/sources/{source}.yml", folder / "sources")
    units, links = _rows(folder / "units/units.csv"), _rows(folder / "units/changes.csv")
    kept = _kept(units, links)
    _rewrite(folder / "units/units.csv", lambda row: (row["code"], row["valid_to"] or "now") in kept)
    old = {code for code, end in kept if end != "now"}
    _rewrite(folder / "units/changes.csv", lambda row: row["old"] in old)
    _rewrite(folder / "units/codes.csv", lambda row: False)
    return folder


def _kept(units: list[dict[str, str]], links: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Code and end of the rows that stay."""
    before = {
        row["code"]: row for row in units if row["level"] in ("district", "commune") and row["valid_to"] == REFORM
    }
    now = {row["code"]: row for row in units if row["level"] == "commune" and not row["valid_to"]}
    families = _families([(row["old"], row["new"]) for row in links if row["old"] in before and row["new"] in now])
    chosen: dict[str, int] = {}
    kept = {(row["code"], row["valid_to"] or "now") for row in units if row["level"] not in ("district", "commune")}
    for olds, news in sorted(families, key=lambda family: (len(family[0]) + len(family[1]), sorted(family[1]))):
        if any(before[old]["level"] == "district" for old in olds):
            continue
        homes = {before[before[old]["parent"]]["parent"] for old in olds}
        if any(chosen.get(home, 0) < FAMILIES for home in homes):
            chosen |= {home: chosen.get(home, 0) + 1 for home in homes}
            for code in olds:
                kept |= {(code, REFORM), (before[code]["parent"], REFORM)}
            kept |= {(row["code"], row["valid_to"] or "now") for row in units if row["code"] in news and _is_now(row)}
    return kept


def _is_now(row: dict[str, str]) -> bool:
    return row["level"] == "commune" and row["valid_to"] != REFORM


def _families(links: list[tuple[str, str]]) -> list[tuple[set[str], set[str]]]:
    """Old and new communes that belong together, by whatever way."""
    of_old: dict[str, set[str]] = {}
    of_new: dict[str, set[str]] = {}
    for old, new in links:
        of_old.setdefault(old, set()).add(new)
        of_new.setdefault(new, set()).add(old)
    found, left = [], set(of_new)
    while left:
        olds: set[str] = set()
        news, todo = set(), {left.pop()}
        while todo:
            new = todo.pop()
            news.add(new)
            for old in of_new[new] - olds:
                olds.add(old)
                todo |= of_old[old] - news
        left -= news
        found.append((olds, news))
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _rewrite(path: Path, kept: Callable[[dict[str, str]], bool]) -> None:
    rows = _rows(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if kept(row))
