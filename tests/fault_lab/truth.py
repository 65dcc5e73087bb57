"""What every figure of the small country must be, by the simulator's own count, apart from every portal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from etl.model import ALL, NATION, Indicator
from etl.periods import Period
from launcher.simulator import SEED
from simulator.country import Country, Province
from simulator.documents import Post
from simulator.dossiers import Archive
from simulator.tandan_errors import Faulty
from simulator.truth import Truth

Place = tuple[str, str, str]
"""Unit, tier, field."""


class Figures:
    def __init__(self, catalog: Path, scale: float) -> None:
        self.country = Country(SEED, scale, catalog)
        self._faulty = Faulty(self.country)
        self._truth = Truth(Archive(self.country), Post(self.country))
        self._sums: dict[tuple[str, str], dict[Place, Counter[str]]] = {}

    def value(self, indicator: Indicator, period: str, place: Place) -> Decimal | None:
        """The figure; None for a share of nothing."""
        sums = self.of(indicator.dataset, period)[place]
        if indicator.ratio is None:
            return Decimal(sums[indicator.sum or ""])
        below = sum(sums[name] for name in indicator.ratio.denominator)
        if not below:
            return None
        above = sum(sums[name] for name in indicator.ratio.numerator)
        return (Decimal(above) / Decimal(below)).quantize(Decimal(10) ** -indicator.digits, ROUND_HALF_UP)

    def faulty(self, province: str, period: str) -> int:
        """How many dossiers the list of those that spoil its statistics has."""
        days = Period.parse(period)
        return len(self._faulty.drawn(self.country.provinces[province], days.first_day, days.last_day))

    def of(self, dataset: str, period: str) -> Mapping[Place, Counter[str]]:
        """Every sum of the period, up the units, tiers and fields."""
        if (dataset, period) not in self._sums:
            self._sums[dataset, period] = self._add(dataset, Period.parse(period))
        return self._sums[dataset, period]

    def _add(self, dataset: str, period: Period) -> dict[Place, Counter[str]]:
        found: dict[Place, Counter[str]] = defaultdict(Counter)
        for province in self.country.provinces.values():
            for (code, tier, field), figures in self._leaves(dataset, province, period).items():
                for unit in {code, province.code, NATION}:
                    for key in {(unit, tier, field), (unit, tier, ALL), (unit, ALL, ALL)}:
                        found[key].update(figures)
        return found

    def _leaves(self, dataset: str, province: Province, period: Period) -> Mapping[Place, Counter[str]]:
        match dataset:
            case "edoc":
                return {
                    (unit, tier, ALL): Counter({**row, "exchanged": row["sent"] + row["received"]})
                    for (unit, tier), row in self._truth.edoc(province, period).items()
                }
            case "dossier_faults":
                found: dict[Place, Counter[str]] = defaultdict(Counter)
                for agency, case in self._faulty.drawn(province, period.first_day, period.last_day):
                    found[agency, "province" if "." in agency else "commune", ALL].update(["listed", *case.wrong])
                return found
            case "procedure":
                return self._truth.procedures(province, period)
            case "one_stop_scope":
                (row,) = (row for row in self._truth.scope(province.code, period) if row["tier"] == "province")
                return {(province.code, "province", ALL): Counter({n: v for n, v in row.items() if type(v) is int})}
        return self._truth.onestop(province, period)
