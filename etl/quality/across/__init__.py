"""Rules that hold two figures of one place side by side: what was found, how much was judged, and how much not.

The pairs are laid out by whoever knows both figures; a rule's violation is asked of every pair at once, in DuckDB. The
rows that a broken pair rests on are looked for afterwards, so that what is sound costs no search.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from etl.errors import QualityError
from etl.model import ALL, Comparison, Field, Finding
from etl.periods import Period
from etl.units import UnitTree

_FIGURE = pa.decimal128(20, 4)
PAIRS = pa.schema(
    [
        ("unit", pa.string()),
        ("units", pa.list_(pa.string())),
        ("other_units", pa.list_(pa.string())),
        ("tier", pa.string()),
        ("field", pa.string()),
        ("measure", pa.string()),
        ("value", _FIGURE),
        ("other", _FIGURE),
        ("source", pa.string()),
        ("other_source", pa.string()),
    ]
)
"""What begins every pair. units, other_units: those that `value` and `other` are the sums of. source, other_source:
whose they are, null where the rows tell. A figure that is null is not known, and the pair is not judged. More columns
may follow, for a rule to ask; `who` is shown in place of the unit, `note` at the end."""
PLACES = pa.schema([(name, pa.string()) for name in ("source", "unit", "tier", "field", "payload", "pointer")])
"""Where rows stand: what a figure is traced to."""
Rows = Callable[[Collection[str]], pa.Table]
"""PLACES of the rows under the figures of units."""


@dataclass(frozen=True)
class Compared:
    """What became of one rule. judged: pairs of which both figures are known; unknown: the others.

    broken: the pairs that break it, the biggest difference first, with source, payload, row and rows (their number) of
    `value`, and the same with other_ of `other`. waived: of each of them, whether a waiver lets it pass.
    """

    rule: Comparison
    judged: int
    unknown: int
    broken: pa.Table
    waived: tuple[bool, ...] = ()

    @property
    def open(self) -> pa.Table:
        """The broken pairs that no waiver lets pass."""
        if not any(self.waived):
            return self.broken
        return self.broken.filter(pa.array([not one for one in self.waived]))


def compare(rules: Sequence[Comparison], pairs: pa.Table, here: Rows, there: Rows) -> list[Compared]:
    """Each rule over all pairs. here, there: the rows under `value` and under `other`.

    Raises QualityError naming a rule that could not run.
    """
    with duckdb.connect() as connection:
        connection.register("pairs", pairs)
        connection.execute(
            "create temp table pair as select row_number() over () as number, *, value - other as difference from pairs"
        )
        known = "value is not null and other is not null"
        found = []
        for rule in rules:
            try:
                ((judged, unknown),) = connection.sql(
                    f"select count(*) filter ({known}), count(*) filter (not ({known})) from pair where {rule.where}"
                ).fetchall()
                connection.execute(
                    "create or replace temp table broken as select * from pair "
                    f"where {known} and ({rule.where}) and ({rule.violation})"
                )
            except duckdb.Error as problem:
                reason = str(problem).splitlines()[0]
                raise QualityError(f"rule {rule.id} could not run, mend its violation: {reason}") from problem
            for side, units, rows in (("here", "units", here), ("there", "other_units", there)):
                named = connection.sql(f"select distinct unnest({units}) as unit from broken order by all").fetchall()
                connection.register(side, rows([unit for (unit,) in named]) if named else PLACES.empty_table())
            found.append(Compared(rule, judged, unknown, connection.sql(_PLACED).to_arrow_table()))
    return found


# What an answer does not say of a field, it says by its other rows of the unit and tier: the whole of it is shown then.
_ROWS = f"""select number, first(source order by source, payload, pointer) as source,
    first(payload order by source, payload, pointer) as payload,
    first(pointer order by source, payload, pointer) as row, count(*) as rows
from (
    select b.number, r.source, r.payload, case when exact then r.pointer else '' end as pointer
    from (select *, unnest({{units}}) as one from broken) b
    join lateral (
        select source, payload, pointer, b.field in (field, '{ALL}') as exact from {{rows}}
        where unit = b.one and b.tier in (tier, '{ALL}') and coalesce(b.{{source}}, source) = source) r on true
    qualify exact or not bool_or(exact) over (partition by b.number)
    ) found
group by number"""
_PLACED = f"""select broken.* exclude (number, source, other_source),
    coalesce(broken.source, h.source, t.source) as source, h.payload, h.row, h.rows,
    coalesce(broken.other_source, t.source) as other_source, t.payload as other_payload, t.row as other_row,
    t.rows as other_rows
from broken left join ({_ROWS.format(units="units", rows="here", source="source")}) h using (number)
left join ({_ROWS.format(units="other_units", rows="there", source="other_source")}) t using (number)
order by abs(difference) desc, unit, tier, field, measure"""


def findings(
    compared: Sequence[Compared],
    period: Period,
    other_period: Period,
    *,
    tree: UnitTree,
    fields: Mapping[str, Field],
    titles: Mapping[str, str],
) -> Iterator[Finding]:
    """One for each broken pair and rule, the two figures named in words. titles: of measures."""
    for one in compared:
        for pair in one.broken.to_pylist():
            value, other = (_shown(pair[side]) for side in ("value", "other"))
            field = "" if pair["field"] == ALL else f", {_named(pair['field'], fields)}"
            yield Finding(
                rule=one.rule.id,
                severity=one.rule.severity,
                source=pair["source"],
                period=period.key,
                message=f"{_who(pair, tree)}{field}, “{titles[pair['measure']]}”: {value} "
                f"({_where(pair['source'], period, pair['rows'])}) so với {other} "
                f"({_where(pair['other_source'], other_period, pair['other_rows'])}), lệch "
                f"{_shown(pair['difference'], '+')}. Lẽ ra {one.rule.message}"
                f"{'. ' + pair['note'] if pair.get('note') else ''}",
                unit=pair["unit"],
                field=pair["field"],
                payload=pair["payload"],
                row=pair["row"] or "",
                column=pair["measure"],
                value=value,
                expected=other,
                other_source=pair["other_source"],
                other_period=other_period.key,
                other_payload=pair["other_payload"],
                other_row=pair["other_row"],
                tier=pair["tier"],
            )


def _who(pair: Mapping[str, Any], tree: UnitTree) -> str:
    if pair.get("who"):
        return str(pair["who"])
    who = f"{tree[pair['unit']].name} ({pair['unit']})" if pair["unit"] in tree else str(pair["unit"])
    if pair["units"] == pair["other_units"]:
        return who
    return f"{who}, {', '.join(pair['other_units'])} → {', '.join(pair['units'])}"


def _named(field: str, fields: Mapping[str, Field]) -> str:
    return f"lĩnh vực {fields[field].name}" if field in fields else f"thủ tục {field}"


def _where(source: str | None, period: Period, rows: int | None) -> str:
    more = f", {rows} dòng" if rows is not None and rows > 1 else ""
    return f"nguồn {source}, kỳ {period.key}{more}"


def _shown(value: Decimal, sign: str = "") -> str:
    """A whole number without its digits behind the comma; sign "+" for a difference."""
    return f"{value.normalize():{sign}f}"
