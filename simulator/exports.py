"""Report files of one-stop systems: form II.06a, the older 07a, and "tổng hợp theo đơn vị", each for every province.

The file of a province has a line for each level and each agency, the total of the lines under it; that of an agency
has its fields alone. The third family has no fields: a line an agency, with sums over all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Query, Response

from etl.model import Tier
from simulator.country import Province
from simulator.export_files import Cells, Report, reply
from simulator.faults import Faults, Record, Shape
from simulator.replies import province_or_404
from simulator.tally import BadRequest, Tallies, Tally, Window, read_days

_DONE = ("Trước hạn", "Đúng hạn", "Quá hạn")
_TAKEN, _RESOLVED, _PENDING = "Số hồ sơ nhận giải quyết", "Số hồ sơ đã giải quyết", "Số hồ sơ đang giải quyết"
_FOLLOWED = ("thousands", "null_for_zero", "zero_for_null", "reclassified", "swapped")
"""Faults of the figures of which the portal's own totals know; in the others its totals are the true ones."""
TIERS: dict[Tier, str] = {"province": "Cấp tỉnh (sở, ban, ngành)", "district": "Cấp huyện", "commune": "Cấp xã"}
_UNIT = "don_vi"


@dataclass(frozen=True)
class Family:
    """measures: of each its headings and what it counts. label: headings of the column before them.

    thousands: between groups of three, "" where a workbook has its numbers as numbers.
    """

    platform: str
    path: str
    name: str
    title: str
    label: tuple[str, ...]
    measures: dict[str, tuple[tuple[str, ...], Callable[[Tally], Any]]]
    shape: Shape
    by_field: bool = True
    thousands: str = "."
    ordinal: str | None = None
    lead: int = 0


def _shape(total: str, early: str, swap: tuple[str, str], settled: tuple[str, ...]) -> Shape:
    return Shape(
        agency=(_UNIT,),
        stranger="UBND xã Không Có Trong Danh Mục",
        total=total,
        rename=(early, "Sớm hơn hẹn"),
        extra="Ghi chú số liệu",
        swap=swap,
        settled={name: -1 if name.startswith("dang") else 1 for name in settled},
        file=("wrong_total_row", "date_format", "nfd"),
    )


_PENDING_MEASURES: dict[str, tuple[tuple[str, ...], Callable[[Tally], Any]]] = {
    "dang_tong": ((_PENDING, "Tổng số"), lambda t: t.pending),
    "dang_trong_han": ((_PENDING, "Trong hạn"), lambda t: t.undue + t.waiting),
    "dang_qua_han": ((_PENDING, "Quá hạn"), lambda t: t.overdue),
}
_SETTLED = ("dang_tong", "dang_trong_han", "xong_tong", "xong_dung_han")
FORM_06A = Family(
    "export_06a",
    "06a",
    "II.06a",
    "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC",
    ("Lĩnh vực, công việc giải quyết theo cấp",),
    {
        "nhan_tong": ((_TAKEN, "Tổng số"), lambda t: t.handled),
        "nhan_truc_tuyen": ((_TAKEN, "Trong kỳ", "Trực tuyến"), lambda t: t.online),
        "nhan_truc_tiep": ((_TAKEN, "Trong kỳ", "Trực tiếp, dịch vụ bưu chính"), lambda t: t.counter),
        "nhan_ky_truoc": ((_TAKEN, "Từ kỳ trước"), lambda t: t.old),
        "xong_tong": ((_RESOLVED, "Tổng số"), lambda t: t.ended),
        "xong_truoc_han": ((_RESOLVED, _DONE[0]), lambda t: t.early),
        "xong_dung_han": ((_RESOLVED, _DONE[1]), lambda t: t.on_time + t.returned),
        "xong_qua_han": ((_RESOLVED, _DONE[2]), lambda t: t.late),
        **_PENDING_MEASURES,
    },
    _shape("nhan_tong", "xong_truoc_han", ("nhan_truc_tuyen", "nhan_truc_tiep"), _SETTLED),
    thousands="",
    ordinal="TT",
)
FORM_07A = Family(
    "export_07a",
    "07a",
    "07a",
    "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
    ("Lĩnh vực",),
    {
        "nhan_tong": ((_TAKEN, "Tổng số"), lambda t: t.handled),
        "nhan_ky_truoc": ((_TAKEN, "Số kỳ trước chuyển qua"), lambda t: t.old),
        "nhan_moi": ((_TAKEN, "Số mới tiếp nhận"), lambda t: t.received),
        "xong_tong": ((_RESOLVED, "Tổng số"), lambda t: t.ended),
        "xong_dung_han": ((_RESOLVED, "Trả đúng thời hạn"), lambda t: t.early + t.on_time + t.returned),
        "xong_qua_han": ((_RESOLVED, "Trả quá hạn"), lambda t: t.late),
        **_PENDING_MEASURES,
        "dang_trong_han": ((_PENDING, "Chưa đến hạn"), lambda t: t.undue + t.waiting),
    },
    _shape("nhan_tong", "xong_qua_han", ("dang_trong_han", "dang_qua_han"), _SETTLED),
    lead=1,  # .xls exports have an empty first column
)
UNITS = Family(
    "export_units",
    "tong-hop",
    "Tổng hợp",
    "TỔNG HỢP TÌNH HÌNH GIẢI QUYẾT HỒ SƠ THEO ĐƠN VỊ",
    ("Đơn vị",),
    {
        "nhan_tong": (("Tiếp nhận", "Tổng số"), lambda t: t.handled),
        # how a channel is split further is nobody's figure in the reports: any split that adds up will do
        "nhan_truc_tiep": (("Tiếp nhận", "Trực tiếp"), lambda t: t.counter - t.counter // 10),
        "nhan_toan_trinh": (("Tiếp nhận", "Trực tuyến toàn trình"), lambda t: t.online - t.online // 5),
        "nhan_mot_phan": (("Tiếp nhận", "Trực tuyến một phần"), lambda t: t.online // 5),
        "nhan_buu_chinh": (("Tiếp nhận", "Bưu chính công ích"), lambda t: t.counter // 10),
        "nhan_ky_truoc": (("Tiếp nhận", "Kỳ trước chuyển sang"), lambda t: t.old),
        "xong_tong": (("Đã giải quyết", "Tổng số"), lambda t: t.ended),
        "xong_truoc_han": (("Đã giải quyết", _DONE[0]), lambda t: t.early),
        "xong_dung_han": (("Đã giải quyết", _DONE[1]), lambda t: t.on_time + t.returned),
        "xong_qua_han": (("Đã giải quyết", _DONE[2]), lambda t: t.late),
        "dang_tong": (("Đang giải quyết", "Tổng số"), lambda t: t.pending),
        "dang_trong_han": (("Đang giải quyết", "Trong hạn"), lambda t: t.undue + t.waiting),
        "dang_qua_han": (("Đang giải quyết", "Quá hạn"), lambda t: t.overdue),
        "tu_choi": (("Từ chối tiếp nhận",), lambda t: t.denied),
        "cho_tiep_nhan": (("Chờ tiếp nhận",), lambda t: t.denied * 0),
        "tam_dung": (("Tạm dừng",), lambda t: t.waiting),
        "cong_dan_rut": (("Công dân rút hồ sơ",), lambda t: t.returned),
        "phi_dia_gioi": (("Tiếp nhận phi địa giới",), lambda t: t.online // 7),
    },
    _shape("nhan_tong", "xong_truoc_han", ("xong_truoc_han", "xong_dung_han"), _SETTLED),
    by_field=False,
    thousands=",",
    ordinal="STT",
)
FAMILIES = (FORM_06A, FORM_07A, UNITS)
SHAPES = {family.platform: family.shape for family in FAMILIES}


def records(family: Family, tallies: Tallies, province: Province, window: Window) -> list[Record]:
    """A record for each line with figures: of an agency and a field, or of an agency."""
    tally, country = tallies.of(province, window), tallies.country
    counts = {name: count(tally) for name, (_, count) in family.measures.items()}
    fields = list(country.fields.values())
    found = []
    for row, agency in enumerate(province.agencies):
        name = country.agency_name(agency, province.day(window.last_day))
        if not family.by_field:
            sums = {name_: int(values[row].sum()) for name_, values in counts.items()}
            found.append({"ma": agency, _UNIT: name, **sums})
            continue
        for column in range(len(fields)):
            if tally.handled[row, column]:
                figures = {name_: int(values[row, column]) for name_, values in counts.items()}
                found.append({"ma": agency, _UNIT: name, "linh_vuc": fields[column], **figures})
    return found


@dataclass(frozen=True)
class _Layout:
    """One file while it is laid out. said: records as the file says them; true: those its totals are made of."""

    family: Family
    said: list[Record]
    true: list[Record]
    thousands: str
    fault: str

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Keys of a record with their headings; what a fault renamed stands in the old place, what it added last."""
        shape, found = self.family.shape, dict[str, tuple[str, ...]]()
        keys = self.said[0] if self.said else dict.fromkeys(self.family.measures)
        for key, (path, _) in self.family.measures.items():
            if key in keys:
                found[key] = path
            elif key == shape.rename[0]:
                found[shape.rename[1]] = (*path[:-1], shape.rename[1])
        return found | ({shape.extra: (shape.extra,)} if shape.extra in keys else {})

    def body(self, province: Province, *, one_agency: bool) -> Iterator[Cells]:
        width = len(self.columns())
        yield [f"({number})" for number in range(1, width + 2 + (self.family.ordinal is not None))]
        tiers = [tier for tier in TIERS if tier in province.parts]
        for number, tier in enumerate(tiers, start=1):
            members = set(province.agencies[province.parts[tier]])
            said, true = ([one for one in lines if one["ma"] in members] for lines in (self.said, self.true))
            if not said:
                continue
            if not one_agency:
                yield self._line("I" * number, TIERS[tier], self._sums(true))
            for count, (agency, lines) in enumerate(groupby(said, key=lambda one: one["ma"]), start=1):
                own = list(lines)
                if not self.family.by_field:
                    yield self._line(str(count), own[0][_UNIT], own[0])
                    continue
                if not one_agency:
                    sums = self._sums([one for one in true if one["ma"] == agency])
                    yield self._line(str(count), own[0][_UNIT], sums)
                for line in own:
                    yield self._line(str(count) if one_agency else "", line["linh_vuc"], line)
        total = self._sums(self.true)
        if self.fault == "wrong_total_row":
            total[self.family.shape.total or ""] += 1
        yield self._line("TỔNG CỘNG" if self.family.ordinal else "", "" if self.family.ordinal else "TỔNG CỘNG", total)
        if not one_agency:
            communes = set(province.communes)
            below = [one for one in self.true if one["ma"] in communes]
            yield self._line("", "Trong đó: cấp xã", self._sums(below))

    def _sums(self, lines: list[Record]) -> Record:
        renamed = self.family.shape.rename
        sums = {name: sum(line.get(name) or 0 for line in lines) for name in self.family.measures}
        return {**sums, renamed[1]: sums[renamed[0]]}

    def _line(self, ordinal: str, label: str, figures: Record) -> Cells:
        first = [ordinal or None] if self.family.ordinal else []
        return [*first, label or None, *(self._written(figures.get(key)) for key in self.columns())]

    def _written(self, value: Any) -> Any:
        if type(value) is int and self.thousands:
            return f"{value:,}".replace(",", self.thousands)
        return value


def report(
    family: Family, tallies: Tallies, faults: Faults, province: Province, window: Window, unit: str, thousands: str
) -> Report:
    """The file of a province, or of one of its agencies."""
    country = tallies.country
    true = records(family, tallies, province, window)
    struck_field = list(country.fields.values())[tallies.of(province, window).first_busy_field]
    first = province.communes[0]
    name = country.agency_name(first, province.day(window.last_day))

    def struck(record: Record) -> bool:
        return record["ma"] == first and record.get("linh_vuc", struck_field) == struck_field

    said = faults.spoil(family.platform, province.portal, true, family.shape, name, struck)
    fault = faults.get(family.platform, province.portal)
    kind = fault.kind if fault else ""
    one_agency = unit != province.code
    if one_agency:
        said, true = ([one for one in lines if one["ma"] == unit] for lines in (said, true))
    layout = _Layout(family, said, said if kind in _FOLLOWED else true, thousands, kind)
    whose = country.agency_name(unit, province.day(window.last_day))
    pattern = "%Y-%m-%d" if kind == "date_format" else "%d/%m/%Y"
    days = f"Từ ngày {window.first_day.strftime(pattern)} đến ngày {window.last_day.strftime(pattern)}"
    made = window.last_day + dt.timedelta(days=2)
    labels = [(family.ordinal,)] if family.ordinal else []
    found = Report(
        family.name,
        [[f"Biểu số {family.name}", None, None, family.title], [None, None, None, f"({days})"],
         [None, f"Đơn vị báo cáo: {whose}"], [None, "Đơn vị tính: Số hồ sơ TTHC"], []],
        [*labels, family.label, *layout.columns().values()],
        list(layout.body(province, one_agency=one_agency)),
        [[], [*[None] * 6, f"Ngày {made.day} tháng {made.month} năm {made.year}"],
         [None, "Người lập biểu", *[None] * 4, "Thủ trưởng đơn vị"]],
        family.lead,
    )  # fmt: skip
    return found.in_nfd() if kind == "nfd" else found


def router(family: Family, tallies: Tallies, faults: Faults) -> APIRouter:
    routes = APIRouter(prefix=f"/{family.platform}/{{province_code}}")

    @routes.get(f"/bao-cao/{family.path}/xuat")
    def export(
        province_code: str,
        unit: str = Query("", alias="donVi"),
        first: str | None = Query(None, alias="tuNgay"),
        last: str | None = Query(None, alias="denNgay"),
        kind: str = Query("xlsx", alias="dinhDang"),
        encoding: str = Query("utf-8", alias="bangMa"),
        delimiter: str = Query(";", alias="phanCach"),
        thousands: str | None = Query(None, alias="ngan"),
    ) -> Response:
        province = province_or_404(tallies.country, province_code)
        if unit not in (province.code, *province.agencies):
            raise BadRequest(f"không có đơn vị {unit!r}")
        if kind not in ("xlsx", "csv", "html") or encoding not in ("utf-8", "windows-1258") or len(delimiter) != 1:
            raise BadRequest("định dạng tệp không hợp lệ")
        usual = family.thousands if kind == "xlsx" else family.thousands or "."
        window = read_days(first, last, "%d/%m/%Y")
        made = report(family, tallies, faults, province, window, unit, usual if thousands is None else thousands)
        return reply(made, kind, encoding=encoding, delimiter=delimiter)

    return routes
