"""Tân Dân's BaoCao06a: II.06a column by column for one field, every unit in it, zeros where a unit was idle."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Body, Response

from simulator.country import Province
from simulator.faults import Faults, Record, Shape
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
    swap=("daXuLyTruocHan", "daXuLyDungHanVaTraLai"),
    settled={
        "dangXuLyVaBoSung": -1,
        "dangXuLyTrongHanVaBoSung": -1,
        "daXuLyVaTraLai": 1,
        "daXuLyDungHanVaTraLai": 1,
    },
)
DEPARTMENTS, COMMUNES = "so-ban-nganh", "xa-phuong"
PAGE_SIZE = 50


def records(tallies: Tallies, province: Province, window: Window, fields: list[int]) -> list[Record]:
    """A row a unit, its counts over the fields asked for."""
    country = tallies.country
    tally = tallies.of(province, window)
    columns = {name: values[:, fields].sum(axis=1).tolist() for name, values in _columns(tally).items()}
    return [
        {
            "maThongKe": agency,
            "tenThongKe": country.agency_name(agency, window.last_day),
            "catalog": COMMUNES if row < len(province.communes) else DEPARTMENTS,
            **{name: values[row] for name, values in columns.items()},
        }
        for row, agency in enumerate(province.agencies)
    ]


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
    routes = APIRouter(prefix=f"/{PLATFORM}/{{province_code}}")
    codes = tallies.country.field_codes

    @routes.post("/BaoCaoTongHop/BaoCao06a")
    def report(province_code: str, asked: dict[str, Any] = Body()) -> Response:  # noqa: B008 (FastAPI's way)
        province = province_or_404(tallies.country, province_code)
        window = read_days(_text(asked, "tuNgay"), _text(asked, "denNgay"), "%Y-%m-%d")
        field, catalog, parent = (_text(asked, key) or "" for key in ("linhVucId", "catalog", "maDinhDanhCha"))
        if field and field not in codes:
            raise BadRequest(f"không có lĩnh vực {field!r}")
        if catalog not in ("", DEPARTMENTS, COMMUNES):
            raise BadRequest(f"không có danh mục {catalog!r}")
        fields = [codes.index(field)] if field else list(range(len(codes)))
        rows = records(tallies, province, window, fields) if parent in ("", province.code) else []
        target = tallies.of(province, window).first_busy_field
        commune = province.communes[0]

        def struck(record: Record) -> bool:
            return target in fields and record["maThongKe"] == commune

        rows = faults.spoil(PLATFORM, province.code, rows, SHAPE, commune, struck)
        rows = [row for row in rows if catalog in ("", row["catalog"])]
        size = read_number(_text(asked, "pageSize"), PAGE_SIZE, 1)
        start = (read_number(_text(asked, "pageNumber"), 1, 1) - 1) * size
        return json_reply({"data": rows[start : start + size], "totalCount": len(rows)})

    return routes


def _text(asked: dict[str, Any], key: str) -> str | None:
    value = asked.get(key)
    return None if value is None else str(value)
