"""What was known at any past moment is asked again after random reloads: facts, holes, days, and every issued form."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests
import yaml
from click.testing import CliRunner

from etl import pipeline
from etl.__main__ import main
from etl.model import NATION
from etl.pipeline.office import Office as Opened
from tests.end_to_end.office import PERIOD, ROOT, Office

SOURCES = ("onestop_cao_bang", "onestop_ha_noi", "edoc_cao_bang")
PLACES = (NATION, "01", "04")
RELOADS = 20
SEED = int(os.environ.get("AS_OF_SEED") or 20261123)


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A country of Cao Bằng and Hà Nội alone: every kind of figure and hole up to the nation, in seconds."""
    base = tmp_path_factory.mktemp("base") / "catalog"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in SOURCES:
            path.unlink()
    kept = _keep(base, "units", lambda row: row["code"] in PLACES or row["parent"] in PLACES[1:])
    _keep(base, "changes", lambda _: False)
    _keep(base, "codes", lambda row: row["unit"] in kept)
    contacts = yaml.safe_load((base / "contacts.yml").read_text("utf-8"))
    contacts["units"] = {code: one for code, one in contacts["units"].items() if code in kept}
    (base / "contacts.yml").write_text(yaml.safe_dump(contacts, allow_unicode=True), "utf-8")
    return make_office("as_of", catalog=str(base))


def _keep(catalog: Path, name: str, wanted: Callable[[dict[str, str]], bool]) -> set[str]:
    """Leaves the wanted rows that are still in force; gives their codes."""
    path = catalog / f"units/{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        columns, rows = reader.fieldnames, [row for row in reader if not row.get("valid_to") and wanted(row)]
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns or (), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return {row["code"] for row in rows if "code" in row}


def _state(moment: dt.datetime | None) -> tuple[Any, ...]:
    warehouse = Opened.open().warehouse
    return (
        warehouse.facts_table(PERIOD, known_at=moment),
        warehouse.holes(PERIOD, moment),
        warehouse.source_days(PERIOD, moment),
        warehouse.findings(PERIOD, known_at=moment),
    )


def _pull(office: Office, fault: str | None) -> None:
    """A real run of all sources, Cao Bằng's answering with the fault."""
    platform = Opened.open().catalog.sources["onestop_cao_bang"].platform
    address = f"{office.simulator.url}/faults/{platform}/04"
    if fault is not None:
        requests.put(address, json={"kind": fault}, timeout=10).raise_for_status()
    try:
        office.run()
    finally:
        if fault is not None:
            requests.delete(address, timeout=10).raise_for_status()


def _reload(draw: random.Random, known_at: dt.datetime) -> None:
    """What was known at a moment is brought again, its figures times a number, so that the sums still hold."""
    opened = Opened.open()
    facts, times = opened.warehouse.facts_table(PERIOD, known_at=known_at), draw.randint(1, 4)
    scaled = [value if value is None else value * times for value in facts["value"].to_pylist()]
    moved = [draw.random() < 0.1 or value for value in facts["moving"].to_pylist()]
    for name, values in (("value", scaled), ("moving", moved)):
        index = facts.schema.get_field_index(name)
        facts = facts.set_column(index, facts.schema.field(index), pa.array(values, facts.schema.field(index).type))
    opened.warehouse.record(
        PERIOD,
        run="reload",
        catalog_version=opened.catalog.version,
        rules_version="r",
        facts=facts,
        rows={},
        quarantine={},
        findings=opened.warehouse.findings(PERIOD, known_at=known_at),
        holes=opened.warehouse.holes(PERIOD, known_at),
        receipts=[],
    )
    for form in ("II.06a", "VBDT"):
        for unit in ("01", "04", NATION):
            pipeline.publish(PERIOD, form, unit=unit)


def test_every_issue_is_filled_again_after_random_reloads(office: Office, tmp_path: Path) -> None:
    draw = random.Random(SEED)
    stood: dict[dt.datetime, tuple[Any, ...]] = {}

    def keep() -> None:
        moment = Opened.open().warehouse.known_at(PERIOD)
        assert moment is not None
        assert moment not in stood
        stood[moment] = _state(None)

    for fault in (None, "identity", "reclassified"):
        _pull(office, fault)
        keep()
    pulled = sorted(stood)
    for _ in range(RELOADS):
        _reload(draw, draw.choice(pulled))
        keep()
    assert len({str(state[0]["value"]) + str(state[1:]) for state in stood.values()}) > 5, "the reloads did differ"
    for moment, state in stood.items():
        assert _state(moment) == state

    issues = Opened.open().warehouse.issues(PERIOD)
    assert len(issues) > 3 * len({(one.form, one.unit) for one in issues}) / 2, "forms were issued again"
    for number, known_at in sorted({(one.form, one.known_at) for one in issues}):
        out = tmp_path / f"{number}{known_at:%H%M%S%f}"
        told = pipeline.forms_as_of(PERIOD, known_at.isoformat(), out, form=number)
        filled = {one["unit"]: Path(one["path"]).read_bytes() for one in told}
        for issue in issues:
            if (issue.form, issue.known_at) == (number, known_at):
                content = filled[issue.unit]
                assert hashlib.sha256(content).hexdigest() == issue.sha256, f"{issue.form} {issue.unit} {known_at}"
                assert content == Path(issue.uri).read_bytes()


def test_the_command_asks_as_of_a_moment(office: Office, tmp_path: Path) -> None:
    issues = Opened.open().warehouse.issues(PERIOD)
    first = min(issues, key=lambda one: one.known_at)
    run = CliRunner()
    told = run.invoke(main, ["facts", PERIOD, "--unit", "04", "--as-of", first.known_at.isoformat(), "--json"])
    assert told.exit_code == 0, told.output
    recorded = {one["recorded_at"] for one in json.loads(told.output) if "recorded_at" in one}
    assert {dt.datetime.fromisoformat(moment) for moment in recorded} == {first.known_at}
    now = run.invoke(main, ["facts", PERIOD, "--unit", "04", "--json"])
    assert {one["revision"] for one in json.loads(now.output) if "revision" in one} > {1}
    asked = ["forms", PERIOD, "--form", "II.06a", "--unit", "04", "--as-of", first.known_at.isoformat(), "--json"]
    filled = json.loads(run.invoke(main, [*asked, "--out", str(tmp_path)]).output)
    assert [Path(one["issue"]).name for one in filled] == [Path(one["path"]).name for one in filled] != []
    assert run.invoke(main, asked).exit_code == 2, "a form of the past needs a folder"
    before = (first.known_at - dt.timedelta(seconds=1)).isoformat()
    assert json.loads(run.invoke(main, ["facts", PERIOD, "--as-of", before, "--json"]).output) == []
    for wrong in ("hôm qua", "2999-01-01"):
        assert run.invoke(main, ["facts", PERIOD, "--as-of", wrong, "--json"]).exit_code == 2


def test_down_step_by_step_and_up_again_on_the_filled_database(office: Office) -> None:
    """Each step loses what it says and no more: what an older schema knows too is still there at the end."""
    warehouse, run = Opened.open().warehouse, CliRunner()
    figures, holes = warehouse.facts(PERIOD), warehouse.holes(PERIOD)
    issues = warehouse.issues(PERIOD)
    told = json.loads(run.invoke(main, ["db", "status", "--json"]).output)
    numbers = [one["number"] for one in told["revisions"]]
    assert told["revision"] == told["newest"] == numbers[-1]
    assert all(" / " in one["loses"] for one in told["revisions"])
    assert run.invoke(main, ["db", "downgrade"], input="n\n").exit_code == 1
    assert warehouse.revisions()[0] == numbers[-1], "nobody said yes"
    for number in reversed(numbers[:-1]):
        done = run.invoke(main, ["db", "downgrade", "--yes", "--json"])
        assert done.exit_code == 0, done.output
        assert warehouse.revisions()[0] == number
    assert run.invoke(main, ["db", "downgrade", numbers[-1], "--yes"]).exit_code == 2, "that is up"
    assert run.invoke(main, ["db", "upgrade", "9999"]).exit_code == 2
    for number in numbers[1:]:
        assert run.invoke(main, ["db", "upgrade", number]).exit_code == 0
    assert (warehouse.facts(PERIOD), warehouse.holes(PERIOD)) == (figures, holes)
    assert warehouse.issues(PERIOD) == issues
    assert office.run()["record"]["same"] > 0
    assert run.invoke(main, ["db", "downgrade", "base", "--yes"]).exit_code == 0
    assert warehouse.revisions()[0] == "base"
    assert json.loads(run.invoke(main, ["db", "upgrade", "--json"]).output) == {"revision": numbers[-1]}
    assert (warehouse.facts(PERIOD), warehouse.issues(PERIOD)) == ([], [])
