"""The totals among the records of one answer: left out, and each compared with the rows that it is the sum of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from etl.model import Finding, Hole, Severity
from etl.parsing.body import MISSING, Answer, Record, path_of, value_at
from etl.parsing.rows import Problem, Reader, Row, shown
from etl.totals import Axis, Prover, Wrong

_ASKED = "lĩnh vực của yêu cầu"
_PART = "ngày của yêu cầu"
"""The names of the axes that are no columns: the field and the days a request was repeated over."""

Place = tuple[str, str]
"""Payload and pointer of a record."""


class TotalRows:
    """Records are known by their position in the answer; `in` tells whether one is a total."""

    def __init__(self, answer: Answer, reader: Reader, records: Sequence[Record]) -> None:
        self._answer, self._reader, self._records = answer, reader, records
        platform, rule = answer.platform, answer.platform.totals
        agency = platform.unit.column
        self._field = platform.field.column if platform.field else None
        if self._field is None and platform.request.repeat_over_fields:
            self._field = _ASKED
        declared = (*rule.spans, *rule.axes)
        names = list(dict.fromkeys([*declared, agency, *([self._field] if self._field is not None else [])]))
        if len(answer.parts) > 1:
            names.append(_PART)
        self._axes = [Axis(name, blank=name in declared, span=name in rule.spans) for name in names]
        self._agency_at = names.index(agency)
        self._field_at = names.index(self._field) if self._field is not None else None
        paths = {name: path_of(name) for name in names if name not in (_ASKED, _PART)}
        self._codes = [
            [_code(record, paths[name]) if name in paths else _asked(record, name) for name in names]
            for record in records
        ]
        self._prover = Prover(
            self._axes,
            self._codes,
            self._parents(),
            words=rule.codes,
            includes_children=self._agency_at if rule.parents_include_children else None,
        )

    def __contains__(self, place: int) -> bool:
        return place in self._prover.totals

    def left_out(self) -> Iterator[tuple[Record, str]]:
        """Every total, and what told that it is one."""
        return ((self._records[place], total.reason) for place, total in self._prover.totals.items())

    def infer(self, rows: dict[int, Row]) -> list[Finding]:
        """Takes out of `rows` those that only arithmetic shows to be totals: a warning for each such code."""
        catalogued = [self._agency_at] + ([self._field_at] if self._field_at is not None else [])
        found = self._prover.infer(_figures(rows), catalogued, self._known)
        findings: dict[str, Finding] = {}
        for place, axis in found.items():
            row = rows.pop(place)
            name, written = self._axes[axis].name, shown(self._codes[place][axis])
            message = (
                f"{name} = {written} không có trong danh mục và bằng đúng các dòng khác cộng lại, nên là dòng tổng và "
                f"không được cộng. Nếu đúng, thêm vào totals.codes của platforms/{self._answer.platform.id}.yml; "
                f"nếu là một đơn vị hay lĩnh vực, khai trong lookups của sources/{self._answer.source.id}.yml"
            )
            problem = Problem("READ-TOTAL", name, written, "mã có trong danh mục", message)
            findings.setdefault(message, finding_of(self._answer, row.record, problem, severity="warning"))
        return list(findings.values())

    def prove(self, rows: Mapping[int, Row]) -> tuple[list[Finding], dict[Place, Hole]]:
        """Every total that is not the sum of its rows, and what it leaves in doubt.

        Where each of them names an agency or a field, the rows of it get the problem; otherwise any row may be wrong,
        and no row is blamed.
        """
        wrong = list(self._prover.prove(_figures(rows), lambda place: self._reader.figures(self._records[place])))
        holes = [self._hole(one) for one in wrong]
        sliced = all(hole.unit or hole.tier or hole.field for hole in holes)
        findings: list[Finding] = []
        for one, hole in zip(wrong, holes, strict=True):
            problems = [self._problem(one, measure, summed) for measure, _, summed in one.measures]
            total = self._records[one.row]
            findings += [finding_of(self._answer, total, problem, hole=hole) for problem in problems]
            for place in one.parts if sliced else ():
                rows[place].problems.append(problems[0])
        places = [(self._records[one.row].page.sha256, self._records[one.row].pointer) for one in wrong]
        return findings, dict(zip(places, holes, strict=True))

    def _known(self, axis: int, written: Any) -> bool:
        if axis == self._agency_at:
            return self._reader.place_of(written) != (None, None)
        return self._reader.field_of(written) is not None

    def _parents(self) -> list[int | None]:
        if self._answer.platform.children is None:
            return [None] * len(self._records)
        places = {(record.page.sha256, record.pointer): place for place, record in enumerate(self._records)}
        return [places.get((record.page.sha256, record.pointer.rsplit("/", 2)[0])) for record in self._records]

    def _hole(self, wrong: Wrong) -> Hole:
        source, codes = self._answer.source, self._codes[wrong.row]
        unit, tier = (None, None) if wrong.over[self._agency_at] else self._reader.place_of(codes[self._agency_at])
        field = None
        if self._field_at is not None and not wrong.over[self._field_at]:
            field = self._reader.field_of(codes[self._field_at])
        return Hole(self._answer.platform.dataset, source.id, source.unit, unit, tier, field, "quarantined")

    def _problem(self, wrong: Wrong, measure: int, summed: int) -> Problem:
        record, column = self._records[wrong.row], self._answer.number_columns[measure]
        value = value_at(record.data, path_of(column))
        of = ", ".join(
            f"{axis.name} = {written}"
            for axis, written, all_ in zip(self._axes, self._codes[wrong.row], wrong.over, strict=True)
            if not all_
        )
        message = (
            f"dòng tổng của chính cổng ở {record.pointer} ({of or 'toàn bộ'}): cột {column} là "
            f"{shown(value) or '(thiếu)'}, cộng {len(wrong.parts)} dòng chi tiết được {summed}; "
            "báo đơn vị vận hành cổng rồi lấy lại"
        )
        return Problem("READ-VENDOR", column, shown(value), str(summed), message)


def finding_of(
    answer: Answer, at: Row | Record, problem: Problem, *, hole: Hole | None = None, severity: Severity = "critical"
) -> Finding:
    """hole: what a record that is no row speaks of; without it, all of the source."""
    record = at.record if isinstance(at, Row) else at
    if isinstance(at, Row):
        unit, field = at.unit, at.field
    else:
        unit, field = (hole.unit if hole else None) or answer.source.unit, hole.field if hole else None
    return Finding(
        rule=problem.rule,
        severity=severity,
        source=answer.source.id,
        period=answer.period.key,
        message=problem.message,
        unit=unit,
        field=field,
        payload=record.page.sha256,
        row=record.pointer,
        column=problem.column,
        value=problem.value,
        expected=problem.expected,
    )


def _asked(record: Record, name: str) -> str | None:
    page = record.page
    return page.field if name == _ASKED else f"{page.first_day}"


def _code(record: Record, path: tuple[str, ...]) -> Any:
    value = value_at(record.data, path)
    return None if value is MISSING else value


def _figures(rows: Mapping[int, Row]) -> dict[int, tuple[int | None, ...]]:
    return {place: tuple(row.numbers.values()) for place, row in rows.items()}
