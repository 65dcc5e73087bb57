"""The procedures behind the dossiers, and what each province offers of procedures at its one-stop shops.

Codes, levels and shares are the simulator's own; nothing is reported from them but these simulated figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.periods import Period
from simulator.country import Country, Province

PER_FIELD = 6
PROVINCIAL, DISTRICT, COMMUNAL = 1, 2, 3


def codes(country: Country) -> tuple[str, ...]:
    """Code of each procedure, PER_FIELD for a field; the last of each field is written in the newer, longer form."""
    numbers = range(len(country.field_codes) * PER_FIELD)
    short = [f"{1 + number % 3}.{1009 * (number + 4):06d}" for number in numbers]
    return tuple(
        code if number % PER_FIELD < PER_FIELD - 1 else f"{code}.000.00.00.H41" for number, code in enumerate(short)
    )


@dataclass(frozen=True)
class Register:
    """Parallel arrays, an element a procedure in force in a province.

    level: who resolves it; nobody at DISTRICT since 01/07/2025. one_stop: offered at one-stop shops.
    processes: how many internal processes were issued for it.
    """

    level: NDArray[np.int8]
    one_stop: NDArray[np.bool_]
    processes: NDArray[np.int8]


def _levels(drawn: NDArray[np.float64], *, with_districts: bool) -> NDArray[np.int8]:
    below = np.where(drawn < 0.93, DISTRICT, COMMUNAL) if with_districts else COMMUNAL
    return np.where(drawn < 0.8, PROVINCIAL, below).astype(np.int8)


def register(country: Country, province: Province, quarter: Period) -> Register:
    """What stands at the quarter's end."""
    draw = np.random.default_rng([country.seed, int(province.code), quarter.year, quarter.number, 7])
    n = int(draw.integers(1700, 2400))
    one_stop = draw.random(n) < 0.93
    return Register(
        level=_levels(draw.random(n), with_districts=bool(province.districts)),
        one_stop=one_stop,
        processes=np.where(one_stop, draw.choice([0, 1, 1, 1, 1, 2], n), 0).astype(np.int8),
    )
