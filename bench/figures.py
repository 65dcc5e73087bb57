"""A period of the country as the pipeline would record it: figures, the rows under them, receipts, findings, holes."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pgpq
import pyarrow as pa
import pyarrow.compute as pc

from etl.catalog import load
from etl.model import ALL, Finding, Hole, Page, Receipt
from etl.periods import Period
from etl.tables import FACTS, rows_schema
from etl.warehouse import schema

PERIOD = "2026-Q3"
_ROOT = Path(__file__).resolve().parent.parent
_DATASET = "onestop"
_NOON = dt.datetime(2026, 9, 15, 12, tzinfo=dt.UTC)
_SOURCES, _PAGES = 85, 7
FIGURES_PER_ROW = 12
_VALUE = pa.decimal128(20, 4)


@dataclass(frozen=True)
class Given:
    """facts, and the rest of what `Warehouse.record` takes. differing: figures that are other than in the first."""

    facts: pa.Table
    rows: pa.Table
    receipts: tuple[Receipt, ...]
    findings: tuple[Finding, ...]
    holes: tuple[Hole, ...]
    differing: int = 0

    def alone(self) -> Given:
        """The figures without what they rest on."""
        return replace(self, rows=self.rows.slice(0, 0), receipts=(), findings=(), holes=())

    @property
    def record(self) -> dict[str, Any]:
        return {
            "facts": self.facts,
            "rows": {_DATASET: self.rows},
            "quarantine": {},
            "findings": self.findings,
            "holes": self.holes,
            "receipts": self.receipts,
        }


def given(count: int) -> Given:
    """So many figures of the one-stop forms of the real units, in the order in which they are computed.

    Whole numbers and, one in fifty, no value. At most 1.5 million: every indicator, unit, tier and field.
    """
    catalog, period, random = load((_ROOT / "catalog",)), Period.parse(PERIOD), np.random.default_rng(1)
    tree = catalog.tree(period)
    tiers = {
        "nation": ("province", "commune", ALL),
        "province": ("province", "commune", ALL),
        "commune": ("commune", ALL),
    }
    places = sorted(
        (unit.code, tier) for level, some in tiers.items() for unit in tree.at_level(level) for tier in some
    )
    fields = sorted([*catalog.fields, ALL])
    codes = sorted(indicator.code for indicator in catalog.indicators_of(_DATASET))
    chosen = np.sort(random.choice(len(codes) * len(places) * len(fields), count, replace=False))
    code, rest = np.divmod(chosen, len(places) * len(fields))
    place, field = np.divmod(rest, len(fields))
    missing = pa.array(random.random(count) < 0.02)
    values = pa.array(random.integers(0, 50_000, count)).cast(pa.decimal128(19, 0)).cast(_VALUE)
    facts = pa.table(
        [
            pa.array(codes).take(pa.array(code)),
            pa.array([unit for unit, _ in places]).take(pa.array(place)),
            pa.array([tier for _, tier in places]).take(pa.array(place)),
            pa.array(fields).take(pa.array(field)),
            pc.if_else(missing, pa.scalar(None, _VALUE), values),
            pc.if_else(missing, "missing_source", pa.scalar(None, pa.string())),
            pa.array(field != fields.index(ALL)),
            pa.repeat(False, count),
        ],
        schema=FACTS,
    )
    communes = [unit.code for unit in tree.at_level("commune")]
    rows = _rows(
        rows_schema(catalog.datasets[_DATASET]), count // FIGURES_PER_ROW, communes, sorted(catalog.fields), random
    )
    sources = [_source(number) for number in range(_SOURCES)]
    return Given(
        facts,
        rows,
        tuple(_receipt(source, "") for source in sources),
        tuple(
            Finding(
                "OS-1", "warning", sources[number % _SOURCES], PERIOD, "tổng lệch", unit="01", row=f"/data/{number}"
            )
            for number in range(500)
        ),
        tuple(Hole(_DATASET, sources[number], "01", None, None, None, "missing_source") for number in range(50)),
    )


def altered(first: Given) -> Given:
    """The same with another value in 1 % of the figures, wherever they stand, and in every row of one source."""
    value = first.facts["value"]
    chosen = pc.and_(pa.array(np.random.default_rng(2).random(len(value)) < 0.01), value.is_valid())
    other = pc.if_else(chosen, pc.add(value, pa.scalar(1, pa.decimal128(5, 4))).cast(_VALUE), value)
    source = _source(7)
    mine = pc.equal(first.rows["source"], source)
    rows = first.rows
    for name, column in (
        ("received_online", pc.add(rows["received_online"], 1)),
        ("payload", pc.replace_substring_regex(rows["payload"], "^.", "x")),
    ):
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pc.if_else(mine, column, rows[name]))
    return replace(
        first,
        facts=first.facts.set_column(FACTS.get_field_index("value"), "value", other),
        rows=rows,
        receipts=tuple(_receipt(source, "x") if one.source == source else one for one in first.receipts),
        differing=pc.sum(chosen).as_py(),
    )


def written(facts: pa.Table) -> pa.Table:
    """The columns of table `fact` as the first load of a period fills them."""
    count = facts.num_rows
    constant = {
        "period": PERIOD,
        "revision": pa.scalar(1, pa.int32()),
        "state": "preliminary",
        "revision_reason": "first",
        "recorded_at": pa.scalar(_NOON, pa.timestamp("us", "UTC")),
        "load": 1,
    }
    order = schema.fact.c.keys()
    return pa.table({name: pa.repeat(constant[name], count) if name in constant else facts[name] for name in order})


def ready_bytes(facts: pa.Table, file: Path, *, in_order: bool) -> None:
    """The figures as a file for COPY, binary; in_order: of the primary key."""
    if in_order:
        facts = facts.sort_by([(name, "ascending") for name in ("unit", "indicator", "tier", "field")])
    table = written(facts)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(table.schema)
    with file.open("wb") as target:
        target.write(encoder.write_header())
        for batch in table.combine_chunks().to_batches(max_chunksize=50_000):
            target.write(encoder.write_batch(batch))
        target.write(encoder.finish())


def _rows(
    given: pa.Schema, count: int, communes: list[str], fields: list[str], random: np.random.Generator
) -> pa.Table:
    """Rows of communes, each with the record that it would have been read from."""
    measures = given.names[given.names.index("raw") + 1 :]
    figures = random.integers(0, 5000, (count, len(measures))).tolist()
    rows = []
    for number, values in enumerate(figures):
        unit, field = communes[number % len(communes)], fields[number // len(communes) % len(fields)]
        source, told = (
            _source(number % _SOURCES),
            ",".join(f'"{name}":{value}' for name, value in zip(measures, values, strict=True)),
        )
        rows.append(
            {
                **dict.fromkeys(given.names),
                **dict(zip(measures, values, strict=True)),
                "source": source,
                "period": PERIOD,
                "payload": _sha256(source, number // _SOURCES % _PAGES),
                "pointer": f"/data/{number}",
                "agency": f"UBND {unit}",
                "first_day": dt.date(2026, 6, 15),
                "last_day": dt.date(2026, 9, 14),
                "unit": unit,
                "tier": "commune",
                "field": field,
                "field_raw": field.upper(),
                "raw": f'{{"maDonVi":"{unit}","linhVuc":"{field}",{told}}}',
            }
        )
    return pa.Table.from_pylist(rows, schema=given)


def _source(number: int) -> str:
    return f"cong_{number:02}"


def _sha256(source: str, page: int) -> str:
    return hashlib.sha256(f"{source} {page}".encode()).hexdigest()


def _receipt(source: str, mark: str) -> Receipt:
    """mark: in place of the first digit of each answer's sha256."""
    pages = []
    for number in range(_PAGES):
        sha256 = mark + _sha256(source, number)[len(mark) :]
        address = f"http://cong.example/{source}?page={number}"
        uri = f"raw/{source}/{PERIOD}/{sha256}.json"
        pages.append(Page(sha256, uri, 430_000, "application/json", 200, "GET", address, "", _NOON, None))
    return Receipt(f"{source}{mark}", source, PERIOD, _NOON, _NOON, "complete", "", 1000, tuple(pages))
