"""Which agency of before the reform of 1 July 2025 had what is an agency's today: districts, and 63 provinces.

What is a commune's today was that of one of the units that went into it (a divided commune is one of those of each
of its successors), or of the district over it; what is a department's was that of the same department of one of the
provinces. So both views are of the same dossiers and documents, and add up to the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.cache import Cache
from simulator.country import Country, Province

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """The agencies of the provinces that went into one, in one row: one province after the other.

    candidates, weights: a row for each agency of today, of the places whose it may have been (-1, 0: none).
    district: of each place that of its district; its own where it has none.
    """

    before: tuple[Province, ...]
    candidates: Ints
    weights: NDArray[np.float64]
    district: Ints

    @cached_property
    def starts(self) -> Ints:
        return np.cumsum([0, *(len(one.agencies) for one in self.before)])

    def of(self, province: Province, found: Ints) -> tuple[NDArray[np.bool_], Ints]:
        """Which of these places are of that province, and where each stands among its agencies."""
        start = int(self.starts[self.before.index(province)])
        return (found >= start) & (found < start + len(province.agencies)), found - start

    def today(self) -> Ints:
        """Of each place an agency of today whose it may have been; the first."""
        found = np.zeros(len(self.district), np.int64)
        for agency, row in reversed(list(enumerate(self.candidates))):
            known = row[row >= 0]
            found[known] = found[self.district[known]] = agency
        return found


class Past:
    """The places behind each province of today."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self._places: Cache[Places] = Cache(len(country.provinces))
        self._after = {
            country.past[code]: province
            for province in country.provinces.values()
            for code in country.origins.get(province.code, ())
            if code in country.past
        }

    def after(self, before: Province) -> Province:
        """The province of today that one of before went into."""
        return self._after[before]

    def places(self, province: Province) -> Places | None:
        """None where the catalog knows nothing of before."""
        origins = [code for code in self.country.origins.get(province.code, ()) if code in self.country.past]
        return self._places.get(province.code, lambda: self._laid_out(province, origins)) if origins else None

    def _laid_out(self, province: Province, origins: list[str]) -> Places:
        before = tuple(self.country.past[code] for code in origins)
        at = {code: place for place, code in enumerate(code for one in before for code in one.agencies)}
        district = np.arange(len(at))
        for one in before:
            for commune, over in one.above.items():
                district[at[commune]] = at[over]
        rows = [{at[old]: 1.0 for old in self.country.origins.get(code, ())} for code in province.communes]
        for number in range(len(province.departments)):
            rows.append({at[one.departments[number]]: float(len(one.communes)) for one in before})
        width = max(map(len, rows))
        candidates = np.array([[*row, *[-1] * (width - len(row))] for row in rows])
        weights = np.array([[*row.values(), *[0.0] * (width - len(row))] for row in rows])
        draw = np.random.default_rng([self.country.seed, int(province.code), 8])
        return Places(before, candidates, weights * draw.lognormal(0, 0.4, weights.shape), district)


def drawn(draw: np.random.Generator, weights: NDArray[np.float64]) -> Ints:
    """A column of each row, by its weights."""
    ends = weights.cumsum(axis=1)
    return np.asarray((draw.random(len(weights))[:, None] * ends[:, -1:] >= ends).sum(axis=1))
