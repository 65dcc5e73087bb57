"""Standard rows of a quarter far larger than any, of which one in a thousand is planted to break each row rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from etl.catalog import Catalog, load
from etl.catalog.suites import read_suite
from etl.model import Source, Suite
from etl.periods import Period
from etl.quality.scan import row_rules
from etl.settings import ROOT
from etl.tables import rows_schema
from etl.units import UnitTree, tier_of

DATASET, PERIOD = "onestop", Period.parse("2026-Q3")
PLANTED = 1000
"""Of so many rows one is planted for each row rule."""
_ABSENT = "onestop_an_giang"
"""The source that sent nothing."""
_TEXTS = ("agency", "unit", "tier", "field", "problem", "problem_rule")


@dataclass(frozen=True)
class Quarter:
    """So many rows in one Parquet file, and what their judge is told besides."""

    file: Path
    rows: int
    suite: Suite
    due: tuple[Source, ...]
    given: Mapping[str, tuple[str, ...]]
    tree: UnitTree
    schema: pa.Schema


def quarter(file: Path, rows: int) -> Quarter:
    """Write `rows` rows of the due sources of the real catalog; the same ones whenever it is called.

    Every agency of a place (152 of them with ten million rows) has a row a field. A clean row adds up; a planted one
    is the clean row of the suite with a record of `breaks` laid over it, so that it may break other rules too. One
    source, one commune in 300 and the departments of one province sent nothing, for the rules of what is missing.
    """
    catalog = load((ROOT / "catalog",))
    suite, due, given, tree = told()
    dataset = catalog.datasets[DATASET]
    made = Quarter(file, rows, suite, due, given, tree, rows_schema(dataset))
    with duckdb.connect() as connection:
        connection.register("places", _places(made))
        connection.register("planted", _planted(suite, list(dataset.columns)))
        connection.register("fields", pa.table({"field": sorted(catalog.fields), "at": range(len(catalog.fields))}))
        connection.execute(_query(made, catalog))
    return made


def told() -> tuple[Suite, tuple[Source, ...], Mapping[str, tuple[str, ...]], UnitTree]:
    """What the judge of the rows is told besides: the real suite, the due sources, what they give, the units."""
    catalog = load((ROOT / "catalog",))
    suite = read_suite(ROOT / "expectations", DATASET, catalog.datasets[DATASET])
    due = tuple(source for source in catalog.due_sources(PERIOD) if catalog.dataset_of(source) == DATASET)
    given = {source.id: (*catalog.platform_of(source).columns, "field") for source in due}
    return suite, due, given, catalog.tree(PERIOD)


def _places(made: Quarter) -> pa.Table:
    """(source, unit, tier) that sent something, with the measures that their sources have not."""
    places: list[dict[str, str]] = []
    for number, source in enumerate(made.due):
        units = made.tree.below(source.unit) if source.id != _ABSENT else ()
        for unit in units:
            tier = tier_of(unit)
            if not (tier == "province" and number == 20) and not (tier == "commune" and len(places) % 300 == 299):
                places.append({"source": source.id, "unit": unit.code, "tier": tier})
    lacking = {source.id: sorted(set(made.schema.names) - set(made.given[source.id])) for source in made.due}
    return pa.Table.from_pylist([{**one, "at": at, "lacks": lacking[one["source"]]} for at, one in enumerate(places)])


def _planted(suite: Suite, measures: Sequence[str]) -> pa.Table:
    """Each record of each row rule: rule and variant by number, its measures, its texts and which of those it sets."""
    records = []
    for number, rule in enumerate(row_rules(suite)):
        for variant, changes in enumerate(rule.breaks):
            row = {**suite.clean, **changes}
            records.append(
                {
                    "rule": number,
                    "variant": variant,
                    "variants": len(rule.breaks),
                    **{name: row[name] for name in measures},
                    **{name: changes.get(name) for name in _TEXTS},
                    **{f"sets_{name}": name in changes for name in _TEXTS},
                }
            )
    texts, numbers = pa.string(), pa.int64()
    schema = [("rule", numbers), ("variant", numbers), ("variants", numbers)]
    schema += [*((name, numbers) for name in measures), *((name, texts) for name in _TEXTS)]
    return pa.Table.from_pylist(
        records, schema=pa.schema([*schema, *((f"sets_{name}", pa.bool_()) for name in _TEXTS)])
    )


def _query(made: Quarter, catalog: Catalog) -> str:
    measures = list(catalog.datasets[DATASET].columns)
    clean = {
        "received_total": "online + direct + carried",
        "received_online": "online",
        "received_direct_postal": "direct",
        "carried_over": "carried",
        "resolved_total": "early + on_time + overdue",
        "resolved_early": "early",
        "resolved_on_time": "on_time",
        "resolved_overdue": "overdue",
        "pending_total": "online + direct + carried - early - on_time - overdue",
        "pending_in_time": "online + direct + carried - early - on_time - overdue - late",
        "pending_overdue": "late",
    }
    texts = {
        "agency": "unit || '.' || (turn // fields)",
        "unit": "unit",
        "tier": "tier",
        "field": "field",
        "problem": "null",
        "problem_rule": "null",
    }
    values = {name: f"case when planted.rule is null then {clean[name]} else planted.{name} end" for name in measures}
    values = {name: f"case when not list_contains(lacks, '{name}') then {value} end" for name, value in values.items()}
    told = {name: f"case when planted.sets_{name} then planted.{name} else drawn.{name} end" for name in _TEXTS}
    raw = ", ".join(f"{name} := {name}" for name in measures)
    return f"""
copy (
  with numbered as (
    select i, i // each as place, i % each as turn, fields
    from range({made.rows}) as _(i), (select greatest(ceil({made.rows} / count(*)), 1)::bigint as each from places),
      (select count(*) as fields from fields)
  ), drawn as (
    select i, turn, source, lacks, sha256(source || unit) as payload,
      {", ".join(f"({text}) as {name}" for name, text in texts.items())},
      (1 + hash(i, 1) % 60)::bigint as online, (hash(i, 2) % 40)::bigint as direct, (hash(i, 3) % 9)::bigint as carried,
      (hash(i, 4) % (1 + online // 2))::bigint as early, (hash(i, 5) % (1 + direct))::bigint as on_time,
      (hash(i, 6) % (1 + carried))::bigint as overdue, (hash(i, 7) % (1 + online - early))::bigint as late,
      (hash(i, 8) % {PLANTED})::bigint as struck, (hash(i, 9) % 1000)::bigint as variant
    from numbered join places on places.at = place join fields on fields.at = turn % fields
  ), figures as (
    select drawn.*, {", ".join(f"({value}) as {name}" for name, value in values.items())},
      {", ".join(f"({value}) as told_{name}" for name, value in told.items())}
    from drawn left join planted on planted.rule = struck and planted.variant = drawn.variant % planted.variants
  )
  select source, '{PERIOD.key}' as period, payload, '/data/' || turn as pointer, told_agency as agency,
    date '{PERIOD.first_day}' as first_day, date '{PERIOD.last_day}' as last_day, told_unit as unit, told_tier as tier,
    told_field as field, field as field_raw, told_problem as problem, told_problem_rule as problem_rule,
    struct_pack(agency := told_agency, field := field, {raw})::json::varchar as raw, {", ".join(measures)}
  from figures order by i
) to '{made.file}' (format parquet, compression zstd)"""
