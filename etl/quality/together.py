"""How the row rules of a suite are asked together, so that no row is looked at more often than they need.

All of it is for speed alone: each rule breaks the rows that it breaks when it is asked by itself. Rules that look at
their row only are asked in one pass. What a reader said stands in few rows, so only those are asked about it. A rule
that looks into another table is a filter of its own, beside which no column of the others is carried along. Rules that
look at the rows beside theirs, by a window, would sort or group all rows; but nearly every row is alone in its windows,
where a count is 1 and a sum is its own measure, so only rows in company are asked by windows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa

from etl.model import Rule

ROW = "__row"
"""The column of `rows` that numbers them, from 0."""
_SAID = re.compile(r"problem_rule = '[^']*'")
_OVER = re.compile(r"\bover\b", re.IGNORECASE)
_WINDOW = re.compile(
    r"\b(?:count\s*\(\s*\*\s*\)|sum\s*\(\s*(?P<measure>\w+)\s*\))\s*over\s*"
    r"\(\s*partition\s+by\s+(?P<by>(?:(?!\b(?:order|rows|range|groups)\b)[^()])+)\)",
    re.IGNORECASE,
)
"""A count or sum over all rows that agree in some columns: what is known of a row that is alone."""


def struck(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], bit: Mapping[str, int]) -> str:
    """A query of the rows that break any of the rules: ROW, mask; a row may come more than once.

    It asks `rows`, with ROW, and a temporary table `company`, made here. bit: of each rule. Raises duckdb.Error.
    """
    looks = {rule.id: _looks_at(rule.violation) for rule in rules}
    of = {look: [rule for rule in rules if looks[rule.id] == look] for look in ("row", "said", "company", "else")}
    asked = [by_itself(rule, bit) for rule in of["else"]]
    if of["row"]:
        asked.append(_masked(of["row"], bit, "rows"))
    if of["said"]:
        asked.append(_masked(of["said"], bit, "(select * from rows where problem_rule is not null)"))
    if of["company"]:
        _find_company(connection, of["company"])
        alone = [replace(rule, violation=_WINDOW.sub(_of_one, rule.violation)) for rule in of["company"]]
        asked.append(f"{_masked(alone, bit, 'rows')} and {ROW} not in (select {ROW} from company)")
        company = f"(select * from rows where {ROW} in (select {ROW} from company))"
        asked.append(_masked(of["company"], bit, company))
    return " union all ".join(asked)


def by_itself(rule: Rule, bit: Mapping[str, int]) -> str:
    """The same of one rule, as it is written."""
    if _OVER.search(rule.violation):
        return _masked([rule], bit, "rows")
    return f"select {ROW}, {bit[rule.id]}::bigint as mask from rows where ({rule.violation})"


def _looks_at(violation: str) -> str:
    if "select" in violation.lower():
        return "else"
    if _SAID.fullmatch(violation):
        return "said"
    if not _OVER.search(violation):
        return "row"
    return "else" if _OVER.search(_WINDOW.sub(_of_one, violation)) else "company"


def _masked(rules: Sequence[Rule], bit: Mapping[str, int], among: str) -> str:
    mask = " | ".join(f"(case when ({rule.violation}) then {bit[rule.id]} else 0 end)::bigint" for rule in rules)
    return f"select {ROW}, mask from (select {ROW}, {mask} as mask from {among} as rows) where mask <> 0"


def _of_one(window: re.Match[str]) -> str:
    """The same of a row that is alone; a sum of whole numbers is a hugeint."""
    return "1" if window["measure"] is None else f"{window['measure']}::hugeint"


def _find_company(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    """Make `company` of the rows that may share a window of any of the rules with another row.

    Rows of one window have one hash; two rows of one hash need not share the window, and the windows themselves tell
    then. A window of more columns than another has no rows that share it and not the other. Takes 8 bytes a row.
    """
    found = {_columns(window["by"]) for rule in rules for window in _WINDOW.finditer(rule.violation)}
    coarsest = [by for by in found if not any(set(other) < set(by) for other in found)]
    parts = []
    for number, by in enumerate(sorted(coarsest)):
        key = f"hash({', '.join(by)})"
        hashes = connection.sql(f"select {key} as key from rows").fetchnumpy()["key"]
        hashes.sort()
        shared = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        connection.register(f"shared_{number}", pa.table({"key": shared}))
        parts.append(f"select {ROW} from rows where {key} in (select key from shared_{number})")
    connection.execute(f"create or replace temp table company as {' union '.join(parts)}")


def _columns(by: str) -> tuple[str, ...]:
    """What a window's rows agree in, in one order."""
    return tuple(sorted(" ".join(column.split()) for column in by.split(",")))
