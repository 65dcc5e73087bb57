"""The reference: what one would write by hand for these very rules, in DuckDB, quarantine included.

It knows the rules and nothing else: no suite is read, no rule is proven, a rule that cannot run stops it, and what it
leaves beside a row is a mask, not a word on what was found and expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from asked import SET_ASIDE, laid_out, measured

_GIVEN = {
    "II06A-3-6-GIVEN": ("received_total", "received_online", "received_direct_postal", "carried_over"),
    "II06A-7-10-GIVEN": ("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue"),
    "II06A-11-13-GIVEN": ("pending_total", "pending_in_time", "pending_overdue"),
}
_PLACE = "source, agency, field, first_day, last_day"
_BY_ITSELF = {
    "UNIT-KNOWN": "(unit is null or tier is null) and problem_rule is distinct from 'READ-UNIT'",
    "UNIT-OWN": "unit is not null and tier is not null and own is null",
    "FIELD-KNOWN": "(field is null or field = 'all' and has_field) and problem_rule is distinct from 'READ-FIELD'",
    **{
        rule: "problem_rule is distinct from 'READ-NUMBER' and ("
        + " or ".join(f"has_{name} and {name} is null" for name in names)
        + ")"
        for rule, names in _GIVEN.items()
    },
    **{
        rule.replace("GIVEN", "RANGE"): " or ".join(f"{name} not between 0 and 999999999" for name in names)
        for rule, names in _GIVEN.items()
    },
    "II06A-3-SUM": "received_total <> received_online::hugeint + received_direct_postal + carried_over",
    "II06A-7-SUM": "resolved_total <> resolved_early::hugeint + resolved_on_time + resolved_overdue",
    "II06A-11-SUM": "pending_total <> pending_in_time::hugeint + pending_overdue",
    "II06A-3-BALANCE": "received_total <> resolved_total::hugeint + pending_total",
}
_TOGETHER = {
    "UNIQUE": "field is not null and same > 1",
    "ALL-ON-TIME": "resolved >= 2000 and overdue = 0",
    "NONE-RECEIVED": "online = 0 and direct = 0 and pending >= 20",
    "NONE-ONLINE": "online = 0 and direct >= 500",
}


def work(asked: Mapping[str, Any], folder: Path) -> Mapping[str, int]:
    bit = {rule["id"]: 1 << number for number, rule in enumerate(asked["rules"])}
    read = [rule["id"] for rule in asked["rules"] if rule["violation"] == f"problem_rule = '{rule['id']}'"]
    if strange := bit.keys() - {*read, *_BY_ITSELF, *_TOGETHER, "READ-OTHER"}:
        raise SystemExit(f"no condition was written for {', '.join(sorted(strange))}")

    def mask(conditions: Mapping[str, str]) -> str:
        return " | ".join(f"case when {broken} then {bit[rule]} else 0 end" for rule, broken in conditions.items())

    known = ", ".join(f"'{rule}'" for rule in read)
    of_reader = " ".join(f"when '{rule}' then {bit[rule]}" for rule in read)
    other = f"problem is not null and problem_rule is null or problem_rule not in ({known})"
    measures = ["field", *(name for names in _GIVEN.values() for name in names)]
    gives = ", ".join(f"bool_or(measure = '{name}') as has_{name}" for name in measures)
    with duckdb.connect() as connection:
        laid_out(connection, folder)
        connection.execute(f"create temp table gives as select source, {gives} from given group by source")
        connection.execute(f"""
create temp table struck as
with alone as (
  select number, case problem_rule {of_reader} else 0 end::bigint | {mask({"READ-OTHER": other, **_BY_ITSELF})} as mask
  from rows join gives using (source)
    left join (select source, unit, tier, true as own from reach) using (source, unit, tier)
), windows as (
  select number, field,
    count(*) over (partition by {_PLACE}, case when pointer like 'counted:%' then pointer end) as same,
    sum(resolved_total) over place as resolved, sum(resolved_overdue) over place as overdue,
    sum(received_online) over place as online, sum(received_direct_postal) over place as direct,
    sum(pending_total) over place as pending
  from rows window place as (partition by {_PLACE})
)
select number, bit_or(mask) as mask from (
  select number, mask from alone where mask <> 0
  union all select number, ({mask(_TOGETHER)})::bigint as mask from windows where ({" or ".join(_TOGETHER.values())})
) group by number""")
        critical = sum(bit[rule["id"]] for rule in asked["rules"] if rule["severity"] == "critical")
        connection.execute(
            f"copy (select rows.*, mask from rows join struck using (number) where mask & {critical} <> 0) "
            f"to '{folder / SET_ASIDE}' (format parquet, compression zstd)"
        )
        for missing in asked["missing"]:
            connection.execute(missing).fetchall()
        counts = ", ".join(f"count(*) filter (mask & {value} <> 0)" for value in bit.values())
        found = connection.execute(f"select {counts} from struck").fetchall()[0]
    return dict(zip(bit, found, strict=True))


if __name__ == "__main__":
    measured(work)
