"""What is said of a change beforehand is what it then does, cell by cell, in the files that were issued."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import random
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
import python_calamine
from openpyxl.utils import get_column_letter
from sqlalchemy import make_url

from etl import indicators, pipeline
from etl.model import ALL, NATION, Hole, Page, Receipt
from etl.periods import Period
from etl.pipeline.office import Office as Opened
from etl.tables import rows_schema
from etl.warehouse import Recorded, Warehouse
from tests.end_to_end.office import PERIOD, Office
from tests.fault_lab.small_country import FIELDS, make_catalog, make_sources
from tests.warehouse.samples import connect

ROUNDS = 50
PROVINCES = ("01", "04", "11")
LATE = "11"
"""Whose portal had not answered when the quarter was published."""
DATASETS = ("onestop", "edoc")
_NOON = dt.datetime(2026, 9, 15, 5, tzinfo=dt.UTC)

Place = tuple[str, str, str]
"""dataset, agency, field"""


class Country:
    """What the portals say now, and a load of it: rows and figures are the pipeline's own, from there on."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.office = Opened.open()
        self.answers: dict[Place, dict[str, int | None]] = {}
        self.holes: list[Hole] = []
        self.moving: set[str] = set()
        self.pulls = 0
        self.late = {LATE}
        self.reviewer = ""
        tree = self.office.catalog.tree(Period.parse(PERIOD))
        self.agencies: list[str] = []
        for province in PROVINCES:
            communes = [unit.code for unit in tree.children(province) if unit.level == "commune"]
            self.agencies += [province, *communes]
            for agency in (province, *communes):
                for dataset in DATASETS:
                    for field in FIELDS[:2] if dataset == "onestop" else (ALL,):
                        self.answers[dataset, agency, field] = self._counts(dataset)
        self.tree = tree

    @contextmanager
    def reviewing(self) -> Iterator[None]:
        """Commands run with the login of a reviewer, who locks and decides and may not load."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BAOCAO_WAREHOUSE_URL", self.reviewer)
            yield

    def _tier(self, agency: str) -> str:
        return "province" if agency in PROVINCES else "commune"

    def _counts(self, dataset: str) -> dict[str, int | None]:
        return {name: self.random.randrange(500) for name in self.office.catalog.datasets[dataset].columns}

    def change(self) -> str:
        """One random correction; says which kind it was."""
        kind = self.random.choice(["count", "count", "count", "row", "gone", "unknown", "hole", "moves", "late"])
        place = self.random.choice(sorted(self.answers))
        dataset, agency, _ = place
        measure = self.random.choice(sorted(self.answers[place]))
        if kind == "count":
            self.answers[place][measure] = self.random.choice([0, 1, self.random.randrange(10**6)])
        elif kind == "row":
            field = FIELDS[2] if dataset == "onestop" else ALL
            self.answers[dataset, agency, field] = self._counts(dataset)
        elif kind == "gone" and len(self.answers) > 20:
            del self.answers[place]
        elif kind == "unknown":
            self.answers[place][measure] = None
        elif kind == "hole":
            province = self.tree.home(agency)
            hole = Hole(dataset, f"{dataset}_{province}", province, agency, self._tier(agency), None, "quarantined")
            self.holes = [] if hole in self.holes else [*self.holes, hole]
        elif kind == "moves":
            self.moving ^= {agency}
        elif kind == "late":
            self.late ^= {LATE}
        return kind

    def load(self, period_key: str = PERIOD) -> Recorded:
        """A pull of every province, computed by the real verbs and recorded."""
        period, catalog = Period.parse(period_key), self.office.catalog
        self.pulls += 1
        holes = self.holes + [
            Hole(dataset, f"{dataset}_{code}", code, None, None, None, "missing_source")
            for dataset in DATASETS
            for code in self.late
        ]
        given = {(dataset, agency) for dataset, agency, _ in self.answers}
        for dataset, agency in [(dataset, agency) for dataset in DATASETS for agency in self.agencies]:
            if (dataset, agency) not in given and self.tree.home(agency) not in self.late:
                home = self.tree.home(agency)
                holes.append(Hole(dataset, f"{dataset}_{home}", home, agency, self._tier(agency), None, "missing_unit"))
        rows = {dataset: self._rows(dataset, period) for dataset in DATASETS}
        computed = []
        for name in DATASETS:
            facts = indicators.compute(
                rows[name], holes, dataset_id=name, dataset=catalog.datasets[name],
                indicators=catalog.indicators_of(name), tree=catalog.tree(period), fields=catalog.fields,
            )  # fmt: skip
            moves = pa.array([unit in self.moving for unit in facts["unit"].to_pylist()])
            computed.append(facts.set_column(facts.schema.get_field_index("moving"), "moving", moves))
        return self.office.warehouse.record(
            period_key, run=f"lượt {self.pulls}", catalog_version="c", rules_version="r",
            facts=pa.concat_tables(computed), rows=rows, quarantine={}, findings=[], holes=holes,
            receipts=list(self._receipts(rows, period_key)),
        )  # fmt: skip

    def _rows(self, dataset: str, period: Period) -> pa.Table:
        records = [
            {
                "source": f"{dataset}_{self.tree.home(agency)}",
                "period": period.key,
                "payload": "",
                "pointer": f"/{agency}/{field}",
                "agency": agency,
                "first_day": period.first_day,
                "last_day": period.last_day,
                "unit": agency,
                "tier": self._tier(agency),
                "field": field,
                "raw": "{}",
                **counts,
            }
            for (of, agency, field), counts in sorted(self.answers.items())
            if of == dataset and self.tree.home(agency) not in self.late
        ]
        digests = {
            source: hashlib.sha256(repr([row for row in records if row["source"] == source]).encode()).hexdigest()
            for source in {row["source"] for row in records}
        }
        given = [{**row, "payload": digests[row["source"]]} for row in records]
        return pa.Table.from_pylist(given, schema=rows_schema(self.office.catalog.datasets[dataset]))

    def _receipts(self, rows: dict[str, pa.Table], period: str) -> Iterator[Receipt]:
        at = _NOON + dt.timedelta(hours=self.pulls)
        for table in rows.values():
            for one in table.select(["source", "payload"]).group_by(["source", "payload"]).aggregate([]).to_pylist():
                page = Page(one["payload"], f"raw/{one['payload']}", 1, "application/json", 200, "GET", "x", "x", at)
                name = f"{one['source']}-{period}-{self.pulls}"
                yield Receipt(name, one["source"], period, at, at, "complete", "", 1, (page,))


@contextmanager
def a_reviewer(url: str, warehouse: Warehouse) -> Iterator[str]:
    """The URL of the warehouse for a login of the role reviewer, which is of the whole server and goes at the end."""
    name = f"t_{secrets.token_hex(5)}"
    password = warehouse.grant(name, "reviewer")
    assert password is not None
    yield make_url(url).set(username=name, password=password).render_as_string(hide_password=False)
    with connect(url) as session:
        session.execute(f"DROP OWNED BY {name} CASCADE")
        session.execute(f"DROP ROLE {name}")


@pytest.fixture(scope="module")
def country(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    folder = tmp_path_factory.mktemp("restated")
    catalog = make_catalog(folder / "catalog")
    path = catalog / "units/units.csv"
    lines = path.read_text("utf-8").splitlines()
    kept = re.compile(rf"^(code|VN|{'|'.join(PROVINCES)}),|,({'|'.join(PROVINCES)}),\d{{4}}-")
    lines = [line for line in lines if kept.search(line)]
    few = [line for province in PROVINCES for line in [one for one in lines if f",{province},2" in one][3:]]
    path.write_text("\n".join(line for line in lines if line not in few) + "\n", "utf-8")
    contacts = catalog / "contacts.yml"
    contacts.write_text(contacts.read_text("utf-8").partition("units:")[0] + "units: {}\n", "utf-8")
    sources = make_sources(folder / "sources", {"igate": [*PROVINCES], "bkav_axis": [*PROVINCES]})
    make_office("restated", catalog=f"{catalog}:{sources}")
    pipeline.prepare()
    made = Country(seed=20260915)
    made.late.clear()
    for period in ("2025-Q3", "2026-Q1", "2026-Q2"):
        made.load(period)
    made.late = {LATE}
    made.load()
    for form in pipeline.forms():
        pipeline.publish(PERIOD, form)
    for commune in made.agencies[1:3]:
        pipeline.publish(PERIOD, "II.06a", unit=commune)
    pipeline.annual("2026-9M")
    with a_reviewer(made.office.settings.warehouse_url, made.office.warehouse) as made.reviewer:
        with made.reviewing():
            locked = pipeline.lock(PERIOD, "Nguyễn Văn A", "đã gửi ngày 25/09/2026")
        assert set(locked["states"]) == {"final"}
        yield made


Cell = tuple[Any, str, str]
"""value by one reader; formula and number format by another"""


def read(path: Path) -> dict[str, Cell]:
    sheet = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    found: dict[str, Cell] = {}
    other = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).worksheets[0]
    for number, row in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        for index, value in enumerate(row, start=1):
            cell = other.cell(number, index)
            if value != "":
                marked = "".join(re.findall(r'"(.)"', cell.number_format)) if not isinstance(value, str) else ""
                formula = str(cell.value) if cell.data_type == "f" else ""
                found[f"{get_column_letter(index)}{number}"] = (value, formula, marked)
    return found


def issues() -> dict[tuple[str, str], list[Path]]:
    """Every issued file, by form and unit, first to last."""
    folder = Path(Opened.open().settings.store_url) / "forms"
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(folder.rglob("*.xlsx"), key=lambda path: int(re.findall(r"lan(\d+)", path.name)[0])):
        form, unit, *_ = path.name.split("_")
        found.setdefault((form, unit), []).append(path)
    return found


def figures(period: str) -> dict[tuple[str, ...], tuple[Any, ...]]:
    return {
        (one.indicator, one.unit, one.tier, one.field): (one.value, one.reason)
        for one in Opened.open().warehouse.facts(period)
    }


def grown() -> dict[tuple[str, ...], tuple[Any, ...]]:
    return {(one.indicator, one.unit, one.tier, one.field): (one.value, one.reason) for one in pipeline.growth(PERIOD)}


def places(period: str) -> dict[tuple[str, str], int]:
    """Rank of each province by each rate, by counting who is ahead."""
    rates = {
        (key[0], key[1]): value
        for key, (value, _) in figures(period).items()
        if key[0].endswith("_rate") and key[1] in PROVINCES and key[2:] == (ALL, ALL) and value is not None
    }
    return {
        (rate, unit): 1 + len([1 for (of, _), other in rates.items() if of == rate and other > value])
        for (rate, unit), value in rates.items()
    }


def differing(before: dict[Any, Any], after: dict[Any, Any]) -> set[Any]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def told(predicted: list[dict[str, Any]], period: str) -> set[tuple[str, ...]]:
    return {(one["indicator"], one["unit"], one["tier"], one["field"]) for one in predicted if one["period"] == period}


def _now() -> tuple[dict[Any, Any], ...]:
    return figures(PERIOD), figures("2026-9M"), grown(), places(PERIOD)


def test_the_prediction_is_the_difference_of_the_issued_files(country: Country) -> None:
    kinds: dict[str, int] = {}
    codes: set[str] = set()
    decided = rejected = cells = 0
    before = _now()
    while decided < ROUNDS:
        kind = country.change()
        waits = country.load().restatement
        with country.reviewing():
            one = next((one for one in pipeline.restatements(PERIOD) if one["state"] == "waiting"), None)
        if waits is None or one is None:
            continue  # nothing differs, or but for what was rejected
        predicted = one["prediction"]
        bytes_before = {path: path.read_bytes() for paths in issues().values() for path in paths}
        issued_before = {key: paths[-1] for key, paths in issues().items()}
        if decided % 10 == 9 and not rejected:
            with country.reviewing():
                pipeline.reject(waits, "Trần Thị B", "chưa có văn bản")
            assert {path: path.read_bytes() for paths in issues().values() for path in paths} == bytes_before
            assert figures(PERIOD) == before[0]
            rejected += 1
            continue
        with country.reviewing():
            pipeline.approve(waits, "Trần Thị B")
        decided += 1
        kinds[kind] = kinds.get(kind, 0) + 1
        codes |= set(one["codes"])

        assert {path: path.read_bytes() for path in bytes_before} == bytes_before, "an old file is as it was"
        actual: dict[tuple[str, str, str], tuple[Cell, Cell]] = {}
        for key, paths in issues().items():
            if paths[-1] == issued_before.get(key):
                continue
            old = read(issued_before[key]) if key in issued_before else {}
            new = read(paths[-1])
            assert any("(R)" in str(value) for value, *_ in new.values())
            for address in differing(old, new):
                actual[*key, address] = (old.get(address, ("", "", "")), new.get(address, ("", "", "")))
        assert {(cell["form"], cell["unit"], cell["cell"]) for cell in predicted["cells"]} == set(actual), kind
        for cell in predicted["cells"]:
            if cell["figure"] is not None:
                value, formula, mark = actual[cell["form"], cell["unit"], cell["cell"]][1]
                shown = value if isinstance(value, str) else f"{Decimal(str(value)).normalize():f}{mark}"
                assert (cell["new"], bool(cell["new_formula"])) == (shown, bool(formula))
                cells += 1
        after = _now()
        assert told(predicted["indicators"], PERIOD) == differing(before[0], after[0])
        assert told(predicted["longer"], "2026-9M") == differing(before[1], after[1])
        assert told(predicted["growth"], PERIOD) == differing(before[2], after[2])
        ranked = {(rank["indicator"], rank["unit"]) for rank in predicted["ranks"] if rank["period"] == PERIOD}
        assert ranked == differing(before[3], after[3])
        before = after
    assert rejected == 1
    assert cells > ROUNDS
    assert len(kinds) >= 6, kinds
    assert codes >= {"late", "correction"}


def test_nothing_is_issued_again_without_an_approval(country: Country) -> None:
    """Also where the catalog says other words than when the forms went out."""
    before = issues()
    fields = Path(country.office.settings.catalogs[0]) / "fields.csv"
    fields.write_text(fields.read_text("utf-8").replace("Hộ tịch", "Hộ tịch và quốc tịch"), "utf-8")
    assert {pipeline.publish(PERIOD, form)["changed"] for form in pipeline.forms()} == {0}
    assert issues() == before
    assert NATION in {unit for _, unit in before}
