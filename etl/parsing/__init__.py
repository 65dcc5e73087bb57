"""From the landed pages of one source to standard rows and findings; the platform's YAML says how.

Nothing is summed here and nothing is dropped in silence: a record becomes a row (with its problem, where
it has one), or is counted in `left_out` with the reason. Totals that stand among the rows are left out,
never added, and each is compared with the sum of its rows (`etl.totals`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import orjson
import pyarrow as pa

from etl.model import Dataset, Field, Finding, Hole, Page, Pages, Platform, Proof, Source, Uniqueness
from etl.parsing.body import Answer, Record, path_of, value_at
from etl.parsing.names import under_its_names
from etl.parsing.proof import days_proof, unique_proof
from etl.parsing.records import Counting
from etl.parsing.rows import Problem, Reader, Row, shown
from etl.parsing.table_totals import wrong_totals
from etl.parsing.tables import placed_table, table_records
from etl.parsing.totals import TotalRows, finding_of
from etl.parsing.windows import window
from etl.periods import Period
from etl.tables import LEFT_OUT, rows_schema
from etl.units import UnitTree, name_key


@dataclass(frozen=True)
class Parsed:
    """`table` has the schema of `rows_schema`, `omitted` that of `LEFT_OUT`: the records that are no rows, and why.

    doubts: what each wrong total leaves in doubt, by its (payload, pointer). given: the measures that this pull
    provides at all. missing, unread: source columns declared and not there, there and not declared. proof: what shows
    that the rows are all of them, and of the right days. deliveries: DELIVERIES, of lists that must mirror each other.
    """

    table: pa.Table
    findings: list[Finding]
    omitted: pa.Table
    doubts: Mapping[tuple[str, str], Hole]
    given: tuple[str, ...]
    missing: tuple[str, ...]
    unread: tuple[str, ...]
    proof: tuple[Proof, ...] = ()
    deliveries: pa.Table | None = None

    @cached_property
    def left_out(self) -> Mapping[str, int]:
        """How many records are no rows, by reason."""
        counted = self.omitted.group_by("reason").aggregate([("reason", "count")])
        return dict(zip(counted["reason"].to_pylist(), counted["reason_count"].to_pylist(), strict=True))


def parse(
    source: Source,
    platform: Platform,
    dataset: Dataset,
    period: Period,
    pages: Pages,
    tree: UnitTree,
    fields: Mapping[str, Field],
) -> Parsed:
    """Read every page of one complete receipt.

    A row whose unit, field or number cannot be read stays in the table with `problem`, and is a
    critical finding; so is a column of numbers that no row has, whose measures then have no value.
    Raises SourceBroken naming the part at fault for what makes the whole answer unusable: not JSON, no
    list, no row, a column absent everywhere that places the rows, a declared total that is not the
    number of records, a field that was not asked for, other days, the same key on two pages.
    """
    answer = Answer(source, platform, period, pages)
    days = days_proof(answer)
    if platform.records_of is not None:
        counting = _counting(answer, dataset, tree, fields)
        table, measures = counting.rows(), tuple(platform.columns)
        return Parsed(
            table,
            counting.findings,
            counting.omitted,
            {},
            measures,
            (),
            counting.unread,
            ("unique_rows", days, *(() if counting.empty else ("not_empty",))),
            counting.deliveries,
        )
    found = answer.records() if platform.table is None else table_records(answer)
    if source.renamed:
        answer = under_its_names(answer, found)
        platform = answer.platform
    audit = answer.audit(found, dataset)
    findings = [*audit.findings, *window(answer)]
    reader = Reader(answer, tree, fields, dataset.by, audit.missing)
    if platform.request.repeat_over_fields:
        asked = {(answer.days_of(page), reader.field_of(page.field)) for page in pages.asked}
        for part, code in product(answer.parts, fields):
            if (part, code) not in asked:
                raise answer.broken("short", code, "chưa lấy lĩnh vực này")
    omitted = [(record, record.left_out) for record in found if record.left_out]
    records = [record for record in found if not record.left_out]
    totals = TotalRows(answer, reader, records)
    rows: dict[int, Row] = {}
    for place, record in enumerate(records):
        if place in totals:
            continue
        if reader.outside(record):
            omitted.append((record, "ngoài phạm vi báo cáo"))
        else:
            rows[place] = reader.read(record)
    if not rows:
        raise answer.broken("empty", "nội dung", "danh sách rỗng: không có dòng chi tiết nào")
    if platform.unique is not None:
        kept = _once(platform, platform.unique, rows)
        again = (row.record for place, row in rows.items() if place not in kept)
        omitted += [(record, "trùng cơ quan và ngày, cùng số liệu") for record in again]
        rows = kept
    findings += totals.infer(rows)
    proof = (*unique_proof(answer, rows.values()), days)
    wrong, doubts = totals.prove(rows)
    for record, problem, hole in wrong_totals(answer, found, list(rows.values())):
        wrong.append(finding_of(answer, record, problem, hole=hole))
        doubts[record.page.sha256, record.pointer] = hole
    findings += [finding_of(answer, row, problem) for row in rows.values() for problem in row.problems]
    return Parsed(
        _table(answer, dataset, list(rows.values())),
        [*findings, *wrong],
        _omitted(platform, [*totals.left_out(), *omitted]),
        doubts,
        audit.given,
        audit.missing,
        audit.unread,
        (*proof, "not_empty"),
    )


def file_rows(
    source: Source, platform: Platform, period: Period, page: Page, content: bytes
) -> tuple[dict[str, Any], dict[str, int]]:
    """The records of one landed file by their pointers ("/Sheet!12"), as `parse` reads them; those left out too. And
    in which column of the sheet, from 0, each of their columns stands.

    Raises SourceBroken where the platform's YAML no longer fits these bytes.
    """
    answer = Answer(source, platform, period, Pages.held([(page, content)]))
    records, columns = placed_table(answer, page, content)
    return {record.pointer: record.data for record in records}, columns


def recounted(
    source: Source,
    platform: Platform,
    dataset: Dataset,
    period: Period,
    pages: Pages,
    tree: UnitTree,
    fields: Mapping[str, Field],
) -> dict[str, dict[str, Any]]:
    """The standard rows of a list of single records, counted once more, by their pointers.

    Raises SourceBroken where the platform's YAML no longer fits these bytes.
    """
    counting = _counting(Answer(source, platform, period, pages), dataset, tree, fields)
    return {row["pointer"]: row for row in counting.rows().to_pylist()}


def _counting(answer: Answer, dataset: Dataset, tree: UnitTree, fields: Mapping[str, Field]) -> Counting:
    if answer.source.renamed:
        found = [Record(page, at, one) for page, at, listed in answer.lists() for one in listed]
        answer = under_its_names(answer, found)
    assert answer.platform.records_of is not None  # noqa: S101 (only such platforms are counted)
    return Counting(answer, answer.platform.records_of, dataset, tree, fields)


def _once(platform: Platform, unique: Uniqueness, rows: Mapping[int, Row]) -> dict[int, Row]:
    """One row for an agency and a day. Rows that differ are all kept, each with its READ-DUPLICATE problem."""
    groups: dict[tuple[str, dt.date, dt.date | None], dict[tuple[int | None, ...], list[Row]]] = {}
    kept: dict[int, Row] = {}
    for place, row in rows.items():
        text = value_at(row.record.data, path_of(unique.day_column))
        try:
            day = dt.datetime.strptime(text, unique.day_format).date()  # noqa: DTZ007 (the day is the source's own)
        except (TypeError, ValueError):
            message = f"không đọc được ngày {shown(text)} ở cột {unique.day_column}, nên không biết có trùng hay không"
            row.problems.append(Problem("READ-DUPLICATE", unique.day_column, shown(text), unique.day_format, message))
            kept[place] = row
            continue
        figures = tuple(row.sum_of(columns) for columns in platform.columns.values())
        place_of = (name_key(row.agency), day, row.record.page.first_day)  # a job may run again for many days at once
        same = groups.setdefault(place_of, {}).setdefault(figures, [])
        # A row that could not be read fully has nulls for figures, and nulls are not known to be the same.
        if not same or any(problem.rule == "READ-NUMBER" for problem in row.problems):
            kept[place] = row
        same.append(row)
    for (_, day, _), by_figures in groups.items():
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


def _table(answer: Answer, dataset: Dataset, rows: Sequence[Row]) -> pa.Table:
    children = answer.platform.children
    columns: dict[str, Sequence[str | int | dt.date | None]] = {
        "source": [answer.source.id] * len(rows),
        "period": [answer.period.key] * len(rows),
        "payload": [row.record.page.sha256 for row in rows],
        "pointer": [row.record.pointer for row in rows],
        "agency": [row.agency for row in rows],
        "first_day": [answer.days_of(row.record.page).first_day for row in rows],
        "last_day": [answer.days_of(row.record.page).last_day for row in rows],
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


def _omitted(platform: Platform, records: Sequence[tuple[Record, str]]) -> pa.Table:
    path = path_of(platform.unit.column)
    agencies = (value_at(record.data, path) for record, _ in records)
    columns = {
        "payload": [record.page.sha256 for record, _ in records],
        "pointer": [record.pointer for record, _ in records],
        "reason": [reason for _, reason in records],
        "agency": [agency if isinstance(agency, str) else shown(agency) for agency in agencies],
    }
    return pa.table(columns, schema=LEFT_OUT)


def _raw(record: Record, children: str | None) -> str:
    data = record.data
    if children is not None and children in data:
        data = {key: value for key, value in data.items() if key != children}
    return orjson.dumps(data).decode()
