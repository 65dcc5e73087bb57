"""The country behind the portals: its provinces, communes and departments, and who handles which field.

Units and fields are read from the catalog with csv, not with the code under test. Populations and shares
are round figures that make the volumes uneven as in life; nothing is reported from them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from etl.model import ALL, NATION, Tier, Unit
from etl.units import UnitTree
from simulator.cache import Cache

CATALOG = Path(__file__).resolve().parent.parent / "catalog"
REFORM = dt.date(2025, 7, 1)
"""Districts ended that day, provinces and communes were merged: who answered before is in `Country.past`."""
DOSSIERS_PER_QUARTER = 2_040_000
"""Dossiers filed in a quarter at scale 1; about one in fifty of them is never accepted."""

# Population in tens of thousands, by province: how the country's dossiers are dealt out.
_PEOPLE = {
    "01": 881, "04": 57, "08": 187, "11": 67, "12": 51, "14": 140, "15": 178, "19": 180, "20": 88, "22": 150, "24": 362,
    "25": 402, "31": 466, "33": 357, "37": 441, "38": 432, "40": 383, "42": 162, "44": 187, "46": 143, "48": 307,
    "51": 216, "52": 358, "56": 224, "66": 335, "68": 387, "75": 449, "79": 1400, "80": 325, "82": 437, "86": 426,
    "91": 495, "92": 420, "96": 261,
}  # fmt: skip

# Share of a commune's dossiers by field.
_COMMUNE_FIELDS = {
    "chung_thuc": 0.36, "ho_tich": 0.22, "dat_dai": 0.14, "bao_tro_xa_hoi": 0.09, "dang_ky_kinh_doanh": 0.06,
    "nguoi_co_cong": 0.04, "xay_dung": 0.03, "giao_duc": 0.02, "van_hoa": 0.015, "nong_nghiep": 0.015,
    "moi_truong": 0.01,
}  # fmt: skip
_ALWAYS_BUSY = ("chung_thuc", "ho_tich", "dat_dai")
_PROVINCIAL_SHARE = 0.28

# Departments in the order of their numbers, and each one's share of the provincial dossiers by field.
DEPARTMENTS: tuple[tuple[str, dict[str, float]], ...] = (
    ("Sở Nội vụ", {"viec_lam": 0.09, "nguoi_co_cong": 0.02}),
    ("Sở Tư pháp", {"ly_lich_tu_phap": 0.14, "chung_thuc": 0.01, "ho_tich": 0.01}),
    ("Sở Tài chính", {"dang_ky_kinh_doanh": 0.15, "thue_dat": 0.06}),
    ("Sở Công Thương", {"dang_ky_kinh_doanh": 0.06}),
    ("Sở Nông nghiệp và Môi trường", {"dat_dai": 0.16, "moi_truong": 0.02, "nong_nghiep": 0.03, "thue_dat": 0.03}),
    ("Sở Xây dựng", {"xay_dung": 0.03, "duong_bo": 0.13}),
    ("Sở Khoa học và Công nghệ", {"dang_ky_kinh_doanh": 0.01}),
    ("Sở Văn hóa và Thể thao", {"van_hoa": 0.02}),
    ("Sở Du lịch", {"van_hoa": 0.01}),
    ("Sở Giáo dục và Đào tạo", {"giao_duc": 0.04}),
    ("Sở Y tế", {"y_te": 0.06, "bao_tro_xa_hoi": 0.03}),
    ("Sở Dân tộc và Tôn giáo", {"bao_tro_xa_hoi": 0.005}),
    ("Sở Ngoại vụ", {"chung_thuc": 0.01}),
    ("Sở An toàn thực phẩm", {"y_te": 0.02, "nong_nghiep": 0.01}),
)


@dataclass(frozen=True)
class Province:
    """One province's agencies: communes, the districts of before the reform, then departments ("<pp>.<nn>").

    Communes and districts stand in code order. above: the district of each commune. since: from when it is as it is.
    """

    code: str
    communes: tuple[str, ...]
    departments: tuple[str, ...]
    districts: tuple[str, ...] = ()
    above: Mapping[str, str] = field(default_factory=dict, compare=False)
    since: dt.date = REFORM

    @cached_property
    def agencies(self) -> tuple[str, ...]:
        return self.communes + self.districts + self.departments

    @property
    def portal(self) -> str:
        """What its portals are called: a code alone was another province's before the reform."""
        return self.code if self.since >= REFORM else f"{self.code}-2024"

    @cached_property
    def parts(self) -> dict[Tier, slice]:
        """Where the agencies of each tier stand among all."""
        below, above = len(self.communes), len(self.communes) + len(self.districts)
        found: dict[Tier, slice] = {"commune": slice(below), "district": slice(below, above)}
        return {**{tier: part for tier, part in found.items() if tier == "commune" or self.districts},
                "province": slice(above, None)}  # fmt: skip

    def tier(self, place: int) -> Tier:
        """The tier of the agency that stands there."""
        return next(tier for tier, part in self.parts.items() if place in range(len(self.agencies))[part])

    @cached_property
    def _tiers(self) -> dict[str, Tier]:
        return {agency: self.tier(place) for place, agency in enumerate(self.agencies)}

    def tier_of(self, agency: str) -> Tier:
        return self._tiers[agency]

    def holds(self, unit: str, agency: str) -> bool:
        """Whether what that agency of ours did counts for the unit: it itself, its district, we or the nation."""
        return unit in (NATION, self.code, agency, self.above.get(agency))

    def day(self, day: dt.date) -> dt.date:
        """The day whose names its portals use: `day`, or the nearest one of their time."""
        return max(day, REFORM) if self.since >= REFORM else min(day, REFORM - dt.timedelta(days=1))


class Country:
    """The units in force, their names on any day, and the expected dossiers of each agency and field."""

    def __init__(self, seed: int, scale: float, catalog: Path = CATALOG) -> None:
        self.seed, self.scale = seed, scale
        self._units = _read_units(catalog / "units" / "units.csv")
        self._trees: Cache[UnitTree] = Cache(8)
        self._latest = {unit.code: unit for unit in self._units if unit.valid_to is None}
        self.origins = _read_origins(catalog / "units" / "changes.csv")
        with (catalog / "fields.csv").open(encoding="utf-8", newline="") as file:
            self.fields = {row["code"]: row["name"] for row in csv.DictReader(file)}
        self.field_codes = tuple(self.fields)
        self.provinces = {
            code: self._province(code) for code in sorted(self._latest) if self._level(code) == "province"
        }
        last = UnitTree(self._units, REFORM - dt.timedelta(days=1))
        self.past = {unit.code: _province_of_before(last, unit.code) for unit in last.at_level("province")}
        self._at = {
            (place, province.since >= REFORM): province
            for province in (*self.provinces.values(), *self.past.values())
            for place in (province.code, *province.communes, *province.districts)
        }
        self.portals = {province.portal: province for province in (*self.provinces.values(), *self.past.values())}
        if set(self.provinces) != set(_PEOPLE):
            raise ValueError(
                f"the simulator knows the population of other provinces: {self.provinces.keys() ^ _PEOPLE}"
            )

    def _level(self, code: str) -> str:
        return self._latest[code].level

    def _province(self, code: str) -> Province:
        communes = sorted(u.code for u in self._latest.values() if u.level == "commune" and u.parent == code)
        return Province(code, tuple(communes), _departments(code))

    def on(self, day: dt.date) -> Mapping[str, Province]:
        """The provinces of that day by code."""
        return self.past if day < REFORM and self.past else self.provinces

    def province_of(self, unit: str, day: dt.date) -> Province:
        """The province of that day with that code, or the one that the district or commune lay in. Raises KeyError."""
        return self._at[unit, day >= REFORM or not self.past]

    def holding(self, unit: str, day: dt.date) -> list[Province]:
        """The provinces that the unit is made of on that day: all for the nation, else its own."""
        return list(self.on(day).values()) if unit == NATION else [self.province_of(unit, day)]

    def tiers(self, unit: str, day: dt.date) -> tuple[Tier, ...]:
        """The tiers of what counts for the unit, and all of them together."""
        provinces = self.on(day)
        known: tuple[Tier, ...] = ("province", "district", "commune")
        if unit != NATION and unit not in provinces:
            known = known[1:] if unit in self.province_of(unit, day).districts else known[2:]
        with_districts = any(province.districts for province in provinces.values())
        return (*(tier for tier in known if tier != "district" or with_districts), ALL)

    def unit(self, code: str, day: dt.date) -> Unit:
        """The unit as named and ranked on that day. Raises KeyError."""
        return self._trees.get(day, lambda: UnitTree(self._units, day))[code]

    def agency_name(self, agency: str, day: dt.date) -> str:
        """ "UBND xã Đông Anh" for a commune, "Sở Nội vụ" for a department; while there were districts a commune is
        named with its own, since a province had several of one name."""
        if "." in agency:
            return DEPARTMENTS[int(agency.split(".")[1]) - 1][0]
        unit = self.unit(agency, day)
        parent = self.unit(unit.parent, day) if unit.level == "commune" and unit.parent else None
        within = f", {_in_a_sentence(parent)}" if parent is not None and parent.level == "district" else ""
        return f"UBND {_in_a_sentence(unit)}{within}"

    def expected(self, province: Province) -> NDArray[np.float64]:
        """Dossiers expected in a quarter, agencies x fields, at this scale; 0 where an agency is idle in a field.

        The same in every quarter, so that an agency's closing stock finds its opening stock again.
        """
        draw = np.random.default_rng([self.seed, int(province.code)])
        communes, fields = len(province.communes), self.field_codes
        kinds = {"Xã": 1.0, "Phường": 1.7, "Đặc khu": 0.25}
        size = draw.lognormal(0, 0.6, communes) * [kinds[self._latest[code].type] for code in province.communes]
        share = np.array([_COMMUNE_FIELDS.get(field, 0.0) for field in fields])
        mix = share * draw.lognormal(0, 0.35, (communes, len(fields)))
        idle = draw.random(mix.shape) < 0.14
        idle[:, [fields.index(field) for field in _ALWAYS_BUSY]] = False
        mix[idle] = 0
        below = size[:, None] * mix
        above = np.array([[handled.get(field, 0.0) for field in fields] for _, handled in DEPARTMENTS])
        total = DOSSIERS_PER_QUARTER * self.scale * _PEOPLE[province.code] / sum(_PEOPLE.values())
        return np.vstack([
            below / below.sum() * total * (1 - _PROVINCIAL_SHARE),
            above / above.sum() * total * _PROVINCIAL_SHARE,
        ])  # fmt: skip


def _in_a_sentence(unit: Unit) -> str:
    return f"{unit.type.lower()}{unit.name.removeprefix(unit.type)}"


def _read_units(path: Path) -> list[Unit]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Unit(
                code=row["code"],
                name=row["name"],
                level=row["level"],  # type: ignore[arg-type]
                type=row["type"],
                parent=row["parent"] or None,
                valid_from=dt.date.fromisoformat(row["valid_from"]),
                valid_to=dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                verified=row["verified"] == "true",
                source=row["source"],
            )
            for row in csv.DictReader(file)
            if row["level"] in ("province", "district", "commune")
        ]


def _read_origins(path: Path) -> Mapping[str, tuple[str, ...]]:
    """For each province and commune since the reform, the units of before that all or a part of went into it."""
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["new"] and row["date"] == REFORM.isoformat():
                found.setdefault(row["new"], []).append(row["old"])
    return {new: tuple(sorted(old)) for new, old in found.items()}


def _province_of_before(tree: UnitTree, code: str) -> Province:
    below = tree.below(code)[1:]
    return Province(
        code,
        tuple(sorted(unit.code for unit in below if unit.level == "commune")),
        _departments(code),
        tuple(sorted(unit.code for unit in below if unit.level == "district")),
        {unit.code: unit.parent for unit in below if unit.level == "commune" and unit.parent},
        dt.date.min,
    )


def _departments(code: str) -> tuple[str, ...]:
    return tuple(f"{code}.{number:02d}" for number in range(1, len(DEPARTMENTS) + 1))
