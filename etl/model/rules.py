"""Expectations, and what became of each of them in a load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from etl.model.base import Severity, Text

RuleKind = Literal["row", "table"]
ComparisonKind = Literal["chain", "sources", "mirror", "jump"]
Dimension = Literal["completeness", "accuracy", "coherence", "timeliness", "comparability"]
"""The quality dimensions of the European Statistical System."""
Record = Mapping[str, str | int | None]
"""Columns of a standard row and their values."""
WITHOUT: Final = "without"
RuleState = Literal["pass", "fail", "error", "waived", "not_run"]
"""fail: broken, and not all of it waived. error: it could not run. not_run: there was nothing that it could judge."""


@dataclass(frozen=True)
class Rule:
    """One expectation. `violation` is DuckDB SQL telling what breaks it, never what satisfies it.

    kind row: a condition over the columns of one standard row; a row that breaks a critical one is quarantined.
    kind table: a SELECT giving source, unit, tier of what is missing (unit null: the whole source).
    source: the column of the form, the article of law or the document the rule stands on.
    message: what was expected, in Vietnamese. show: the columns a reviewer needs to see.
    breaks: records that must break it, each the changes to a clean row (see Suite.clean), or of a table rule also
    {without: source | province | commune}: what is left out. One for each way to break it, at the very bound.
    waivable: its figures are read and known, so that somebody may answer for them (see Waiver).
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
    breaks: tuple[Record, ...] = field(default=(), hash=False)
    waivable: bool = False


@dataclass(frozen=True)
class Suite:
    """The expectations of one dataset; `version` grows with each change of a rule.

    clean: a row that breaks no rule: its `field`, its measures, and `tier: province` where rows are of whole provinces.
    """

    dataset: str
    version: int
    rules: tuple[Rule, ...]
    clean: Record = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """A rule over two figures of one place side by side; everything but the following is as in Rule.

    kind: which two figures stand side by side as `value` and `other`, and what else a condition may ask: see the head
    of `expectations/across.yml`. where: DuckDB SQL telling which of these pairs the rule is about. violation: what
    breaks it. A pair of which one figure is withheld or not known is not judged, and counted as such. breaks: pairs
    that must break it, each by what it is other in than two equal figures.
    """

    id: str
    title: Text
    severity: Severity
    dimension: Dimension
    source: str
    kind: ComparisonKind
    violation: str
    message: str
    where: str = "true"
    breaks: tuple[Mapping[str, str | float | bool], ...] = ()
    waivable: bool = False


ACROSS: Final = "across"
"""What stands for the dataset in outcomes of comparisons, which are judged over all datasets."""


@dataclass(frozen=True)
class Comparisons:
    """`version` grows with each change of a rule."""

    version: int
    rules: tuple[Comparison, ...]


@dataclass(frozen=True)
class RuleOutcome:
    """What one rule, as it was written then, said in one load.

    judged: rows, due sources of a table rule, or pairs of figures; unknown: pairs of which a figure is not known.
    broken: the rows or pairs that break it, what a table rule misses, and what the reader found without a row; waived:
    those of them that a waiver lets pass. sources: source -> its broken ones.
    proven: whether it fired on a record planted to break it; None where none was. reason: why error or not_run.
    """

    dataset: str
    rule: str
    title: Text
    severity: Severity
    dimension: Dimension
    law: str
    kind: RuleKind | ComparisonKind
    state: RuleState
    judged: int = 0
    broken: int = 0
    waived: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    proven: bool | None = None
    reason: str = ""
    unknown: int = 0

    @classmethod
    def of(cls, dataset: str, rule: Rule | Comparison, state: RuleState, **told: Any) -> RuleOutcome:
        """told: the fields from `judged` on."""
        return cls(dataset, rule.id, rule.title, rule.severity, rule.dimension, rule.source, rule.kind, state, **told)


@dataclass(frozen=True)
class Validation:
    """The validation result of Great Expectations on one dataset of a load, JSON-able: the audit record."""

    dataset: str
    suite_version: int
    result: Mapping[str, object]
