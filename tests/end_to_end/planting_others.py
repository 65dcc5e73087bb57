"""Faults of the datasets beside II.06a, planted in the answers of their portals: what must be found of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.end_to_end.planting import COLUMNS, ROWS, Record, Strike, Told, payloads
from tests.end_to_end.relanding import landed, relanded

PROCEDURES: dict[str, Strike] = {
    rule.replace("II06A", "PROC"): strike for strikes in ROWS.values() for rule, strike in strikes.items()
}
"""Tân Dân has the same columns by procedure as by field."""
_SCOPE = {
    "3": ("tongSoTTHC", "soTTHCCapTinh", "soTTHCCapHuyen", "soTTHCCapXa"),
    "7": ("tongSoTTHCTheoCCMC", "soTTHCTaiBPMCCapTinh", "soTTHCTaiBPMCCapHuyen", "soTTHCTaiBPMCCapXa"),
    "11": ("tongSoQuyTrinh", "soQuyTrinhCapTinh", "soQuyTrinhCapHuyen", "soQuyTrinhCapXa"),
}
"""Columns of form II.07b by the number of the first, which is the sum of the others."""
_LAST = {"3": "6", "7": "10", "11": "14"}


@dataclass(frozen=True)
class Portal:
    """Where the records of an answer are, and of each the agency and what it is split by."""

    records: Callable[[Any], list[Record]]
    agency: str
    by: str | None = None

    def place(self, record: Record) -> tuple[str, str]:
        return record[self.agency], record[self.by] if self.by else "all"


PROCEDURE = Portal(lambda document: list(document["data"]), "maDinhDanh", "maThongKe")
SCOPE = Portal(lambda document: list(document["data"]), "maThongKe")
AXIS = Portal(lambda document: list(document[0]["childOrgan"]), "organName")
FAULTY = Portal(lambda document: list(document["data"]), "maDonVi")


def _set(**changes: Any) -> Strike:
    """Other values in the record; nothing is said of what is shown."""

    def strike(record: Record) -> tuple[tuple[str, ...], None]:
        record.update(changes)
        return (), None

    return strike


def _among(names: tuple[str, ...], strike: Strike) -> Strike:
    """Only in the record of one of these organisations."""
    return lambda record: strike(record) if unicodedata.normalize("NFC", record["organName"]) in names else None


def _all_pending(record: Record) -> tuple[tuple[str, ...], None]:
    """Nothing came, nothing was resolved, and all of a big opening stock is pending."""
    record.update(dict.fromkeys(COLUMNS.values(), 0))
    record.update(dict.fromkeys(("tongSo", "tiepNhanKyTruoc", "dangXuLyVaBoSung", "dangXuLyTrongHanVaBoSung"), 25))
    return ("received_online", "received_direct_postal", "pending_total"), None


PROCEDURES["NONE-RECEIVED"] = _all_pending
READ_PROCEDURES: dict[str, Strike] = {
    "READ-UNIT": _set(maDinhDanh="99999"),
    "READ-FIELD": _set(maThongKe="khong-phai-ma"),
    "READ-NUMBER": _set(tongSo="1.234"),
}
READ_SCOPE: dict[str, Strike] = {"READ-UNIT": _set(maThongKe="99999"), "READ-NUMBER": _set(tongSoTTHC="1.234")}
READ_FAULTS: dict[str, Strike] = {
    "READ-UNIT": _set(maDonVi="99999"),
    "READ-STATUS": _set(trangThai=11),
    "READ-RECORD": _set(kenhThucHien=4),
}


@dataclass
class Others:
    """Plants into the newest pulls of a period. told: what must be found. follows: rule and source of what cannot but
    be found along with it."""

    period: str
    told: list[Told] = field(default_factory=list)
    follows: set[tuple[str, str]] = field(default_factory=set)

    def rows(
        self, source: str, portal: Portal, strikes: dict[str, Strike], unit_of: Callable[[str], str | None]
    ) -> None:
        """Each fault in a record of its own: a strike edits it, gives the measures or columns that the rule shows and
        what the first of them should be; None where it needs another record."""
        left, page = dict(strikes), 0
        found: list[tuple[int, str, Record, tuple[str, ...], int | None]] = []

        def edit(document: Any) -> None:
            nonlocal page
            for record in portal.records(document):
                for rule, strike in left.items():
                    if (struck := strike(record)) is not None:
                        del left[rule]
                        found.append((page, rule, record, *struck))
                        break
            page += 1

        relanded(source, self.period, edit)
        assert not left, f"{source}: no record to strike for {', '.join(left)}"
        pages = payloads(source, self.period)
        for number, rule, record, show, expected in found:
            agency, by = portal.place(record)
            values = [record[COLUMNS.get(one, one)] for one in show]
            value = ", ".join("(trống)" if one is None else str(one) for one in values) if show else None
            known = None if rule == "READ-FIELD" else by
            self.told.append(Told(rule, source, unit_of(agency), known, value, expected, pages[number]))

    def answers(self, source: str, edit: Callable[[Any], None], *rules: str, cut: int = 0) -> None:
        """What concerns all of a source."""
        relanded(source, self.period, edit, cut=cut)
        self.told += [Told(rule, source, None, None) for rule in rules]

    def again(self, source: str, portal: Portal, unit_of: Callable[[str], str | None]) -> None:
        """A record that stands in the place of another one too, or beside itself where there is no other."""
        first = True

        def edit(document: Any) -> None:
            nonlocal first
            if first:
                *others, last = document["data"]
                document["data"] = [*others[:-1], dict(last), last]
                document["totalCount"] += not others
                agency, by = portal.place(last)
                self.told.append(Told("UNIQUE", source, unit_of(agency), by))
            first = False

        relanded(source, self.period, edit)

    def gone(self, source: str, portal: Portal, province: str) -> None:
        """One commune, and the whole provincial tier."""
        every = [one for sha256 in payloads(source, self.period) for one in portal.records(landed(sha256))]
        commune = next(one[portal.agency] for one in every if "." not in one[portal.agency])

        def kept(one: Record) -> bool:
            return one[portal.agency] != commune and "." not in one[portal.agency]

        def edit(document: Any) -> None:
            document["data"] = [one for one in document["data"] if kept(one)]
            document["totalCount"] = sum(map(kept, every))

        relanded(source, self.period, edit)
        self.told += [
            Told("COMMUNE-PRESENT", source, commune, None, "commune"),
            Told("PROVINCE-PRESENT", source, province, None, "province"),
        ]

    def zero(self, source: str, portal: Portal, unit_of: Callable[[str], str | None]) -> None:
        """One commune that says nought of everything."""
        nothing: list[str] = []

        def edit(document: Any) -> None:
            for one in portal.records(document):
                if not nothing and "." not in one[portal.agency]:
                    nothing.append(one[portal.agency])
                if one[portal.agency] in nothing:
                    one.update({name: 0 for name, value in one.items() if type(value) is int})
                    agency, by = portal.place(one)
                    self.told.append(Told("READ-ZERO", source, unit_of(agency), by))

        relanded(source, self.period, edit)


def scope_strikes() -> dict[str, Strike]:
    """Of the one row that a province has, so each at a source of its own."""

    def raised(names: tuple[str, ...]) -> Strike:
        def strike(record: Record) -> tuple[tuple[str, ...], int | None]:
            should = sum(record[name] for name in names[1:])
            record[names[0]] += 3
            return names, should

        return strike

    def emptied(names: tuple[str, ...]) -> Strike:
        def strike(record: Record) -> tuple[tuple[str, ...], None]:
            record[names[1]] = None
            return (), None

        return strike

    def below(names: tuple[str, ...]) -> Strike:
        def strike(record: Record) -> tuple[tuple[str, ...], None]:
            record[names[1]] += record[names[3]] + 1
            record[names[3]] = -1
            return names, None

        return strike

    found: dict[str, Strike] = {}
    for number, names in _SCOPE.items():
        span = f"II07B-{number}-{_LAST[number]}"
        found |= {f"II07B-{number}-SUM": raised(names), f"{span}-GIVEN": emptied(names), f"{span}-RANGE": below(names)}
    return found | {"II07B-7-WITHIN": _more_at_one_stops}


def _more_at_one_stops(record: Record) -> tuple[tuple[str, ...], None]:
    """More procedures at the one-stop shops of communes than there are."""
    more = record["soTTHCCapXa"] + 1 - record["soTTHCTaiBPMCCapXa"]
    record["soTTHCTaiBPMCCapXa"] += more
    record["tongSoTTHCTheoCCMC"] += more
    return (), None


def axis_strikes() -> dict[str, Strike]:
    def more(record: Record) -> tuple[tuple[str, ...], int]:
        record["total"] += 5
        return ("total", "sent", "received"), record["sent"] + record["received"]

    def below(record: Record) -> tuple[tuple[str, ...], None]:
        record["received"] += record["sent"] + 1
        record["sent"] = -1
        return (), None

    return {
        "VB-SUM": _among(("UBND phường Thục Phán",), more),
        "VB-RANGE": _among(("UBND phường Tân Giang",), below),
        "VB-GIVEN": _among(("UBND xã Bảo Lâm",), _set(received=None)),
        "READ-NUMBER": _among(("UBND xã Lý Bôn",), _set(sent="1.234")),
        "READ-UNIT": _among(("UBND xã Nam Quang",), _set(organName="UBND xã Không Có")),
        "NONE-SENT": _among(("Sở Nội vụ",), _set(sent=0, received=300, total=300)),
        "NONE-RECEIVED": _among(("Sở Tư pháp",), _set(sent=300, received=0, total=300)),
    }
