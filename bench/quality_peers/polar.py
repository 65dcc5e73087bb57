"""The row rules as expressions of polars: True where a row breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import polars as pl

_GIVEN = {
    "II06A-3-6-GIVEN": ("received_total", "received_online", "received_direct_postal", "carried_over"),
    "II06A-7-10-GIVEN": ("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue"),
    "II06A-11-13-GIVEN": ("pending_total", "pending_in_time", "pending_overdue"),
}
_SUMS = {
    "II06A-3-SUM": ("received_total", "received_online", "received_direct_postal", "carried_over"),
    "II06A-7-SUM": ("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue"),
    "II06A-11-SUM": ("pending_total", "pending_in_time", "pending_overdue"),
    "II06A-3-BALANCE": ("received_total", "resolved_total", "pending_total"),
}
_COLUMNS = [
    *("source", "payload", "pointer", "agency", "first_day", "last_day", "unit", "tier", "field", "problem"),
    *("problem_rule", *(name for names in _GIVEN.values() for name in names)),
]
_PLACE = ["source", "agency", "field", "first_day", "last_day"]


def read(folder: Path) -> pl.DataFrame:
    """Only what the rules ask for: neither the records nor their place in them."""
    return pl.read_parquet(folder / "rows.parquet", columns=_COLUMNS)


def conditions(asked: Mapping[str, Any], folder: Path) -> Mapping[str, pl.Expr]:
    reach = pl.read_parquet(folder / "reach.parquet")
    own = (reach["source"] + "|" + reach["unit"] + "|" + reach["tier"]).to_list()
    given = pl.read_parquet(folder / "given.parquet")
    gives = {name: given.filter(pl.col("measure") == name)["source"].to_list() for name in given["measure"].unique()}
    problem, field, unit, tier = (pl.col(name) for name in ("problem_rule", "field", "unit", "tier"))

    def lacking(names: tuple[str, ...]) -> pl.Expr:
        lacks = (pl.col(name).is_null() & pl.col("source").is_in(gives.get(name, [])) for name in names)
        return reduce(or_, lacks) & problem.ne_missing("READ-NUMBER")

    def outside(names: tuple[str, ...]) -> pl.Expr:
        return reduce(or_, ((~pl.col(name).is_between(0, 999_999_999)).fill_null(False) for name in names))

    def unequal(total: str, *parts: str) -> pl.Expr:
        return (pl.col(total) != reduce(lambda one, other: one + other, (pl.col(name) for name in parts))).fill_null(
            False
        )

    def sums(name: str) -> pl.Expr:
        return pl.col(name).sum().over(_PLACE)

    known = [rule["id"] for rule in asked["rules"] if rule["violation"] == f"problem_rule = '{rule['id']}'"]
    part = pl.when(pl.col("pointer").str.starts_with("counted:")).then(pl.col("pointer"))
    made = {rule: problem.eq_missing(rule) for rule in known}
    made |= {
        "READ-OTHER": (pl.col("problem").is_not_null() & problem.is_null())
        | (problem.is_not_null() & ~problem.is_in(known)),
        "UNIT-KNOWN": (unit.is_null() | tier.is_null()) & problem.ne_missing("READ-UNIT"),
        "UNIT-OWN": unit.is_not_null()
        & tier.is_not_null()
        & ~(pl.col("source") + "|" + unit + "|" + tier).is_in(own).fill_null(False),
        "FIELD-KNOWN": (field.is_null() | (field.eq_missing("all") & pl.col("source").is_in(gives["field"])))
        & problem.ne_missing("READ-FIELD"),
        "UNIQUE": field.is_not_null() & (pl.len().over([*_PLACE, part]) > 1),
        **{rule: lacking(names) for rule, names in _GIVEN.items()},
        **{rule.replace("GIVEN", "RANGE"): outside(names) for rule, names in _GIVEN.items()},
        **{rule: unequal(*names) for rule, names in _SUMS.items()},
        "ALL-ON-TIME": (sums("resolved_total") >= 2000) & (sums("resolved_overdue") == 0),
        "NONE-RECEIVED": (sums("received_online") == 0)
        & (sums("received_direct_postal") == 0)
        & (sums("pending_total") >= 20),
        "NONE-ONLINE": (sums("received_online") == 0) & (sums("received_direct_postal") >= 500),
    }
    if strange := {rule["id"] for rule in asked["rules"]} - made.keys():
        raise SystemExit(f"no condition was written for {', '.join(sorted(strange))}")
    return made
