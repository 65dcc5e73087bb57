"""From the landed pages of one source to standard rows and findings; the platform's YAML says how.

Nothing is summed here and nothing is dropped in silence: a record becomes a row (with its problem, where
it has one), or is counted in `left_out` with the reason. Totals that stand among the rows are left out,
never added, and compared with the sum of the rows where the platform declares its grand total.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import pyarrow as pa

from etl.model import Dataset, Field, Finding, Page, Platform, Source, Uniqueness
from etl.parsing_body import Answer, Record, path_of, value_at
from etl.parsing_rows import NUMBERS, Problem, Reader, Row, is_blank, is_total, shown
from etl.periods import Period
from etl.tables import rows_schema
from etl.units import UnitTree, name_key


@dataclass(frozen=True)
class Parsed:
    """`table` has the schema of `rows_schema`. `left_out` counts records that are no rows, by reason."""

    table: pa.Table
    findings: list[Finding]
    left_out: Mapping[str, int]


def parse(
    source: Source,
    platform: Platform,
    dataset: Dataset,
    period: Period,
    pages: Sequence[tuple[Page, bytes]],
    tree: UnitTree,
    fields: Mapping[str, Field],
) -> Parsed:
    """Read every page of one complete receipt.

    A row whose unit, field or number cannot be read stays in the table with `problem`, and is a
    critical finding. Raises SourceBroken naming the part at fault for what makes the whole answer
    unusable: not JSON, no list, no row, a declared column absent everywhere, a declared total that is
    not the number of records, a field that was not asked for.
    """
    answer = Answer(source, platform, period, pages)
    records = answer.records()
    findings = [*answer.audit(records), *answer.window()]
    reader = Reader(answer, tree, fields)
    if platform.request.repeat_over_fields:
        asked = {reader.field_of(page.field) for page, _ in pages}
        for code in fields:
            if code not in asked:
                raise answer.broken(code, "chưa lấy lĩnh vực này")
    left_out: Counter[str] = Counter()
    totals: list[Record] = []
    rows: list[Row] = []
    for record in records:
        why = _why_total(platform, record)
        if why is not None:
            left_out[why] += 1
            totals.append(record)
        elif reader.outside(record):
            left_out["ngoài phạm vi báo cáo"] += 1
        else:
            rows.append(reader.read(record))
    if not rows:
        raise answer.broken("nội dung", "danh sách rỗng: không có dòng chi tiết nào")
    if platform.unique is not None:
        kept = _once(platform, platform.unique, rows)
        if len(kept) < len(rows):
            left_out["trùng cơ quan và ngày, cùng số liệu"] += len(rows) - len(kept)
        rows = kept
    findings += [_finding(answer, row, problem) for row in rows for problem in row.problems]
    findings += _compare_grand_totals(answer, totals, rows)
    return Parsed(_table(answer, dataset, rows), findings, dict(left_out))


def _why_total(platform: Platform, record: Record) -> str | None:
    for rule in platform.totals:
        if is_total(record, rule):
            return f"dòng tổng ({rule.column} {'để trống' if rule.blank else f'= {rule.equals}'})"
    return None


def _once(platform: Platform, unique: Uniqueness, rows: list[Row]) -> list[Row]:
    """One row for an agency and a day. Rows that differ are all kept, each with its READ-DUPLICATE problem."""
    groups: dict[tuple[str, dt.date], dict[tuple[int | None, ...], list[Row]]] = {}
    kept: list[Row] = []
    for row in rows:
        text = value_at(row.record.data, path_of(unique.day_column))
        try:
            day = dt.datetime.strptime(text, unique.day_format).date()  # noqa: DTZ007 (the day is the source's own)
        except (TypeError, ValueError):
            message = f"không đọc được ngày {shown(text)} ở cột {unique.day_column}, nên không biết có trùng hay không"
            row.problems.append(Problem("READ-DUPLICATE", unique.day_column, shown(text), unique.day_format, message))
            kept.append(row)
            continue
        figures = tuple(row.sum_of(columns) for columns in platform.columns.values())
        same = groups.setdefault((name_key(row.agency), day), {}).setdefault(figures, [])
        # A row that could not be read fully has nulls for figures, and nulls are not known to be the same.
        if not same or any(problem.rule == "READ-NUMBER" for problem in row.problems):
            kept.append(row)
        same.append(row)
    for (_, day), by_figures in groups.items():
        if len(by_figures) > 1:
            agency = next(iter(by_figures.values()))[0].agency
            written = " | ".join("/".join(map(str, figures)) for figures in by_figures)
            message = f"{agency} ngày {day:%d/%m/%Y} có {len(by_figures)} bộ số liệu khác nhau: {written}"
            for same in by_figures.values():
                for row in same:
                    row.problems.append(
                        Problem("READ-DUPLICATE", unique.day_column, written, "một bộ số liệu", message)
                    )
    return kept


def _compare_grand_totals(answer: Answer, totals: Sequence[Record], rows: Sequence[Row]) -> list[Finding]:
    """The vendor's own total of everything must be the sum of the rows; both are shown where it is not."""
    platform = answer.platform
    if not platform.grand_total:
        return []
    equals = [rule for rule in platform.totals if rule.equals is not None]
    grand = [
        record
        for record in totals
        if all(is_blank(value_at(record.data, path_of(column))) for column in platform.grand_total)
        and not any(is_total(record, rule) for rule in equals)
    ]
    findings: list[Finding] = []
    for column in dict.fromkeys(name for names in platform.columns.values() for name in names):
        numbers = [row.numbers[column] for row in rows]
        if None in numbers:
            continue
        summed = sum(number for number in numbers if number is not None)
        for record in grand:
            value = value_at(record.data, path_of(column))
            try:
                given = NUMBERS[platform.numbers](value)
            except ValueError:
                given = None
            if given != summed:
                message = f"tổng của chính cổng ở cột {column} là {shown(value)}, cộng các dòng được {summed}"
                problem = Problem("READ-VENDOR", column, shown(value), str(summed), message)
                findings.append(_finding(answer, record, problem))
    return findings


def _finding(answer: Answer, at: Row | Record, problem: Problem) -> Finding:
    record = at.record if isinstance(at, Row) else at
    return Finding(
        rule=problem.rule,
        severity="critical",
        source=answer.source.id,
        period=answer.period.key,
        message=problem.message,
        unit=at.unit if isinstance(at, Row) else answer.source.unit,
        field=at.field if isinstance(at, Row) else None,
        payload=record.page.sha256,
        row=record.pointer,
        column=problem.column,
        value=problem.value,
        expected=problem.expected,
    )


def _table(answer: Answer, dataset: Dataset, rows: Sequence[Row]) -> pa.Table:
    children = answer.platform.children
    columns: dict[str, Sequence[str | int | None]] = {
        "source": [answer.source.id] * len(rows),
        "period": [answer.period.key] * len(rows),
        "payload": [row.record.page.sha256 for row in rows],
        "pointer": [row.record.pointer for row in rows],
        "agency": [row.agency for row in rows],
        "unit": [row.unit for row in rows],
        "tier": [row.tier for row in rows],
        "field": [row.field for row in rows],
        "field_raw": [row.field_raw for row in rows],
        "problem": ["; ".join(problem.message for problem in row.problems) or None for row in rows],
        "problem_rule": [row.problems[0].rule if row.problems else None for row in rows],
        "raw": [_raw(row.record, children) for row in rows],
    }
    for name in dataset.columns:
        parts = answer.platform.columns.get(name)
        columns[name] = [row.sum_of(parts) if parts is not None else None for row in rows]
    schema = rows_schema(dataset)
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def _raw(record: Record, children: str | None) -> str:
    data = record.data
    if children is not None and children in data:
        data = {key: value for key, value in data.items() if key != children}
    return orjson.dumps(data).decode()
