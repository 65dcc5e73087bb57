"""The rules that hold figures of one period against those of another: what they find, and what that withholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from upath import UPath

from etl import indicators
from etl.indicators.tree import register
from etl.model import ALL, NATION, Comparison, ComparisonKind, Dataset, Finding, Hole, RuleOutcome, RuleState, Waiver
from etl.model.rules import ACROSS
from etl.periods import Period
from etl.pipeline import rules
from etl.pipeline.earlier import Held, stocks
from etl.pipeline.office import Office
from etl.pipeline.work import read, write_findings
from etl.quality import across
from etl.quality.across import PLACES, Compared, Rows
from etl.quality.across.jump import pairs as jumps
from etl.quality.across.mirror import pairs as mirrored
from etl.quality.across.proof import prove
from etl.quality.across.sources import Side
from etl.quality.across.sources import pairs as laid_out
from etl.quality.waiving import passed
from etl.units import UnitTree

_NOTHING_KNOWN = "không chỗ nào biết cả hai số để so (no two figures are known to be held side by side)"
_CHAIN = f"""select unit, units_now as units, units_before as other_units, tier, field, '{{measure}}' as measure,
    opening as value, closing as other, null::varchar as source, null::varchar as other_source
from links
where leaf and verdict <> 'handed_over'
    or tier = '{ALL}' and unit <> '{NATION}' and unit in (select unit from links where verdict = 'handed_over')"""


class Across:
    """The rules of one period, each judged once. `compared`: what became of every one of them."""

    def __init__(self, office: Office, period: Period, work: UPath) -> None:
        self._office, self._period, self._catalog, self._work = office, period, office.catalog, work
        self.findings: list[Finding] = []
        self.compared: list[Compared] = []

    def chained(
        self,
        dataset_id: str,
        compute: Callable[[Sequence[indicators.Doubt]], pa.Table],
        doubts: Sequence[indicators.Doubt],
        rows: pa.Table,
    ) -> pa.Table:
        """FACTS of one dataset as `compute` makes them of these rows, less the opening stocks that are not the closing
        stocks of the period before, and what is made of them."""
        facts = compute(doubts)
        if broken := self._chain(dataset_id, facts, rows):
            facts = compute([*doubts, *broken])
        self._jump(dataset_id, facts, rows)
        return facts

    def _chain(self, dataset_id: str, facts: pa.Table, rows: pa.Table) -> list[indicators.Doubt]:
        """What critical breaks leave in doubt."""
        doubts: list[indicators.Doubt] = []
        then, dataset = self._period.previous(), self._catalog.datasets[dataset_id]
        for name, opening, closing in stocks(self._catalog):
            if name != dataset_id:
                continue
            before = self._office.warehouse.facts_table(then.key, indicators=[closing.code])
            with duckdb.connect() as connection:
                connection.register("links", self._held.chain(before, facts, opening, closing))
                pairs = connection.sql(_CHAIN.format(measure=opening.sum)).to_arrow_table()
            found = self._compare("chain", pairs, _of(rows), self._recorded(then, dataset_id), then, dataset_id)
            doubts += (
                (hole, (str(opening.sum), *_totals_of(dataset, str(opening.sum))))
                for one in found
                if one.rule.severity == "critical"
                for hole in self._holes(dataset_id, one.open)
            )
            if any(rule.severity == "critical" and rule.kind == "chain" for rule in self._silent()):
                held = (str(opening.sum), *_totals_of(dataset, str(opening.sum)))
                doubts += ((hole, held) for hole in self._unchecked(dataset_id))
        return doubts

    def _silent(self) -> Iterator[Comparison]:
        """The rules that cannot run, or prove nothing: what they would say is not known."""
        return (rule for rule in self._rules if rule.id in self._dead)

    def _unchecked(self, dataset_id: str) -> Iterator[Hole]:
        for side in self._sides(dataset_id):
            if side.reporting:
                unit = self._catalog.sources[side.source].unit
                yield Hole(dataset_id, side.source, unit, None, None, None, "quarantined")

    def _jump(self, dataset_id: str, facts: pa.Table, rows: pa.Table) -> None:
        """The figures of one dataset against the same period of the year before. facts: FACTS made of the rows."""
        then = self._a_year_before
        trees = self._catalog.tree(self._period), self._catalog.tree(then)
        measures = {one.code: one.sum for one in self._catalog.indicators_of(dataset_id) if one.sum is not None}
        before = self._office.warehouse.facts_table(then.key, indicators=list(measures))
        if not before.num_rows:
            return
        pairs = jumps(
            facts,
            before,
            groups=self._held_then.groups,
            measures=measures,
            levels={unit.code: unit.level for unit in trees[0]},
        )
        here, there = _below(trees[0], _of(rows)), _below(trees[1], self._recorded(then, dataset_id))
        self._compare("jump", pairs, here, there, then, dataset_id)

    def _recorded(self, period: Period, dataset_id: str) -> Rows:
        return lambda units: self._office.warehouse.places(period.key, dataset_id, units)

    def systems(self, dataset_id: str, good: pa.Table, holes: Iterable[Hole]) -> None:
        """What different systems say of one dataset. good: rows of all sources; holes: what those that report do not
        know."""
        sides = list(self._sides(dataset_id))
        self._sources(dataset_id, good, holes, sides)
        listed = read(self._work / "deliveries.parquet")
        own = pa.array([side.source for side in sides], pa.string())
        if (found := listed.filter(pc.is_in(listed["source"], own))).num_rows:
            pairs, here, there = mirrored(found)
            self._compare("mirror", pairs, _of(here), _of(there), self._period, dataset_id)

    def keep(self) -> None:
        """Lay beside the rows of the run what was found, and what each rule said."""
        write_findings(self._work / f"findings_{ACROSS}.parquet", self.findings)
        rules.keep(self._work, ACROSS, list(self.outcomes()), None)

    def _sources(self, dataset_id: str, good: pa.Table, holes: Iterable[Hole], every: Sequence[Side]) -> None:
        """The systems that report on the same units, side by side."""
        catalog, dataset = self._catalog, self._catalog.datasets[dataset_id]
        homes = {side.home for side in every if not side.reporting}
        if not homes:
            return
        sides = [side for side in every if side.home in homes]
        near = pa.array([side.source for side in sides], pa.string())
        rows = good.filter(pc.is_in(good["source"], near))
        whole, gaps = indicators.bridge(
            rows, dataset_id=dataset_id, dataset=dataset, days=catalog.counted(self._period), sources=catalog.sources
        )
        quarantine = read(self._work / f"quarantine_{dataset_id}.parquet")
        aside = quarantine.group_by(["source", "unit", "tier", "field"]).aggregate([]).to_pylist()
        unknown = [
            *holes,
            *(gap.hole for gap in gaps),
            *(Hole(dataset_id, province="", reason="quarantined", **row) for row in aside),
        ]
        pairs = laid_out(whole, sides, unknown, list(dataset.columns))
        self._compare("sources", pairs, _of(rows), _of(rows), self._period, dataset_id)

    def _sides(self, dataset_id: str) -> Iterator[Side]:
        tree, days = self._catalog.tree(self._period), self._catalog.counted(self._period)
        for source in self._catalog.due_sources(self._period):
            platform = self._catalog.platform_of(source)
            if platform.dataset == dataset_id:
                yield Side(
                    source.id,
                    platform.id,
                    tree.home(source.unit),
                    days[source.id],
                    reporting=source.role == "reporting",
                    records=platform.records_of is not None,
                    by_level=platform.unit.by == "level",
                )

    def outcomes(self) -> Iterator[RuleOutcome]:
        """What each rule said over all datasets."""
        for rule in self._rules:
            told = [one for one in self.compared if one.rule.id == rule.id]
            sources = Counter(source for one in told for source in one.broken["source"].to_pylist())
            judged, broken, dead = sum(one.judged for one in told), sources.total(), self._dead.get(rule.id, "")
            waived = sum(sum(one.waived) for one in told)
            failed: RuleState = "waived" if waived == broken else "fail"
            yield RuleOutcome.of(
                ACROSS,
                rule,
                "error" if dead else failed if broken else "pass" if judged else "not_run",
                judged=judged,
                broken=broken,
                waived=waived,
                sources=dict(sources),
                proven=not dead,
                reason=dead or ("" if judged else _NOTHING_KNOWN),
                unknown=sum(one.unknown for one in told),
            )

    @cached_property
    def _held(self) -> Held:
        return Held(self._catalog, self._period)

    @property
    def _a_year_before(self) -> Period:
        return replace(self._period, year=self._period.year - 1)

    @cached_property
    def _held_then(self) -> Held:
        return Held(self._catalog, self._period, self._a_year_before)

    @cached_property
    def _dead(self) -> Mapping[str, str]:
        return prove(self._rules)

    @cached_property
    def _waivers(self) -> Sequence[Waiver]:
        return self._office.waivers_of(ACROSS, self._period)

    @cached_property
    def _rules(self) -> Sequence[Comparison]:
        return self._office.across().rules

    def _compare(
        self,
        kind: ComparisonKind,
        pairs: pa.Table,
        here: Rows,
        there: Rows,
        other: Period,
        dataset_id: str,
    ) -> list[Compared]:
        rules = [rule for rule in self._rules if rule.kind == kind and rule.id not in self._dead]
        found = across.compare(rules, pairs, here, there)
        self.findings += (
            Finding(
                rule=rule.id,
                severity="critical",
                source=hole.source,
                period=self._period.key,
                message=f"Quy tắc {rule.id} không kiểm tra được: {self._dead[rule.id]}",
                expected="sửa expectations/across.yml cho tới khi `baocao rules prove` đạt, rồi chạy lại kỳ này",
            )
            for rule in self._silent()
            for hole in self._unchecked(dataset_id)
            if rule.kind == kind
        )
        titles = {name: column.title.vi for name, column in self._catalog.datasets[dataset_id].columns.items()}
        tree = self._catalog.tree(self._period)
        told = [
            [
                passed(finding, self._waivers)
                for finding in across.findings(
                    [one], self._period, other, tree=tree, fields=self._catalog.fields, titles=titles
                )
            ]
            for one in found
        ]
        self.findings += chain.from_iterable(told)
        found = [
            replace(one, waived=tuple(finding.waiver is not None for finding in findings))
            for one, findings in zip(found, told, strict=True)
        ]
        self.compared += found
        return found

    def _holes(self, dataset_id: str, broken: pa.Table) -> Iterator[Hole]:
        """Where a broken pair of figures leaves its measure in doubt: at each of the units that share the stock."""
        tree = self._catalog.tree(self._period)
        for pair in broken.select(["source", "units", "tier", "field"]).to_pylist():
            for unit in pair["units"]:
                tier, field = (None if pair[name] == ALL else pair[name] for name in ("tier", "field"))
                yield Hole(dataset_id, pair["source"], tree.home(unit), unit, tier, field, "quarantined")


def _of(rows: pa.Table) -> Rows:
    """Of these rows, whatever units are asked for."""
    return lambda _: rows.select(PLACES.names)


def _below(tree: UnitTree, rows: Rows) -> Rows:
    """The rows of all that is below the units, each under the unit that was asked for."""

    def found(units: Collection[str]) -> pa.Table:
        above = [(below.code, unit) for unit in units if unit in tree for below in tree.below(unit)]
        with duckdb.connect() as connection:
            connection.register("placed", rows({code for code, _ in above}))
            register(connection, "above", ("unit", "upper"), above)
            told = "select placed.* replace (upper as unit) from placed join above using (unit)"
            return connection.sql(told).to_arrow_table()

    return found


def _totals_of(dataset: Dataset, measure: str) -> Iterator[str]:
    """The totals that a measure is a part of, whatever number of steps up."""
    for name, column in dataset.columns.items():
        if measure in column.parts:
            yield name
            yield from _totals_of(dataset, name)
