"""What committees of different provinces write to each other over the national axis, and when it arrives.

A letter is one sent, and one received for each recipient, on the day on which it arrives there. The last letter of a
sender in a quarter is under way at midnight: it arrives in the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.periods import Period
from simulator.country import REFORM, Country
from simulator.dossiers import DAY, OFFSET, Ints, day_number

CORRESPONDENTS = ("04", "25", "31")
"""The provinces whose committees write to each other: those whose document systems the axis' gateway answers for."""
_USUAL = 900
_LONGEST = 5_400
"""Seconds that a letter is under way at most."""


@dataclass(frozen=True)
class Between:
    """sender, sent, signed: an element a letter, the sender's place among the correspondents and seconds UTC.

    document, recipient, arrived: an element a delivery.
    """

    sender: Ints
    sent: Ints
    signed: NDArray[np.bool_]
    document: Ints
    recipient: Ints
    arrived: Ints


def between(country: Country, quarter: Period) -> Between:
    """The letters that were sent in a quarter begun since the reform; of before there are none."""
    places = len(CORRESPONDENTS)
    draw = np.random.default_rng([country.seed, quarter.year, quarter.number, 12])
    known = set(CORRESPONDENTS) <= country.provinces.keys() and quarter.first_day >= REFORM
    counts = np.maximum(draw.poisson(_USUAL * country.scale, places), 2) if known else np.zeros(places, np.int64)
    sender = np.repeat(np.arange(places), counts)
    n = len(sender)
    length = (quarter.last_day - quarter.first_day).days + 1
    day = day_number(quarter.first_day) + draw.integers(0, length, n)
    sent = day * DAY + draw.integers(25_200, 64_800, n) - OFFSET
    ends = np.cumsum(counts) - 1
    sent[ends[counts > 0]] = (day_number(quarter.last_day) + 1) * DAY - 600 - OFFSET
    copies = draw.integers(1, places, n)
    document = np.repeat(np.arange(n), copies)
    step = np.arange(len(document)) - np.repeat(np.cumsum(copies) - copies, copies)
    first = draw.integers(1, places, n)
    recipient = (sender[document] + 1 + (first[document] - 1 + step) % (places - 1)) % places
    arrived = sent[document] + np.where(np.isin(document, ends), 1_800, draw.integers(20, _LONGEST, len(document)))
    return Between(sender, sent, draw.random(n) < 0.9, document, recipient, arrived)
