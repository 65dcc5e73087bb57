"""Expectations, and what became of each of them in a load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from etl.model.base import Severity, Text

RuleKind = Literal["row", "table"]
Dimension = Literal["completeness", "accuracy", "coherence", "timeliness", "comparability"]
"""The quality dimensions of the European Statistical System."""
RuleState = Literal["pass", "fail", "error", "waived", "not_run"]
"""fail: broken, and not all of it waived. error: it could not run. not_run: there was nothing that it could judge."""


@dataclass(frozen=True)
class Rule:
    """One expectation. `violation` is DuckDB SQL telling what breaks it, never what satisfies it.

    kind row: a condition over the columns of one standard row; a row that breaks a critical one is quarantined.
    kind table: a SELECT giving source, unit, tier of what is missing (unit null: the whole source).
    source: the column of the form, the article of law or the document the rule stands on.
    message: what was expected, in Vietnamese. show: the columns a reviewer needs to see.
    """

    id: str
    title: Text
    severity: Severity
    dimension: Dimension
    source: str
    kind: RuleKind
    violation: str
    message: str
    show: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """The expectations of one dataset; `version` grows with each change of a rule."""

    dataset: str
    version: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RuleOutcome:
    """What one rule, as it was written then, said in one load.

    judged: rows, or due sources of a table rule. broken: the rows that break it, what a table rule misses, and what
    the reader found without a row; waived: those of them that a waiver lets pass. sources: source -> its broken ones.
    proven: whether it fired on a record planted to break it; None where none was. reason: why error or not_run.
    """

    dataset: str
    rule: str
    title: Text
    severity: Severity
    dimension: Dimension
    law: str
    kind: RuleKind
    state: RuleState
    judged: int = 0
    broken: int = 0
    waived: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    proven: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class Validation:
    """The validation result of Great Expectations on one dataset of a load, JSON-able: the audit record."""

    dataset: str
    suite_version: int
    result: Mapping[str, object]
