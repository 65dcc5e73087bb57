"""Tân Dân's aggregate reports (BaoCaoTongHop): each a POST with JSON, each served as a platform of its own.

BaoCao06a has the columns of II.06a for one field, every unit in it, zeros where a unit was idle; BaoCao06CacCap has
them for every field of each level; BaoCao06b for every procedure of each unit, where there was any dossier of it;
BaoCao07b counts the procedures that the province offers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from fastapi import APIRouter, Body, Response

from etl.model import Tier
from etl.periods import Period
from simulator.country import Province
from simulator.faults import Faults, Record, Shape
from simulator.procedures import COMMUNAL, DISTRICT, PER_FIELD, PROVINCIAL, codes, register
from simulator.replies import json_reply, province_or_404
from simulator.tally import BadRequest, Tallies, Tally, Window, read_days, read_number

PLATFORM = "tandan_06a"
SHAPE = Shape(
    agency=("maThongKe",),
    stranger="99999",
    total="tongSo",
    rename=("tiepNhanQuaMang", "tiepNhanTrucTuyen"),
    extra="hoSoPhiDiaGioi",
    records="data",
    count="totalCount",
    page=("pageNumber",),
    swap=("tiepNhanQuaMang", "tiepNhanTrucTiepVaBCCI"),
    settled={
        "dangXuLyVaBoSung": -1,
        "dangXuLyTrongHanVaBoSung": -1,
        "daXuLyVaTraLai": 1,
        "daXuLyDungHanVaTraLai": 1,
    },
)
CATALOGS: dict[Tier, str] = {"province": "so-ban-nganh", "district": "quan-huyen", "commune": "xa-phuong"}
PAGE_SIZE = 50


@dataclass(frozen=True)
class Report:
    """records: the rows of a province, a window and some fields. struck: the agency that faults of the data strike."""

    platform: str
    name: str
    shape: Shape
    records: Callable[[Tallies, Province, Window, list[int]], list[Record]]
    struck: Callable[[Province], str]


def records(tallies: Tallies, province: Province, window: Window, fields: list[int]) -> list[Record]:
    """A row a unit, its counts over the fields asked for."""
    country = tallies.country
    tally = tallies.of(province, window)
    columns = {name: values[:, fields].sum(axis=1).tolist() for name, values in _columns(tally).items()}
    return [
        {
            "maThongKe": agency,
            "tenThongKe": country.agency_name(agency, province.day(window.last_day)),
            "catalog": _catalog(province, row),
            **{name: values[row] for name, values in columns.items()},
        }
        for row, agency in enumerate(province.agencies)
    ]


def by_level(tallies: Tallies, province: Province, window: Window, fields: list[int]) -> list[Record]:
    """A row a level and field, idle fields with zeros."""
    counted = _columns(tallies.of(province, window))
    parts = {name: province.parts[tier] for tier, name in CATALOGS.items() if tier in province.parts}
    return [
        {
            "maThongKe": tallies.country.field_codes[field],
            "tenThongKe": tallies.country.fields[tallies.country.field_codes[field]],
            "catalog": level,
            **{name: int(values[part, field].sum()) for name, values in counted.items()},
        }
        for level, part in parts.items()
        for field in fields
    ]


def by_procedure(tallies: Tallies, province: Province, window: Window, fields: list[int]) -> list[Record]:
    """A row a unit and procedure with any dossier."""
    tally, names = tallies.by_procedure(province, window), codes(tallies.country)
    counted = _columns(tally)
    asked = {field * PER_FIELD + number for field in fields for number in range(PER_FIELD)}
    return [
        {
            "maDinhDanh": province.agencies[row],
            "maThongKe": names[column],
            "tenThongKe": f"Thủ tục {names[column]}",
            "catalog": _catalog(province, row),
            **{name: int(values[row, column]) for name, values in counted.items()},
        }
        for row, column in np.argwhere(tally.handled > 0).tolist()
        if column in asked
    ]


def scope(tallies: Tallies, province: Province, window: Window, _: list[int]) -> list[Record]:
    """The one row of the province, as it stands on the last day."""
    country = tallies.country
    held = register(country, province, Period.containing(window.last_day, "quarter"))
    row: Record = {
        "maThongKe": province.code,
        "tenThongKe": f"UBND {country.unit(province.code, province.day(window.last_day)).name}",
        "catalog": "tinh",
    }
    weights = {
        ("tongSoTTHC", "soTTHC"): np.ones(len(held.level), np.int64),
        ("tongSoTTHCTheoCCMC", "soTTHCTaiBPMC"): held.one_stop.astype(np.int64),
        ("tongSoQuyTrinh", "soQuyTrinh"): held.processes.astype(np.int64),
    }
    for (total, part), weight in weights.items():
        row[total] = int(weight.sum())
        for level, name in ((PROVINCIAL, "CapTinh"), (DISTRICT, "CapHuyen"), (COMMUNAL, "CapXa")):
            row[part + name] = int(weight[held.level == level].sum())
    return [row]


def _catalog(province: Province, row: int) -> str:
    return CATALOGS[province.tier(row)]


REPORTS = (
    Report(PLATFORM, "BaoCao06a", SHAPE, records, lambda province: province.communes[0]),
    Report(
        "tandan_06caccap",
        "BaoCao06CacCap",
        replace(SHAPE, agency=("catalog",), stranger="khu-vuc"),
        by_level,
        lambda _: CATALOGS["commune"],
    ),
    Report(
        "tandan_06b",
        "BaoCao06b",
        replace(SHAPE, agency=("maDinhDanh",)),
        by_procedure,
        lambda province: province.communes[0],
    ),
    Report(
        "tandan_07b",
        "BaoCao07b",
        replace(
            SHAPE,
            total="tongSoTTHC",
            rename=("soTTHCCapXa", "soTTHCXa"),
            extra="soTTHCPhiDiaGioi",
            page=(),  # one row, so never a second page
            swap=("soTTHCTaiBPMCCapTinh", "soTTHCTaiBPMCCapXa"),
            settled={},
        ),
        scope,
        lambda province: province.code,
    ),
)
SHAPES = {report.platform: report.shape for report in REPORTS}


def _columns(t: Tally) -> dict[str, Any]:
    """The vendor counts its total as the union of what was returned and what is in hand."""
    return {
        "tongSo": t.handled,
        "tiepNhanQuaMang": t.online,
        "tiepNhanTrucTiepVaBCCI": t.counter,
        "tiepNhanKyTruoc": t.old,
        "daXuLyVaTraLai": t.ended,
        "daXuLyTruocHan": t.early,
        "daXuLyDungHanVaTraLai": t.on_time + t.returned,
        "daXuLyQuaHan": t.late,
        "dangXuLyVaBoSung": t.pending,
        "dangXuLyTrongHanVaBoSung": t.undue + t.waiting,
        "dangXuLyQuaHan": t.overdue,
    }


def router(tallies: Tallies, faults: Faults) -> APIRouter:
    routes = APIRouter()
    for report in REPORTS:
        path = f"/{report.platform}/{{province_code}}/BaoCaoTongHop/{report.name}"
        routes.add_api_route(path, _answers(tallies, faults, report), methods=["POST"])
    return routes


def _answers(tallies: Tallies, faults: Faults, report: Report) -> Callable[..., Response]:
    field_codes = tallies.country.field_codes

    def answer(province_code: str, asked: dict[str, Any] = Body()) -> Response:  # noqa: B008 (FastAPI's way)
        province = province_or_404(tallies.country, province_code)
        window = read_days(_text(asked, "tuNgay"), _text(asked, "denNgay"), "%Y-%m-%d")
        field, catalog, parent = (_text(asked, key) or "" for key in ("linhVucId", "catalog", "maDinhDanhCha"))
        if field and field not in field_codes:
            raise BadRequest(f"không có lĩnh vực {field!r}")
        if catalog not in ("", *CATALOGS.values()):
            raise BadRequest(f"không có danh mục {catalog!r}")
        fields = [field_codes.index(field)] if field else list(range(len(field_codes)))
        rows = report.records(tallies, province, window, fields) if parent in ("", province.code) else []
        target, agency = tallies.of(province, window).first_busy_field, report.struck(province)
        own = (row for row in rows if report.shape.agency_of(row) == agency and row[str(report.shape.total)])
        one = next(own, {}) if target in fields else {}

        def struck(record: Record) -> bool:
            return bool(one) and all(record.get(key) == one.get(key) for key in ("maDinhDanh", "maThongKe", "catalog"))

        rows = faults.spoil(report.platform, province.portal, rows, report.shape, agency, struck)
        rows = [row for row in rows if catalog in ("", row["catalog"])]
        size = read_number(_text(asked, "pageSize"), PAGE_SIZE, 1)
        start = (read_number(_text(asked, "pageNumber"), 1, 1) - 1) * size
        return json_reply({"data": rows[start : start + size], "totalCount": len(rows)})

    return answer


def _text(asked: dict[str, Any], key: str) -> str | None:
    value = asked.get(key)
    return None if value is None else str(value)
