"""The row rules as conditions over a pandas data frame: True where a row breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

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
COLUMNS = [
    *("source", "payload", "pointer", "agency", "first_day", "last_day", "unit", "tier", "field", "problem"),
    *("problem_rule", *(name for names in _GIVEN.values() for name in names)),
]
_PLACE = ["source", "agency", "field", "first_day", "last_day"]


def read(folder: Path) -> pd.DataFrame:
    """Only what the rules ask for: neither the records nor their place in them."""
    return pd.read_parquet(folder / "rows.parquet", columns=COLUMNS, dtype_backend="pyarrow")


def conditions(asked: Mapping[str, Any], folder: Path) -> Mapping[str, Callable[[pd.DataFrame], pd.Series]]:
    reach = pd.read_parquet(folder / "reach.parquet")
    own = pd.MultiIndex.from_frame(reach[["source", "unit", "tier"]])
    given = pd.read_parquet(folder / "given.parquet")
    gives = {name: set(part["source"]) for name, part in given.groupby("measure")}

    def not_read(frame: pd.DataFrame, rule: str) -> pd.Series:
        return (frame["problem_rule"] != rule).fillna(True)

    def lacking(names: tuple[str, ...]) -> Callable[[pd.DataFrame], pd.Series]:
        def broken(frame: pd.DataFrame) -> pd.Series:
            bad = pd.Series(False, frame.index)
            for name in names:
                bad |= frame[name].isna() & frame["source"].isin(gives.get(name, set()))
            return bad & not_read(frame, "READ-NUMBER")

        return broken

    def outside(names: tuple[str, ...]) -> Callable[[pd.DataFrame], pd.Series]:
        def broken(frame: pd.DataFrame) -> pd.Series:
            bad = pd.Series(False, frame.index)
            for name in names:
                bad |= (~frame[name].between(0, 999_999_999)).fillna(False)
            return bad

        return broken

    def unequal(total: str, *parts: str) -> Callable[[pd.DataFrame], pd.Series]:
        return lambda frame: (frame[total] != sum(frame[name] for name in parts)).fillna(False)

    def sums(frame: pd.DataFrame, name: str) -> pd.Series:
        return frame.groupby(_PLACE, dropna=False, sort=False, observed=True)[name].transform("sum")

    def twice(frame: pd.DataFrame) -> pd.Series:
        part = frame["pointer"].where(frame["pointer"].str.startswith("counted:"))
        return frame["field"].notna() & frame[_PLACE].assign(part=part).duplicated(keep=False)

    known = [rule["id"] for rule in asked["rules"] if rule["violation"] == f"problem_rule = '{rule['id']}'"]
    made: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
        rule: (lambda frame, rule=rule: (frame["problem_rule"] == rule).fillna(False)) for rule in known
    }
    made |= {
        "READ-OTHER": lambda frame: (
            (frame["problem"].notna() & frame["problem_rule"].isna())
            | (frame["problem_rule"].notna() & ~frame["problem_rule"].isin(known))
        ),
        "UNIT-KNOWN": lambda frame: (frame["unit"].isna() | frame["tier"].isna()) & not_read(frame, "READ-UNIT"),
        "UNIT-OWN": lambda frame: (
            frame["unit"].notna()
            & frame["tier"].notna()
            & ~pd.Series(pd.MultiIndex.from_frame(frame[["source", "unit", "tier"]]).isin(own), frame.index)
        ),
        "FIELD-KNOWN": lambda frame: (
            (frame["field"].isna() | ((frame["field"] == "all").fillna(False) & frame["source"].isin(gives["field"])))
            & not_read(frame, "READ-FIELD")
        ),
        "UNIQUE": twice,
        **{rule: lacking(names) for rule, names in _GIVEN.items()},
        **{rule.replace("GIVEN", "RANGE"): outside(names) for rule, names in _GIVEN.items()},
        **{rule: unequal(*names) for rule, names in _SUMS.items()},
        "ALL-ON-TIME": lambda frame: (sums(frame, "resolved_total") >= 2000) & (sums(frame, "resolved_overdue") == 0),
        "NONE-RECEIVED": lambda frame: (
            (sums(frame, "received_online") == 0)
            & (sums(frame, "received_direct_postal") == 0)
            & (sums(frame, "pending_total") >= 20)
        ),
        "NONE-ONLINE": lambda frame: (
            (sums(frame, "received_online") == 0) & (sums(frame, "received_direct_postal") >= 500)
        ),
    }
    if strange := {rule["id"] for rule in asked["rules"]} - made.keys():
        raise SystemExit(f"no condition was written for {', '.join(sorted(strange))}")
    return made
