"""Two columns of numbers that a portal exchanged from a period on (`exchanged` of its source)."""

from __future__ import annotations

from etl.model import Platform, Source
from etl.periods import Period


def as_exchanged(platform: Platform, source: Source, period: Period) -> Platform:
    """The source's platform with each measure of the column that holds its figures in the period.

    One exchange comes after the other, so that a pair named again turns it back.
    """
    for key in sorted(source.exchanged, key=lambda key: Period.parse(key).first_day):
        if Period.parse(key).first_day <= period.first_day:
            for one, other in source.exchanged[key].items():
                platform = platform.under_names({one: other, other: one})
    return platform
