"""Figures that cannot be, told by the quarter before: columns exchanged, another unit of counting, noughts.

And where an exchange could not have been told, that is said too: READ-SWAP-BLIND.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from etl import indicators
from etl.catalog import Catalog
from etl.drift import figures as drift_figures
from etl.drift import yaml_name
from etl.drift.blind import Blind, Pair, Tried, try_out
from etl.model import Finding, Hole
from etl.periods import Period
from etl.pipeline.exchangeable import trials, witnesses
from etl.pipeline.repairs import accepted_line
from etl.pipeline.unanswered import Noughts, Unanswered, answered, noughts_answered

_ASK = "Hỏi đơn vị vận hành cổng"


def suspects(
    catalog: Catalog,
    dataset_id: str,
    period: Period,
    parts: Sequence[pa.Table],
    earlier: Sequence[pa.Table],
    standing: Sequence[Unanswered | Noughts],
) -> tuple[pa.Table, list[Finding]]:
    """The standard rows of one dataset, each source's a table, against those of the period before: rows that cannot
    say nought get the problem READ-ZERO; a source whose measures took each other's place, or are in another unit, gets
    a critical finding. READ-SWAP names the two measures in its column, one after the other. What a person accepted as
    it stands is not told; what stands since a period before and nobody answered is told again, noughts until there are
    figures. READ-SWAP-BLIND is a warning, one for each source: the pairs of which nothing would tell that they were
    exchanged.

    earlier: without the figures that are doubted themselves (Unanswered.without).
    """
    rows, before = pa.concat_tables(parts), pa.concat_tables(earlier)
    dataset = catalog.datasets[dataset_id]
    noughts = [one for one in standing if isinstance(one, Noughts)]
    found = drift_figures.compare(
        rows, before, dataset, pa.concat_tables([earlier[0][:0], *(one.ground for one in noughts)])
    )
    tried = _tried(catalog, dataset_id, period, parts, before)
    told = _Told(catalog, dataset_id, period)
    findings = [
        *(told.swapped(one) for one in found.swaps),
        *(told.contradicted(pair, name) for pair, name in tried.contradicted.items()),
        *(told.scaled(one) for one in found.scales),
        *(told.still(one) for one in standing if isinstance(one, Unanswered) and _stands(one, rows, tried)),
    ]
    kept = [
        one for one in findings if not answered(catalog.sources[one.source], period.key, tuple(one.column.split(", ")))
    ]
    unproven = groupby(_unproven(catalog, period, tried, kept), lambda one: one.source)
    kept += [told.blind(source, list(pairs)) for source, pairs in unproven]
    zeros = [one for one in found.zeros if not noughts_answered(catalog, catalog.sources[one.source], period)]
    return _marked(rows, zeros, told), kept


def _tried(catalog: Catalog, dataset: str, period: Period, parts: Sequence[pa.Table], before: pa.Table) -> Tried:
    sources = [(catalog.sources[part["source"][0].as_py()], part) for part in parts if part.num_rows]
    return try_out(
        pa.concat_tables(parts),
        before,
        catalog.datasets[dataset],
        [trial for source, part in sources for trial in trials(catalog, source, period, part)],
        list(witnesses(catalog, period, parts)),
    )


def _unproven(catalog: Catalog, period: Period, tried: Tried, told: Sequence[Finding]) -> Iterator[Blind]:
    """By source, the pairs of which those findings do not withhold both measures, and nobody accepted both."""
    held = {(one.source, measure) for one in told if one.rule == "READ-SWAP" for measure in one.column.split(", ")}
    scaled = {one.source for one in told if one.rule == "READ-SCALE"}
    for pair in sorted(tried.blind):
        source, measures = pair[0], tuple(filter(None, pair[1:]))
        if source in scaled or held >= {(source, measure) for measure in measures}:
            continue
        if not answered(catalog.sources[source], period.key, measures):
            yield tried.blind[pair]


def _stands(one: Unanswered, rows: pa.Table, tried: Tried) -> bool:
    now = rows.filter(pc.equal(rows["source"], one.source))
    return now.num_rows > 0 and (one.source, *one.measures) not in tried.confirmed and one.stands(now)


class _Told:
    """The findings of one dataset and period, in words."""

    def __init__(self, catalog: Catalog, dataset_id: str, period: Period) -> None:
        self._catalog, self._period, self._last = catalog, period, period.previous().key
        columns = catalog.datasets[dataset_id].columns
        self._lasting = drift_figures.lasting(catalog.datasets[dataset_id]) or list(columns)
        self._title = {name: f"“{column.title.vi}” ({name})" for name, column in columns.items()}

    def swapped(self, swap: drift_figures.Swap) -> Finding:
        pair = swap.one, swap.other
        told = (
            f"đã đổi chỗ cho nhau so với kỳ {self._last}: {swap.places} trong {swap.among} chỗ so được giống hẳn cột "
            "kia, không còn giống chính nó"
            if swap.certain
            else f"có thể đã đổi chỗ cho nhau: so với kỳ {self._last}, cột này nay gần cột kia hơn, và cột nhiều thành "
            f"cột ít ở {swap.places} trong {swap.among} cơ quan"
        )
        message = f"{self._both(pair)} {told}. {self._answer(swap.source, pair, self._period.key)}"
        return self._finding("READ-SWAP", swap.source, pair, f"như kỳ {self._last}", message)

    def contradicted(self, pair: Pair, name: str) -> Finding:
        source, *measures = pair
        told = (
            f"nguồn để so sánh {name} nêu hai số này theo thứ tự ngược lại"
            if name
            else f"hồ sơ chuyển qua không bằng số đang giải quyết cuối kỳ {self._last}, mà cột kia thì bằng"
        )
        message = (
            f"{self._both(measures)} có thể đã đổi chỗ cho nhau: {told}. "
            f"{self._answer(source, measures, self._period.key)}"
        )
        return self._finding("READ-SWAP", source, measures, "như nguồn khác nêu", message)

    def blind(self, source: str, found: Sequence[Blind]) -> Finding:
        """One for the source, of all its pairs."""
        measures = sorted({measure for one in found for measure in (one.one, one.other) if measure})
        told = "; ".join(
            f"{' và '.join(self._title[name] for name in (one.one, one.other) if name)}: {self._why(one)}"
            for one in found
        )
        message = (
            f"Chưa chứng minh được thứ tự của {len(found)} cặp cột: cổng có đổi chỗ cho nhau thì không phép cộng, kỳ "
            f"trước hay nguồn nào cho biết. {told}. Số liệu vẫn hiện, chưa tạm giữ. "
            f"{self._confirm(source, measures, self._period.key)}; nếu cổng đổi cột thì cổng sửa rồi lấy lại"
        )
        return replace(
            self._finding("READ-SWAP-BLIND", source, measures, "không cặp nào", message, f"{len(found)}"),
            severity="warning",
        )

    def _why(self, one: Blind) -> str:
        shares = "; ".join(
            f"{when} {share:.0%} : {1 - share:.0%}"
            for when, share in ((f"kỳ {self._last}", one.was), ("kỳ này", one.is_now))
            if share is not None and one.other
        )
        return {
            "first": f"chưa có kỳ {self._last} để so",
            "few": f"dưới {drift_figures.FEWEST_AGENCIES} cơ quan để so",
            "even": f"vốn gần bằng nhau ({shares})",
            "moved": f"tỷ lệ thay đổi nhiều như khi đổi chỗ ({shares})",
            "unread": "cột kia của cổng không vào số liệu nào nên không có gì để so",
        }[one.why]

    def scaled(self, scale: drift_figures.Scale) -> Finding:
        message = (
            f"{self._title[scale.measure]}: tổng các cơ quan từ {scale.before} (kỳ {self._last}) "
            f"{'xuống' if scale.down else 'lên'} {scale.now}, gần đúng {scale.factor} lần: có thể cổng đổi đơn vị "
            f"tính. {self._confirm(scale.source, (scale.measure,), self._period.key)}; "
            "nếu không thì cổng sửa rồi lấy lại"
        )
        expected = f"gần {scale.before} như kỳ {self._last}"
        return self._finding("READ-SCALE", scale.source, (scale.measure,), expected, message, str(scale.now))

    def still(self, one: Unanswered) -> Finding:
        if one.rule == "READ-SCALE":
            message = (
                f"{self._title[one.measures[0]]}: từ kỳ {one.since} có thể theo đơn vị tính khác, chưa ai trả lời, và "
                f"nay chưa trở lại như trước đó. {self._confirm(one.source, one.measures, one.since)}; nếu không thì "
                f"cổng sửa rồi lấy lại; rồi chạy lại từ kỳ {one.since}"
            )
        else:
            message = (
                f"{self._both(one.measures)} có thể vẫn đổi chỗ cho nhau từ kỳ {one.since}: chưa ai trả lời, và cột "
                f"nhiều, cột ít chưa trở lại như trước đó. {self._answer(one.source, one.measures, one.since)}"
            )
        return self._finding(one.rule, one.source, one.measures, f"như trước kỳ {one.since}", message)

    def nought(self, zero: drift_figures.Zero) -> str:
        """Why a row is set aside."""
        source = self._catalog.sources[zero.source]
        measures = list(self._catalog.platform_of(source, self._period).columns)
        return (
            f"mọi số liệu bằng 0, trong khi kỳ {zero.periods} còn {zero.before} ({', '.join(self._lasting)}). "
            f"{self._confirm(source.id, measures, self._period.key)} (cho mọi dòng bằng 0 của nguồn trong kỳ)"
        )

    def _finding(
        self, rule: str, source: str, measures: Sequence[str], expected: str, message: str, value: str = ""
    ) -> Finding:
        return Finding(
            rule=rule,
            severity="critical",
            source=source,
            period=self._period.key,
            column=", ".join(measures),
            value=value,
            expected=expected,
            message=message,
        )

    def _both(self, pair: Sequence[str]) -> str:
        return f"{self._title[pair[0]]} và {self._title[pair[1]]}"

    def _confirm(self, source: str, measures: Sequence[str], since: str) -> str:
        line = accepted_line(since, measures)
        return f"{_ASK}: nếu số liệu đúng như vậy, thêm vào sources/{source}.yml dòng {line}"

    def _answer(self, source: str, pair: Sequence[str], since: str) -> str:
        mapped = " hoặc ".join(self._exchanged(source, pair, since))
        line = f" thêm dòng {mapped}" if mapped else " sửa ánh xạ"
        return (
            f"Hai số này và tỷ lệ tính từ chúng tạm giữ. {self._confirm(source, pair, since)}; "
            f"nếu cổng đổi cột thì cổng sửa rồi lấy lại, hoặc{line}; rồi chạy lại từ kỳ {since}"
        )

    def _exchanged(self, source: str, pair: Sequence[str], since: str) -> Iterator[str]:
        """The line that reads the portal's columns rightly; one for each that may be meant, none where we count."""
        platform = self._catalog.platform_of(self._catalog.sources[source], self._period)
        if platform.records_of is not None:
            return
        one, other = (platform.columns[measure] for measure in pair)
        for column in (name for name in one if name not in other):
            for now in (name for name in other if name not in one):
                yield f"exchanged: {{{since}: {{{yaml_name(column)}: {yaml_name(now)}}}}}"


def doubted(findings: Iterable[Finding], catalog: Catalog, dataset: str) -> list[indicators.Doubt]:
    """What READ-SWAP leaves in doubt of one dataset: the two measures, wherever their source reports, and no other."""
    return [
        (Hole(dataset, source.id, source.unit, None, None, None, "quarantined"), tuple(finding.column.split(", ")))
        for finding in findings
        if finding.rule == "READ-SWAP"
        for source in [catalog.sources[finding.source]]
        if source.role == "reporting" and catalog.dataset_of(source) == dataset
    ]


def _marked(rows: pa.Table, zeros: Sequence[drift_figures.Zero], told: _Told) -> pa.Table:
    if not zeros:
        return rows
    by_row = {(zero.agency, zero.field, zero.payload, zero.pointer): told.nought(zero) for zero in zeros}
    of_row = zip(*(rows[name].to_pylist() for name in ("agency", "field", "payload", "pointer")), strict=True)
    problems = [by_row.get(row) for row in of_row]
    marks = {"problem": problems, "problem_rule": [one and "READ-ZERO" for one in problems]}
    for name, mark in marks.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pc.coalesce(rows[name], pa.array(mark, pa.string())))
    return rows
