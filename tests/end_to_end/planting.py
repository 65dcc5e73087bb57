"""One fault of every rule that a country can break, planted in the answers of its portals: what must be found of each.

What was there before the fault is the simulator's own figure; what must be found is worked out from it and the edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from etl.model import Page
from etl.pipeline.office import Office
from tests.end_to_end.relanding import relanded

Record = dict[str, Any]
Strike = Callable[[Record], tuple[tuple[str, ...], int | None] | None]
COLUMNS = {
    "received_total": "tongSo",
    "received_online": "tiepNhanQuaMang",
    "received_direct_postal": "tiepNhanTrucTiepVaBCCI",
    "carried_over": "tiepNhanKyTruoc",
    "resolved_total": "daXuLyVaTraLai",
    "resolved_early": "daXuLyTruocHan",
    "resolved_on_time": "daXuLyDungHanVaTraLai",
    "resolved_overdue": "daXuLyQuaHan",
    "pending_total": "dangXuLyVaBoSung",
    "pending_in_time": "dangXuLyTrongHanVaBoSung",
    "pending_overdue": "dangXuLyQuaHan",
}
"""Tân Dân's columns are those of form II.06a."""
_3_6, _7_10, _11_13 = (
    ("received_total", "received_online", "received_direct_postal", "carried_over"),
    ("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue"),
    ("pending_total", "pending_in_time", "pending_overdue"),
)
_BALANCE = ("received_total", "resolved_total", "pending_total")


_BUSY = 10
"""Dossiers of a row that is struck."""


@dataclass(frozen=True)
class Told:
    """What must be found. expected: what the total that stands first in `value` should be. None: of `value` and
    `payload` not known here."""

    rule: str
    source: str
    unit: str | None
    field: str | None
    value: str | None = None
    expected: int | None = None
    payload: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        return self.rule, self.source, self.unit, self.field


@dataclass
class Ground:
    """Plants faults into the newest pulls of a period. told: what must be found. was: the records before, by source,
    unit and field. follows: rule and source of what cannot but be found along with it, at other places."""

    period: str
    told: list[Told] = field(default_factory=list)
    was: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    follows: set[tuple[str, str]] = field(default_factory=set)

    def rows(self, source: str, strikes: dict[str, Strike]) -> None:
        """Each fault in a field of its own, in one of its communes. A strike edits a record, gives the measures that
        its rule shows and the total that should be there; None where it needs another record."""
        left, pages = dict(strikes), iter(_fields(source, self.period))
        found: list[tuple[str, Record, str, tuple[str, ...], int | None]] = []

        def edit(document: Any) -> None:
            name = next(pages)
            for record in list(document["data"]):
                code = record["maThongKe"]
                if not left or "." in code or record["tongSo"] < _BUSY:
                    continue
                rule, before = next(iter(left)), dict(record)
                if (struck := left[rule](record)) is not None:
                    del left[rule]
                    self.was[source, code, name] = before
                    found.append((rule, record, name, *struck))
                    break

        relanded(source, self.period, edit)
        assert not left, f"{source}: no row to strike for {', '.join(left)}"
        pages_now = dict(zip(_fields(source, self.period), payloads(source, self.period), strict=True))
        for rule, record, name, show, expected in found:
            value = ", ".join("(trống)" if record[COLUMNS[one]] is None else str(record[COLUMNS[one]]) for one in show)
            self.told.append(Told(rule, source, record["maThongKe"], name, value, expected, pages_now[name]))


def payloads(source: str, period: str) -> list[str]:
    """Of the newest pull, page by page."""
    return [page.sha256 for page in _pages(source, period)]


def _fields(source: str, period: str) -> list[str]:
    return [page.field or "" for page in _pages(source, period)]


def _pages(source: str, period: str) -> tuple[Page, ...]:
    receipt = Office.open().landing.latest_complete(source, period)
    assert receipt is not None
    return receipt.pages


def _by(show: tuple[str, ...], changes: dict[str, int], total: str = "") -> Strike:
    """Adds to the measures; `total` is the one that is then not the sum of the others shown."""

    def strike(record: Record) -> tuple[tuple[str, ...], int | None]:
        for measure, by in changes.items():
            record[COLUMNS[measure]] += by
        parts = [record[COLUMNS[one]] for one in show if one != total]
        return show, sum(parts) if total else None

    return strike


def _none(show: tuple[str, ...]) -> Strike:
    def strike(record: Record) -> tuple[tuple[str, ...], None]:
        record[COLUMNS[show[1]]] = None
        return show, None

    return strike


def _below_nought(show: tuple[str, ...]) -> Strike:
    """A part that is -1, and another that keeps the sum."""

    def strike(record: Record) -> tuple[tuple[str, ...], None]:
        one, other = (COLUMNS[name] for name in show[1:3])
        record[other] += record[one] + 1
        record[one] = -1
        return show, None

    return strike


def _all_on_time(record: Record) -> tuple[tuple[str, ...], None]:
    late, more = record["daXuLyQuaHan"], 2000
    record["daXuLyQuaHan"] = 0
    record["daXuLyTruocHan"] += late + more
    for column in ("tongSo", "tiepNhanQuaMang", "daXuLyVaTraLai"):
        record[column] += more
    return ("resolved_total", "resolved_overdue"), None


def _none_received(record: Record) -> tuple[tuple[str, ...], None] | None:
    """Nothing came and nothing was resolved, so all of the opening stock is pending; the chain of quarters holds."""
    pending = record["tiepNhanKyTruoc"]
    if pending < 20:
        return None
    record |= dict.fromkeys(COLUMNS.values(), 0)
    record |= dict.fromkeys(("tongSo", "tiepNhanKyTruoc", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung"), pending)
    return ("received_online", "received_direct_postal", "pending_total"), None


def _none_online(record: Record) -> tuple[tuple[str, ...], None]:
    more = 500
    record["tiepNhanTrucTiepVaBCCI"] += record["tiepNhanQuaMang"] + more
    record["tiepNhanQuaMang"] = 0
    for column in ("tongSo", "daXuLyVaTraLai", "daXuLyTruocHan"):
        record[column] += more
    return ("received_online", "received_direct_postal"), None


ROWS: dict[str, dict[str, Strike]] = {
    "onestop_gia_lai": {
        "II06A-3-SUM": _by(_3_6, {"received_online": 7}, "received_total"),
        "II06A-7-SUM": _by(_7_10, {"resolved_early": 5}, "resolved_total"),
        "II06A-11-SUM": _by(_11_13, {"pending_in_time": 3}, "pending_total"),
        "II06A-3-BALANCE": _by(_BALANCE, {"received_total": 11, "received_online": 11}, "received_total"),
    },
    "onestop_an_giang": {
        "NONE-RECEIVED": _none_received,
        "II06A-3-6-GIVEN": _none(_3_6),
        "II06A-7-10-GIVEN": _none(_7_10),
        "II06A-11-13-GIVEN": _none(_11_13),
    },
    "onestop_hung_yen": {
        "II06A-3-6-RANGE": _below_nought(_3_6),
        "II06A-7-10-RANGE": _below_nought(_7_10),
        "II06A-11-13-RANGE": _below_nought(_11_13),
    },
    "onestop_lai_chau": {"ALL-ON-TIME": _all_on_time, "NONE-ONLINE": _none_online},
}
"""Faults of single rows of II.06a, by the source that has them."""
DOSSIERS = {
    "READ-STATUS": ({"TrangThai": 11}, "TrangThai", "11"),
    "READ-UNRECEIVED": ({"NgayTiepNhan": None}, "NgayTiepNhan", ""),
    "READ-UNENDED": ({"TrangThai": 9, "NgayKetThucXuLy": None}, "NgayKetThucXuLy", ""),
    "READ-END": ({"TrangThai": 9, "NgayKetThucXuLy": "2026-07-01T09:00:00+07:00"}, "NgayKetThucXuLy", "2026-07-01"),
    "READ-DUE": ({"NgayHenTra": "01/07/2026"}, "NgayHenTra", "2026-07-01"),
    "READ-FUTURE": ({"TrangThai": 9, "NgayKetThucXuLy": "2099-01-01T09:00:00+07:00"}, "NgayKetThucXuLy", "2099-01-01"),
    "READ-RECORD": ({"KenhThucHien": 4}, "KenhThucHien", "4"),
    "READ-FIELD": ({"LinhVuc": "linh_vuc_la"}, "LinhVuc", "linh_vuc_la"),
    "READ-CHANNEL": ({"KenhThucHien": None}, "KenhThucHien", "null"),
    "READ-LEVEL-2": ({"KenhThucHien": 2, "MucDo": 2}, "MucDo", "2"),
}
"""Faults of single dossiers: what is otherwise in the record, and the column and value that must be told."""


def plant(period: str) -> Ground:
    """Every fault of the tables above, and those of whole answers below."""
    ground = Ground(period)
    for source, strikes in ROWS.items():
        ground.rows(source, strikes)
    _dossiers(ground, "onestop_lang_son")
    _units(ground, "onestop_thai_nguyen")
    _tables(ground, "onestop_cao_bang", "onestop_quang_ngai")
    _drifted(ground, "onestop_tay_ninh", "onestop_lam_dong", "onestop_hue")
    _swapped(ground, "onestop_ninh_binh")
    _vendors(ground, "onestop_ca_mau", "onestop_dak_lak", "edoc_cao_bang")
    return ground


def _dossiers(ground: Ground, source: str) -> None:
    """Each in a commune and field of its own."""
    left, struck = dict(DOSSIERS), set[tuple[str, str]]()

    def edit(document: Any) -> None:
        for record in document["danhSach"]:
            place = record["MaDonViTiepNhan"], record["LinhVuc"]
            inner = "2026-07-05" < record["NgayTiepNhan"] < "2026-09"
            if left and inner and place not in struck and "." not in place[0] and record["TrangThai"] in (4, 9, 10):
                struck.add(place)
                rule = next(iter(left))
                changes, _, value = left.pop(rule)
                record.update(changes)
                ground.told.append(Told(rule, source, place[0], None if rule == "READ-FIELD" else place[1], value))
                if rule == "READ-CHANNEL":  # it is in column 3, and neither in 4 nor in 5
                    ground.told.append(Told("II06A-3-SUM", source, *place))

    relanded(source, ground.period, edit)
    assert not left


def _units(ground: Ground, source: str) -> None:
    """An agency that nobody knows, one of another province, and one twice; a figure that is none."""
    (name, *_), abroad = _fields(source, ground.period), "00004"
    pages = iter(_fields(source, ground.period))

    def edit(document: Any) -> None:
        if next(pages) != name:
            return
        stranger, foreign, twice, text = [one for one in document["data"] if "." not in one["maThongKe"]][:4]
        stranger["maThongKe"], foreign["maThongKe"] = "99999", abroad
        document["data"].append(dict(twice))
        document["totalCount"] += 1
        text["tongSo"] = "1.234"
        ground.told += [
            Told("READ-UNIT", source, None, name, "99999"),
            Told("READ-UNIT", source, None, name, abroad),
            *[Told("UNIQUE", source, twice["maThongKe"], name)] * 2,
            Told("READ-NUMBER", source, text["maThongKe"], name, '"1.234"'),
        ]

    relanded(source, ground.period, edit)


def _tables(ground: Ground, without: str, unreadable: str) -> None:
    """A commune and the whole provincial tier that are not there; an answer that is cut off."""
    gone: list[str] = []

    def commune(document: Any) -> None:
        if not gone:
            gone.append(next(one["maThongKe"] for one in document["data"] if "." not in one["maThongKe"]))
            ground.told.append(Told("COMMUNE-PRESENT", without, gone[0], None, "commune"))
        _keep(document, lambda one: one["maThongKe"] not in gone and "." not in one["maThongKe"])

    relanded(without, ground.period, commune)
    relanded(unreadable, ground.period, lambda _: None, cut=2)
    ground.told += [
        Told("PROVINCE-PRESENT", without, Office.open().catalog.sources[without].unit, None, "province"),
        Told("READ-PAYLOAD", unreadable, None, None),
        Told("SOURCE-PRESENT", unreadable, None, None),
    ]


def _keep(document: Any, kept: Callable[[Record], bool]) -> None:
    document["data"] = [one for one in document["data"] if kept(one)]
    document["totalCount"] = len(document["data"])


def _drifted(ground: Ground, scaled: str, zeroed: str, renamed: str) -> None:
    """Another unit of counting; an agency that says 0; a column that is gone."""
    nothing: list[str] = []
    pages = iter(_fields(zeroed, ground.period))

    def scale(document: Any) -> None:
        for one in document["data"]:
            one |= {name: one[name] * 1000 for name in COLUMNS.values()}

    def zero(document: Any) -> None:
        name = next(pages)
        for one in document["data"]:
            if not nothing and "." not in one["maThongKe"]:
                nothing.append(one["maThongKe"])
            if one["maThongKe"] in nothing:
                one |= dict.fromkeys(COLUMNS.values(), 0)
                ground.told.append(Told("READ-ZERO", zeroed, nothing[0], name))

    def rename(document: Any) -> None:
        for one in document["data"]:
            one["qua_mang"] = one.pop("tiepNhanQuaMang")

    relanded(scaled, ground.period, scale)
    relanded(zeroed, ground.period, zero)
    relanded(renamed, ground.period, rename)
    ground.told += [
        Told("READ-SCALE", scaled, None, None),
        Told("READ-MISSING", renamed, None, None),
        Told("READ-COLUMN", renamed, None, None),
    ]


def _swapped(ground: Ground, source: str) -> None:
    def swap(document: Any) -> None:
        for one in document:
            one["resolvedEarly"], one["resolvedOverdue"] = one["resolvedOverdue"], one["resolvedEarly"]

    relanded(source, ground.period, swap)
    ground.told.append(Told("READ-SWAP", source, None, None))


def _vendors(ground: Ground, row: str, total: str, twice: str) -> None:
    """The vendor's own arithmetic in a row and in a total row, and an organisation with two sets of figures."""

    def detail(one: Record) -> bool:
        return all(one[axis] for axis in ("month", "year", "govAgencyCode", "domainCode", "system"))

    def in_row(document: Any) -> None:
        one = next(one for one in _statistics(document) if detail(one) and "." not in one["govAgencyCode"])
        one["doneCount"] += 1  # of no column of the form
        ground.told.append(Told("READ-VENDOR", row, one["govAgencyCode"], one["domainCode"].lower()))

    def in_total(document: Any) -> None:
        one = next(one for one in _statistics(document) if not one["domainCode"] and one["govAgencyCode"])
        one["onlineCount"] += 1
        ground.told.append(Told("READ-VENDOR", total, one["govAgencyCode"], None))

    def again(document: Any) -> None:
        child = document[0]["childOrgan"][0]
        document[0]["childOrgan"].append({**child, "sent": child["sent"] + 1, "total": child["total"] + 1})
        ground.told += [Told(rule, twice, Office.open().catalog.sources[twice].unit, "all")
                        for rule in ("READ-DUPLICATE", "UNIQUE")]  # fmt: skip

    ground.follows |= {("READ-VENDOR", row), ("READ-VENDOR", total)}  # whatever the wrong sum is a part of
    relanded(row, ground.period, in_row)
    relanded(total, ground.period, in_total)
    relanded(twice, ground.period, again)


def _statistics(document: Any) -> Iterator[Record]:
    yield from document["dossierStatisticData"]
