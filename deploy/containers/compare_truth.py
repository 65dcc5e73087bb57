"""Compares every figure of II.06a in the warehouse with the simulator's truth: `compare_truth.py PERIOD`.

Runs inside the stack, where both can be reached, and reads the warehouse with plain SQL, so that nothing of the
project's own reading is believed. For the nation and each province: both levels of agencies by field and in all,
and the grand total; eleven columns each. Exit status 1 on a difference, or when too little was compared.
"""

from __future__ import annotations

import json
import os
import sys
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg

NATION = "VN"
COLUMNS = (
    "received_total", "received_online", "received_direct_postal", "carried_over", "resolved_total", "resolved_early",
    "resolved_on_time", "resolved_overdue", "pending_total", "pending_in_time", "pending_overdue",
)  # fmt: skip
SHOWN = 20


def truth(unit: str, period: str) -> list[dict[str, int | str]]:
    """Rows of the unit's true II.06a that the warehouse holds as well: a level by field, or everything."""
    address = f"{os.environ['BAOCAO_SIMULATOR_URL']}/truth/II.06a?{urlencode({'unit': unit, 'period': period})}"
    with urlopen(address, timeout=600) as answer:  # noqa: S310 (the stack's own simulator)
        rows = json.load(answer)["rows"]
    return [row for row in rows if row["tier"] != "all" or row["field"] == "all"]


def main() -> int:
    period = sys.argv[1]
    url = os.environ["BAOCAO_WAREHOUSE_URL"].replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url) as warehouse:
        units = warehouse.execute(
            "SELECT code FROM baocao.unit WHERE level = 'province' AND valid_to IS NULL"
        ).fetchall()
        facts = warehouse.execute(
            "SELECT unit, tier, field, indicator, value, reason FROM baocao.fact_current"
            " WHERE period = %s AND (unit = %s OR unit_level = 'province')",
            (period, NATION),
        ).fetchall()
    held = {(unit, tier, field, indicator): (value, reason) for unit, tier, field, indicator, value, reason in facts}
    compared, idle, differences = 0, 0, []
    for unit in (NATION, *sorted(code for (code,) in units)):
        for row in truth(unit, period):
            place = (unit, row["tier"], row["field"])
            figures = {column: held.get((*place, f"tthc_{column}")) for column in COLUMNS}
            if not any(figures.values()) and not any(row[column] for column in COLUMNS):
                idle += 1  # nobody had a dossier there, and the source did not say so either: no figure, not 0
                continue
            for column, figure in figures.items():
                compared += 1
                if figure is None or figure[0] is None or figure[0] != row[column]:
                    found = "no fact" if figure is None else f"{figure[0]} ({figure[1]})"
                    differences.append(f"{' '.join(map(str, place))} {column}: truth {row[column]}, warehouse {found}")
    print(f"II.06a {period}: {len(units)} provinces and the nation, {compared} figures compared with the truth, "
          f"{len(differences)} differ; {idle} rows where nobody had a dossier")  # fmt: skip
    for difference in differences[:SHOWN]:
        print(difference)
    return 0 if units and compared >= len(units) * len(COLUMNS) and not differences else 1


if __name__ == "__main__":
    sys.exit(main())
