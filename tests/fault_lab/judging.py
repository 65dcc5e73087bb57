"""The judge: no figure of a struck source may differ from the truth without being withheld or named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etl.catalog import Catalog
from etl.model import ALL, NATION, Finding, Indicator, Platform, Receipt, Source
from tests.end_to_end.office import MEASURES
from tests.fault_lab.truth import Figures

SILENT = frozenset({"READ-COLUMN", "READ-WINDOW"})
"""Rules that say nothing of a figure's value."""


@dataclass(frozen=True)
class Verdict:
    """What became of one source. name: state of its pull, or the rules that told; "" where all is right."""

    source: str
    name: str
    state: str
    rows: int
    shown: int
    withheld: int
    silently_wrong: tuple[str, ...]


@dataclass(frozen=True)
class Bench:
    """What is known after one load: its facts by unit, their states, its findings and rows; and the truth."""

    catalog: Catalog
    figures: Figures
    period: str
    facts: Mapping[str, Sequence[Mapping[str, Any]]]
    states: Mapping[tuple[str, ...], str]
    findings: Sequence[Finding]
    rows: Mapping[str, int]

    def judge(self, source: Source, receipt: Receipt, usual: Collection[str]) -> Verdict:
        """usual: rules that speak without any fault, so that they name none."""
        platform = self.catalog.platforms[source.platform]
        own = (one for one in self.findings if one.source == source.id and one.severity != "info")
        found = [one for one in own if one.rule not in usual]
        feeding = self.catalog.indicators_of(platform.dataset) if source.role == "reporting" else ()
        indicators = {one.code: one for one in feeding}
        units = [source.unit, *self.figures.country.provinces[source.unit].communes]
        wrong, shown, withheld, moving = [], 0, 0, False
        told: dict[tuple[str, ...], bool] = {}
        for fact in (fact for unit in units for fact in self.facts.get(unit, ()) if fact["indicator"] in indicators):
            indicator, place = indicators[fact["indicator"]], (fact["unit"], fact["tier"], fact["field"])
            told[indicator.code, *place] = fact["value"] is not None
            true = self.figures.value(indicator, self.period, place)
            if fact["value"] is None:
                withheld += true is not None and not _never_given(indicator, fact["field"], platform)
                continue
            shown += 1
            if fact["value"] == true:
                continue
            if self.states[indicator.code, *place] == "moving":
                moving = True
            elif not any(_names(finding, place, indicator, platform, source) for finding in found):
                wrong.append(f"{indicator.code} {place}: {fact['value']}, truth {true}")
        if receipt.state == "complete":  # without a proven pull there is no figure of a commune at all
            wrong += self._lost(platform.dataset, units, indicators.values(), told)
        names = [receipt.state] if receipt.state != "complete" else sorted({one.rule for one in found})
        name = ", ".join([*names, *(["moving"] if moving else [])])
        return Verdict(source.id, name, receipt.state, self.rows.get(source.id, 0), shown, withheld, tuple(wrong))

    def nation(self) -> list[str]:
        """Figures of the nation that are shown and not the truth."""
        return [
            f"{fact['indicator']} {place}: {fact['value']}, truth {true}"
            for fact in self.facts[NATION]
            for place in [(NATION, fact["tier"], fact["field"])]
            for true in [self.figures.value(self.catalog.indicators[fact["indicator"]], self.period, place)]
            if fact["value"] not in (None, true)
        ]

    def misprinted(self, unit: str, printed: Mapping[tuple[str, str], Sequence[Any]]) -> list[str]:
        """Cells of a unit's form II.06a that are not the warehouse's figure, or "…" where it has none."""
        codes = {one.sum: one.code for one in self.catalog.indicators.values() if one.dataset == "onestop"}
        facts = {(one["indicator"], one["tier"], one["field"]): one["value"] for one in self.facts[unit]}
        found = []
        for place, cells in printed.items():
            for measure, cell in zip(MEASURES, cells, strict=True):
                value = facts.get((codes[measure], *place))
                if cell != ("…" if value is None else float(value)):
                    found.append(f"{unit} {place} {measure}: {cell!r}, the warehouse has {value}")
        return found

    def _lost(
        self,
        dataset: str,
        units: Sequence[str],
        indicators: Collection[Indicator],
        told: Mapping[tuple[str, ...], bool],
    ) -> list[str]:
        """Figures that are there in truth and nowhere in the warehouse, under a sum that is shown without them."""
        return [
            f"{indicator.code} {place}: not there, truth {sums[indicator.sum]}"
            for place, sums in self.figures.of(dataset, self.period).items()
            if place[0] in units and (place[1] != ALL or place[0] == units[0])
            for indicator in indicators
            if indicator.sum
            and sums[indicator.sum]
            and (indicator.code, *place) not in told
            and told.get((indicator.code, place[0], place[1], ALL), True)
        ]


def _never_given(indicator: Indicator, field: str, platform: Platform) -> bool:
    """Whether the platform cannot give that figure at all: a measure it has no column of, or a field it cannot tell."""
    return not set(_measures(indicator)) <= set(platform.columns) or (
        field != ALL and indicator.dataset == "onestop" and not platform.tells_fields
    )


def _measures(indicator: Indicator) -> list[str | None]:
    if indicator.ratio is None:
        return [indicator.sum]
    return [*indicator.ratio.numerator, *indicator.ratio.denominator]


def _names(
    finding: Finding, place: tuple[str, str, str], indicator: Indicator, platform: Platform, source: Source
) -> bool:
    """Whether the finding speaks of that figure, or of one that it is a sum of."""
    if finding.rule in SILENT:
        return False
    unit, _, field = place
    whole = finding.unit is None or (finding.unit == source.unit and not finding.row)
    of_unit = whole or unit in (finding.unit, source.unit)
    of_field = finding.field in (None, ALL, field) or field == ALL
    columns = {
        column for measure in _measures(indicator) for column in (measure, *platform.columns.get(measure or "", ()))
    }
    told = {part.strip() for part in finding.column.split(",") if part.strip()}
    return of_unit and of_field and (not told or bool(told & columns))
