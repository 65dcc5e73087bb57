"""What the foot of a form says about missing figures."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openpyxl

from etl.forms.footnotes import other_days
from etl.model import NATION, Hole, SourceDays
from etl.periods import Period

Reader = Callable[[bytes], dict[str, Any]]


def foot(bench: Any, reader: Reader, facts: Any = None) -> list[str]:
    read = reader(bench.fill(facts))
    start = next(int(cell[1:]) for cell, value in read.items() if value == "Ghi chú:")
    end = next(int(cell[1:]) for cell, value in read.items() if str(value).startswith("Số liệu ghi nhận"))
    return [read[f"A{row}"] for row in range(start + 1, end + 1)]


def hole(reason: str, province: str = "11", unit: str | None = None, of: str | None = None, **changed: Any) -> Hole:
    tier = None if unit is None else "commune"
    given = {"dataset": "onestop", "source": "onestop_dien_bien", "province": province, "unit": unit, "tier": tier}
    return Hole(**{**given, "field": of, "reason": reason, **changed})  # type: ignore[arg-type]


def test_a_whole_form_has_no_word_on_missing_figures(province: Any, reader: Reader) -> None:
    lines = foot(province, reader)
    assert lines[:-1] == ["Dấu “†” (374 ô): số liệu sơ bộ, chưa chính thức.", *province.form.notes]
    final = [replace(fact, state="final") for fact in province.facts]
    assert foot(province, reader, final)[:-1] == list(province.form.notes)
    assert lines[-1] == ("Số liệu ghi nhận trong kho lúc 09:14:07 15/09/2026 (giờ Hà Nội). Tình trạng: số liệu sơ bộ.")


def test_a_missing_source_is_named_with_its_owner(province: Any, reader: Reader) -> None:
    bench = replace(
        province, parts=dict.fromkeys(province.parts), reason="missing_source", holes=(hole("missing_source"),)
    )
    first, second, *_ = foot(bench, reader)
    assert first.startswith("Dấu “…”: có phát sinh nhưng chưa có số liệu, không phải bằng 0")
    owner = province.catalog.sources["onestop_dien_bien"].owner
    assert second == (
        f"- Chưa lấy được số liệu từ hệ thống nguồn (1 đơn vị): Tỉnh Điện Biên (hệ thống do {owner} quản lý)."
    )


def test_quarantined_units_are_named_once_with_their_fields(province: Any, reader: Reader) -> None:
    commune = province.tree.children("11")[0]
    bench = replace(
        province,
        parts={**province.parts, ("11", "commune", "dat_dai"): None, ("11", "commune", "ho_tich"): None},
        reason="quarantined",
        holes=(
            hole("quarantined", unit=commune.code, of="dat_dai"),
            hole("quarantined", unit=commune.code, of="ho_tich"),
        ),
    )
    assert foot(bench, reader)[1] == (
        "- Số liệu sai quy tắc kiểm tra, đang tạm giữ để đơn vị rà soát (1 đơn vị): "
        f"{commune.name}, lĩnh vực Hộ tịch, Đất đai."
    )


def test_the_nation_names_provinces_and_whose_commune_it_is(documents: Any, reader: Reader) -> None:
    bench = documents(NATION)
    commune = bench.tree.children("14")[3]
    bench.parts = {**bench.parts, ("11", "all", "all"): None, ("14", "all", "all"): None}
    bench.holes = (
        hole("missing_source", dataset="edoc"),
        hole("missing_unit", "14", commune.code, dataset="edoc"),
        hole("missing_source", "15"),
    )
    assert foot(bench, reader)[1:3] == [
        "- Chưa lấy được số liệu từ hệ thống nguồn (1 đơn vị): Tỉnh Điện Biên.",
        f"- Đơn vị không có trong số liệu mà hệ thống nguồn trả về (1 đơn vị): {commune.name} (Tỉnh Sơn La).",
    ]


def test_holes_of_other_provinces_are_not_this_provinces_matter(province: Any, reader: Reader) -> None:
    bench = replace(province, holes=(hole("missing_source", "14"),))
    assert foot(bench, reader) == foot(province, reader)


def test_a_column_the_source_does_not_give_is_named_by_its_number(province: Any, reader: Reader) -> None:
    facts = [
        replace(fact, value=None, reason="not_provided") if fact.indicator == "tthc_resolved_early" else fact
        for fact in province.facts
    ]
    assert foot(province, reader, facts)[1] == "- Hệ thống nguồn không cung cấp số liệu: cột (8)."


def test_a_figure_the_warehouse_does_not_hold_is_withheld_too(province: Any, reader: Reader) -> None:
    facts = [fact for fact in province.facts if fact.indicator != "tthc_pending_overdue"]
    read = reader(province.fill(facts))
    assert {read[f"M{row.number}"] for row in province.layout().rows} == {"…"}
    assert foot(province, reader, facts)[1] == "- Không có số liệu trong kho dữ liệu."


def test_a_commune_is_told_of_its_source_and_of_itself_and_not_of_its_neighbours(province: Any, reader: Reader) -> None:
    one, other = province.tree.children("11")[:2]
    parts = dict.fromkeys(((one.code, "commune", code) for code in province.catalog.fields), None)
    holes = (
        hole("missing_source"),
        hole("quarantined", unit=one.code, of="dat_dai"),
        hole("quarantined", unit=other.code, of="dat_dai"),
        hole("missing_source", "14"),
    )
    bench = replace(province, unit_code=one.code, parts=parts, reason="missing_source", holes=holes)
    owner = province.catalog.sources["onestop_dien_bien"].owner
    assert foot(bench, reader)[1:3] == [
        f"- Chưa lấy được số liệu từ hệ thống nguồn (1 đơn vị): Tỉnh Điện Biên (hệ thống do {owner} quản lý).",
        "- Số liệu sai quy tắc kiểm tra, đang tạm giữ để đơn vị rà soát (1 đơn vị): "
        f"{one.name} (Tỉnh Điện Biên), lĩnh vực Đất đai.",
    ]


def test_a_procedure_set_aside_is_named_by_its_code(province: Any, reader: Reader) -> None:
    commune = province.tree.children("11")[0]
    holes = tuple(
        hole("quarantined", unit=commune.code, of=code, dataset="procedure") for code in ("1.000002", "1.000001")
    )
    parts = {("11", "commune", "1.000001"): None, ("11", "commune", "1.000003"): 4}
    bench = replace(province, number="II.06b", parts=parts, reason="quarantined", holes=holes)
    assert foot(bench, reader)[1].endswith(f"(1 đơn vị): {commune.name}, thủ tục 1.000001, 1.000002.")


def test_a_long_list_is_cut_but_counted(province: Any, reader: Reader) -> None:
    communes = province.tree.children("11")[:40]
    bench = replace(
        province,
        parts=dict.fromkeys(province.parts),
        holes=tuple(hole("missing_unit", unit=unit.code) for unit in communes),
    )
    line = foot(bench, reader)[1]
    assert "(40 đơn vị)" in line
    assert line.endswith(f"{communes[29].name}; và 10 trường hợp khác (xem báo cáo chất lượng).")


def test_revised_cells_are_counted_and_the_youngest_moment_shown(province: Any, reader: Reader) -> None:
    later = dt.datetime(2026, 9, 16, 18, 0, 1, tzinfo=dt.UTC)
    facts = [replace(province.facts[0], state="revised", revision=2, recorded_at=later), *province.facts[1:]]
    sheet = openpyxl.load_workbook(io.BytesIO(province.fill(facts))).worksheets[0]
    marked = [cell.coordinate for cells in sheet.iter_rows() for cell in cells if "§" in cell.number_format]
    assert len(marked) == 1
    assert foot(province, reader, facts)[0] == "Dấu “§” (1 ô): số liệu đã thay đổi so với lần ghi nhận đầu."
    assert foot(province, reader, facts)[-1] == (
        "Số liệu ghi nhận trong kho lúc 01:00:01 17/09/2026 (giờ Hà Nội). "
        "Tình trạng: số liệu sơ bộ (1 ô đã thay đổi so với lần ghi nhận đầu)."
    )


def test_a_moving_figure_carries_a_mark_and_the_foot_says_why(province: Any, reader: Reader) -> None:
    facts = [
        replace(fact, state="moving") if (fact.indicator, fact.field) == ("tthc_resolved_total", "dat_dai") else fact
        for fact in province.facts
    ]
    package = province.fill(facts)
    sheet = openpyxl.load_workbook(io.BytesIO(package)).worksheets[0]
    marked = {cell.coordinate for cells in sheet.iter_rows() for cell in cells if "*" in cell.number_format}
    rows = [row.number for row in province.layout().rows if row.label == "Đất đai"]
    assert marked == {f"G{row}" for row in rows}
    assert {type(sheet[address].value) for address in marked} == {int}, "a marked figure is still a number"
    lines = foot(province, reader, facts)
    assert lines[0].startswith(f"Dấu “*” ({len(rows)} ô): số liệu còn biến động, chưa chính thức")
    assert lines[-1].endswith("Tình trạng: số liệu sơ bộ, số liệu còn biến động.")
    assert "*" not in "".join(foot(province, reader))


def test_a_source_of_other_days_is_named_before_everything_else(province: Any) -> None:
    july, september = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
    first, last = dt.date(2026, 6, 15), dt.date(2026, 9, 14)
    days = [
        SourceDays("onestop_dien_bien", "onestop", july, september, 1),
        SourceDays("edoc_dien_bien", "edoc", july, september, 1),
        SourceDays("onestop_son_la", "onestop", july, september, 1),
        SourceDays("onestop_lai_chau", "onestop", first, last, 92),
    ]
    known = province.catalog.sources

    def told(unit: str) -> list[str]:
        period = Period.parse("2026-Q3")
        return other_days(province.form, province.tree[unit], period, days, province.tree, known)

    (line,) = told("11")
    assert line.startswith("Số liệu KHÔNG phải của các ngày 15/06/2026 - 14/09/2026 mà của các ngày 01/07/2026 - 30/09")
    assert f"Tỉnh Điện Biên (nguồn onestop_dien_bien, hệ thống do {known['onestop_dien_bien'].owner} quản lý)" in line
    assert "(1 nguồn)" in line
    assert "(2 nguồn)" in told(NATION)[0]
    assert told("12") == []
    commune, elsewhere = province.tree.children("11")[0].code, province.tree.children("12")[0].code
    assert told(commune) == [line], "its figures are of the province's source"
    assert told(elsewhere) == []
