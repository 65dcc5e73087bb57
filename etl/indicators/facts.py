"""The last step of every figure: indicators over summed columns, and the shape of a fact.

Why a column is withheld is carried as a digit for the strength of the reason and its word, so that the strongest
of several reasons is simply the least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from etl.errors import QualityError
from etl.model import REASONS, Indicator
from etl.tables import FACTS

RANKED = {reason: f"{rank}{reason}" for rank, reason in enumerate(REASONS)}
_MOST_DIGITS = 4


def evaluate(connection: duckdb.DuckDBPyConnection, indicators: Sequence[Indicator]) -> pa.Table:
    """FACTS, ordered by indicator, unit, tier and field.

    From the table base: unit, tier, field, leaf, and of every column its sum and, as why_<column>, the ranked
    reason that withholds it or null.
    """
    selects = [
        f"select '{indicator.code}' as indicator, unit, tier, field, "
        f"(case when why is null then {value} end)::decimal(20, 4) as value, why[2:] as reason, leaf, "
        "false as moving "
        f"from (select *, {why} as why from base)"
        for indicator in indicators
        for value, why in [_expressions(indicator)]
    ]
    if not selects:
        return FACTS.empty_table()
    query = " union all ".join(selects)
    facts: Any = connection.sql(f"select * from ({query}) order by indicator, unit, tier, field").to_arrow_table()
    return facts.cast(FACTS)


def _expressions(indicator: Indicator) -> tuple[str, str]:
    """SQL of the value and of the ranked reason for which there is none."""
    if indicator.ratio is None:
        return f"{indicator.sum}", f"why_{indicator.sum}"
    if indicator.digits > _MOST_DIGITS:
        raise QualityError(f"{indicator.code}: facts keep {_MOST_DIGITS} digits, not {indicator.digits}")
    over = "(" + " + ".join(indicator.ratio.numerator) + ")::hugeint"
    under = "(" + " + ".join(indicator.ratio.denominator) + ")::hugeint"
    whys = ", ".join(
        f"why_{name}" for name in dict.fromkeys((*indicator.ratio.numerator, *indicator.ratio.denominator))
    )
    why = f"coalesce(least({whys}, null), case when {under} = 0 then '{RANKED['zero_denominator']}' end)"
    # Half away from zero in whole numbers: a double could fall on the wrong side of a half.
    scale = 10**indicator.digits
    scaled = f"sign({over}) * sign({under}) * ((abs({over}) * {2 * scale} + abs({under})) // (2 * abs({under})))"
    return f"({scaled})::decimal(22, 0) * {1 / scale:.{indicator.digits}f}::decimal(5, 4)", why
