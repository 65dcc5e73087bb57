"""Lists of single dossiers or documents: proven to be whole, and counted into standard rows.

A standard row is what the whole list holds of one agency and field, however long that is: it cites the page of its
first record, and its receipt has them all. Once the JSON is decoded
(`etl.parsing.listing`), no record is looked at by Python: SQL counts (`etl.parsing.counts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from etl import engine
from etl.errors import SourceBroken
from etl.model import ALL, Dataset, Documents, Field, Finding, Page, Severity
from etl.parsing.body import Answer
from etl.parsing.counts import LEFT_OUT_OF, answered, code_rows, counting, day_of, mirrored
from etl.parsing.listing import Kind, Listing, codes_of, moments_of
from etl.parsing.rows import Problem, Reader, shown
from etl.parsing.windows import window
from etl.tables import COUNTED, DELIVERIES, LEFT_OUT, rows_schema
from etl.units import UnitTree, tier_of

_WARNINGS = {
    "READ-CHANNEL": (
        "không ghi kênh thực hiện: vào tổng số nhận giải quyết, không vào trực tuyến hay trực tiếp",
        "một kênh đã biết",
    ),
    "READ-LEVEL-2": ("của dịch vụ mức độ 2 mà nộp trực tuyến", "kênh 1 hoặc 3, hoặc mức độ 3, 4"),
}
"""What is counted all the same: what it is, and what was expected."""


class Counting:
    """Counts the records of one answer. `findings`, `omitted`, `unread`, `empty` and `deliveries` are filled by `rows`.

    empty: there is no record, where the platform takes that for an answer.
    """

    def __init__(
        self, answer: Answer, kind: Kind, dataset: Dataset, tree: UnitTree, fields: Mapping[str, Field]
    ) -> None:
        self._answer, self._kind, self._tree = answer, kind, tree
        self._dataset, self._schema = dataset, rows_schema(dataset)
        self._fields = list(fields) if dataset.by == "field" else [ALL]
        self._reader = Reader(answer, tree, fields, dataset.by)
        self._at = answer.list_pointer
        self.findings: list[Finding] = []
        self.omitted = LEFT_OUT.empty_table()
        self.unread: tuple[str, ...] = ()
        self.empty = False
        self.deliveries = DELIVERIES.empty_table()

    def rows(self) -> pa.Table:
        """The standard rows.

        Raises SourceBroken: a list is empty, a declared total is not the number of records, a key is missing or
        stands twice, a date is not written as declared; or BAOCAO_MEMORY is too little for what must be held at once.
        """
        try:
            rows = self._counted()
        except engine.OutOfMemory as problem:
            raise SourceBroken(
                self._answer.source.id,
                self._answer.period.key,
                "BAOCAO_MEMORY",
                f"không đủ bộ nhớ để đọc danh sách này: {str(problem).splitlines()[0]}",
                "Đặt BAOCAO_MEMORY lớn hơn rồi chạy lại",
                state="misconfigured",
            ) from None
        return pa.concat_tables([rows, self._zeros(rows)]) if self._answer.platform.absent_is_zero else rows

    def _counted(self) -> pa.Table:
        with engine.connect() as connection:
            self._lay_out(connection)
            self._prove(connection)
            self._demand_dates(connection)
            connection.execute(counting(self._kind, self._answer.period))
            self.omitted = connection.sql(LEFT_OUT_OF).to_arrow_table().cast(LEFT_OUT)
            found = connection.sql(answered(self._kind, self._answer.platform.columns)).to_arrow_table()
            if isinstance(self._kind, Documents) and self._kind.mirrored:
                self.deliveries = self._mirrored(connection, self._kind)
        return self._standard(found)

    def _lay_out(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The tables that `etl.parsing.counts` asks."""
        shapes = Listing(connection, self._answer, self._kind).lay_out()
        pages = self._answer.pages.asked
        laid = pa.table(
            {
                "number": pa.array(range(len(pages)), pa.int64()),
                "payload": [page.sha256 for page in pages],
                "uri": [page.uri for page in pages],
                "list": pa.array([page.list for page in pages], pa.string()),
                "at": [self._at] * len(pages),
                "fetched_at": [page.fetched_at for page in pages],
            }
        )
        connection.register("page", laid)
        nothing = not connection.sql("select 1 from record limit 1").fetchall()
        self.empty = nothing and self._answer.platform.empty_is_zero
        if self.empty:
            self.findings.append(self._nothing())
        else:
            self._demand_records(connection)
            audit = self._answer.audit(shapes, self._dataset)
            self.findings += [*audit.findings, *window(self._answer)]
            self.unread = audit.unread
        _register(connection, "code", ("name", "written", "code"), code_rows(codes_of(self._kind)))
        agencies = [written for (written,) in connection.sql("select distinct agency from party").fetchall()]
        placed = [(written, *self._reader.place_of(written)) for written in agencies]
        _register(connection, "agency", ("written", "unit", "tier"), placed)
        told = connection.sql("select distinct agency, skip from party").fetchall()
        _register(connection, "skipped", ("agency", "skip"), [pair for pair in told if self._reader.skips(pair[1])])
        raws = [raw for (raw,) in connection.sql("select distinct field from record").fetchall()]
        codes = [(raw, self._reader.field_of(raw) if self._dataset.by != "none" else ALL) for raw in raws]
        _register(connection, "field", ("written", "code"), codes)

    def _mirrored(self, connection: duckdb.DuckDBPyConnection, kind: Documents) -> pa.Table:
        """Without what came from or went to those outside the report."""
        found = connection.sql(mirrored(kind, self._answer.period)).to_arrow_table().cast(DELIVERIES)
        ends = [found["sender"], found["recipient"]]
        codes = {code for end in ends for code in end.unique().to_pylist()}
        outside = pa.array([code for code in codes if self._reader.skips(code)], pa.string())
        return found.filter(pc.invert(pc.or_(*(pc.is_in(end, outside) for end in ends))))

    def _nothing(self) -> Finding:
        return Finding(
            rule="READ-EMPTY",
            severity="info",
            source=self._answer.source.id,
            period=self._answer.period.key,
            payload=self._answer.pages.asked[-1].sha256,
            value="0",
            expected="danh sách rỗng chỉ khi đúng là không có hồ sơ nào",
            message="Cổng khai tổng số 0 và trả danh sách rỗng: mọi đơn vị được tính là 0",
        )

    def _demand_records(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every list has a record, and no page came twice."""
        filled = "select number from page where number in (select page from record)"
        lists = f"select list from page group by list having not bool_or(number in ({filled}))"
        for (named,) in connection.sql(lists).fetchall():
            which = f"danh sách {named} rỗng" if named else "danh sách rỗng"
            raise self._answer.broken("empty", "nội dung", f"{which}: cổng trả lời nhưng không có bản ghi nào")
        twice = f"select payload from page where number in ({filled}) group by payload having count(*) > 1"
        if connection.sql(twice).fetchall():
            raise self._answer.broken(
                "repeated", "phân trang", "một trang lặp lại nguyên văn một trang của danh sách này hoặc khác"
            )

    def _prove(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every record has a key, and no key stands twice in a list."""
        column = self._kind.key
        nameless = "select page, place from record where coalesce(key, '') = '' order by page, place limit 1"
        for page, place in connection.sql(nameless).fetchall():
            raise self._answer.broken("misshapen", column, f"bản ghi {self._where(page, place)} không có mã")
        twice = (
            "select r.key, list([page, place] order by page, place) from record r join (select key, list from record "
            "group by key, list having count(*) > 1 order by key limit 1) again "
            "on r.key = again.key and r.list is not distinct from again.list group by r.key"
        )
        for key, places in connection.sql(twice).fetchall():
            where = " và ".join(self._where(*place) for place in places)
            listed = {page: self._list_on(self._answer.pages.asked[page]) for page, _ in places}
            same = all(listed[p][i] == listed[q][j] for (p, i), (q, j) in pairwise(places))
            how = "cùng nội dung: một trang bị lặp lại" if same else "nội dung khác nhau: số liệu đổi khi đang lấy"
            raise self._answer.broken(
                "repeated" if same else "shifting", column, f"mã {shown(key)} đứng {len(places)} lần ({where}), {how}"
            )

    def _list_on(self, page: Page) -> list[Any]:
        return self._answer.list_in(self._answer.json(page, self._answer.pages.read(page)))

    def _demand_dates(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, moment in moments_of(self._kind).items():
            strange = (
                f"select page, place, {name}, count(*) over () from record "
                f"where {name} <> '' and {day_of(moment, name)} is null order by page, place limit 1"
            )
            for page, place, text, count in connection.sql(strange).fetchall():
                raise self._answer.broken(
                    "wrong_date",
                    moment.column,
                    f"{count} giá trị không đúng định dạng {moment.format}, như {shown(text)} ở "
                    f"{self._where(page, place)}: các ngày khác cũng có thể bị hiểu sai",
                )

    def _where(self, page: int, place: int) -> str:
        return f"{self._at}/{place} của trang {page + 1}"

    def _standard(self, found: pa.Table) -> pa.Table:
        """The counted rows under the schema of standard rows; a finding for whatever is wrong in one."""
        flagged = pc.indices_nonzero(found["flagged"])
        told: list[list[Problem]] = [[] for _ in range(found.num_rows)]
        for place, row in zip(flagged.to_pylist(), found.take(flagged).to_pylist(), strict=True):
            told[place] = self._problems(row)
        columns = {name: found[name].combine_chunks() for name in found.column_names}
        columns |= {
            "source": pa.array([self._answer.source.id] * found.num_rows, pa.string()),
            "period": pa.array([self._answer.period.key] * found.num_rows, pa.string()),
            "first_day": pa.array([self._answer.period.first_day] * found.num_rows),
            "last_day": pa.array([self._answer.period.last_day] * found.num_rows),
            "problem": pa.array(["; ".join(one.message for one in all_) or None for all_ in told], pa.string()),
            "problem_rule": pa.array([all_[0].rule if all_ else None for all_ in told], pa.string()),
        }
        nothing = pa.nulls(found.num_rows)
        return pa.table([columns.get(one.name, nothing).cast(one.type) for one in self._schema], schema=self._schema)

    def _problems(self, row: Mapping[str, Any]) -> list[Problem]:
        """What keeps a row from being counted, each with its finding; some things are only warned of."""
        problems: list[Problem] = []
        if row["unit"] is None and (unknown := self._reader.unknown(row["agency"] or None)):
            problems.append(unknown)
        if row["field"] is None:
            column = self._answer.platform.field.column if self._answer.platform.field else None
            message = f"không biết lĩnh vực {shown(row['field_raw'])}"
            problems.append(
                Problem("READ-FIELD", column or "", row["field_raw"] or "", "lĩnh vực trong fields.csv", message)
            )
        doubted = row["told"] or ()
        problems += [self._of_records(one) for one in doubted if one["rule"] not in _WARNINGS]
        for problem in problems:
            self._tell(row, problem, "critical", row["pointer"])
        for one in doubted:
            if one["rule"] in _WARNINGS:
                why, expected = _WARNINGS[one["rule"]]
                message = f"{one['times']} hồ sơ {why}, như {one['key']} ({self._where(one['page'], one['place'])})"
                problem = Problem(one["rule"], one["column"], one["value"], expected, message)
                self._tell({**row, "payload": one["payload"]}, problem, "warning", f"{self._at}/{one['place']}")
        return problems

    def _of_records(self, one: Mapping[str, Any]) -> Problem:
        """Records that cannot be counted, all for the same reason."""
        value = f", giá trị {shown(one['value'])}" if one["value"] else ""
        where = self._where(one["page"], one["place"])
        message = f"{one['times']} bản ghi không tính được, như {one['key']} ({where}): {one['why']}{value}"
        return Problem(one["rule"], one["column"], one["value"] or "", "bản ghi đủ và hợp lý", message)

    def _tell(self, row: Mapping[str, Any], problem: Problem, severity: Severity, pointer: str) -> None:
        self.findings.append(
            Finding(
                rule=problem.rule,
                severity=severity,
                source=self._answer.source.id,
                period=self._answer.period.key,
                message=problem.message,
                unit=row["unit"],
                field=row["field"],
                payload=row["payload"],
                row=pointer,
                column=problem.column,
                value=problem.value,
                expected=problem.expected,
            )
        )

    def _zeros(self, rows: pa.Table) -> pa.Table:
        """A row of zeros in every field for each unit in force that a whole list does not name.

        None at all while an agency is unknown: it may be any of these units.
        """
        if rows["unit"].null_count:
            return self._schema.empty_table()
        named = set(zip(rows["unit"].to_pylist(), rows["tier"].to_pylist(), strict=True))
        zeros: list[dict[str, Any]] = []
        for unit in self._tree.below(self._answer.source.unit):
            tier = tier_of(unit)
            for field in self._fields if (unit.code, tier) not in named else ():
                zero = {
                    "source": self._answer.source.id,
                    "period": self._answer.period.key,
                    "payload": self._answer.pages.asked[-1].sha256,
                    "pointer": f"{COUNTED}{unit.name}/{field}",
                    "agency": unit.name,
                    "first_day": self._answer.period.first_day,
                    "last_day": self._answer.period.last_day,
                    "unit": unit.code,
                    "tier": tier,
                    "field": field,
                    "raw": orjson.dumps({"records": 0}).decode(),
                }
                zeros.append(zero | dict.fromkeys(self._answer.platform.columns, 0))
        return pa.Table.from_pylist(zeros, schema=self._schema)


def _register(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[tuple[str | None, ...]]
) -> None:
    content = {column: pa.array([row[index] for row in rows], pa.string()) for index, column in enumerate(columns)}
    connection.register(name, pa.table(content))
