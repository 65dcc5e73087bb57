"""One province of each platform, from HTTP to rows, against the truth the simulator computes by itself."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etl import catalog
from etl.connectors import pull
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.landing import Landing
from etl.model import Pages, Platform, Source
from etl.parsing import Parsed, parse
from etl.periods import Period
from etl.settings import ROOT, Settings
from launcher.simulator import Simulator

CATALOG = catalog.load((ROOT / "catalog",))
Q3 = Period.parse("2026-Q3")
PLATFORMS = ("opencps_v2", "tandan_06a", "igate", "bkav_axis")
SOURCES = {name: next(source for source in CATALOG.due_sources(Q3) if source.platform == name) for name in PLATFORMS}


def read(simulator: Simulator, source: Source, store: Path, platform: Platform | None = None) -> Parsed:
    platform = platform or CATALOG.platforms[source.platform]
    settings = Settings((), Path(), store, "", simulator.environment)
    landing = Landing(str(store))
    answers = pull(source, platform, Q3, list(CATALOG.fields), settings)
    landed = [landing.land(source.id, Q3.key, **vars(response)) for response in answers]
    pages = Pages(tuple(landed), landing.read)
    return parse(source, platform, CATALOG.datasets[platform.dataset], Q3, pages, CATALOG.tree(Q3), CATALOG.fields)


def ask(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def fault(simulator: Simulator, source: Source, kind: str, **more: Any) -> Iterator[None]:
    url = f"{simulator.url}/faults/{source.platform}/{source.unit}"
    ask("PUT", url, {"kind": kind, **more})
    try:
        yield
    finally:
        ask("DELETE", url)


@pytest.mark.parametrize("name", PLATFORMS)
def test_sums_are_the_truth(simulator: Simulator, name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    parsed = read(simulator, source, tmp_path)
    assert parsed.findings == []
    platform = CATALOG.platforms[name]
    dataset, columns = platform.dataset, list(platform.columns)
    sums: dict[tuple[str, str], Counter[str]] = {}
    for row in parsed.table.to_pylist():
        assert {row[column] for column in CATALOG.datasets[dataset].columns if column not in columns} <= {None}
        for key in {(row["tier"], row["field"]), (row["tier"], "all"), ("all", row["field"]), ("all", "all")}:
            sums.setdefault(key, Counter()).update({column: row[column] for column in columns})
    form = "II.06a" if dataset == "onestop" else "edoc"
    truth = ask("GET", f"{simulator.url}/truth/{form}?unit={source.unit}&period=2026-Q3")["rows"]
    assert truth
    compared = 0
    for row in truth:
        found = sums.get((row["tier"], row.get("field", "all")), Counter())
        assert {column: found[column] for column in columns} == {column: row[column] for column in columns}, row
        compared += sum(row[column] for column in columns)
    assert compared > 0
    communes = {unit.code for unit in CATALOG.tree(Q3).children(source.unit)}
    assert {row["unit"] for row in parsed.table.to_pylist() if row["tier"] == "commune"} == communes
    if name == "opencps_v2":
        assert sum(parsed.left_out.values()) > parsed.table.num_rows, "totals stand among the rows"
    if name == "bkav_axis":
        assert set(parsed.left_out) == {"ngoài phạm vi báo cáo", "trùng cơ quan và ngày, cùng số liệu"}


REFUSED: dict[str, tuple[type[SourceError], str]] = {
    "down": (SourceUnavailable, "HTTP 503"),
    "reset": (SourceUnavailable, "-"),
    "error": (SourceUnavailable, "HTTP 500"),
    "throttled": (SourceUnavailable, "HTTP 429"),
    "html": (SourceBroken, "nội dung"),
    "truncated": (SourceBroken, "nội dung"),
    "empty": (SourceBroken, "nội dung"),
    "unauthorized": (SourceRefused, "HTTP 401"),
}


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind != "throttled"])
def test_a_failing_portal_says_which_way(simulator: Simulator, name: str, kind: str, tmp_path: Path) -> None:
    wanted, field = REFUSED[kind]
    with fault(simulator, SOURCES[name], kind), pytest.raises(wanted) as caught:
        read(simulator, SOURCES[name], tmp_path)
    assert caught.value.field == field
    answered = kind != "reset"
    assert (len(list(tmp_path.glob("raw/*/*/*"))) >= 1) == answered, "what came is kept, whatever it is"


def test_a_throttled_portal_is_waited_for_and_then_given_up(simulator: Simulator, tmp_path: Path) -> None:
    with fault(simulator, SOURCES["igate"], "throttled"), pytest.raises(SourceUnavailable, match="HTTP 429"):
        read(simulator, SOURCES["igate"], tmp_path)


def test_a_slow_portal_is_not_waited_for(simulator: Simulator, tmp_path: Path) -> None:
    platform = CATALOG.platforms["bkav_axis"]
    impatient = replace(platform, request=replace(platform.request, timeout_seconds=0.3))
    with (
        fault(simulator, SOURCES["bkav_axis"], "slow", seconds=3),
        pytest.raises(SourceUnavailable, match=r"0\.3 giây"),
    ):
        read(simulator, SOURCES["bkav_axis"], tmp_path, impatient)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_renamed_column_is_missed_in_no_silence(simulator: Simulator, name: str, tmp_path: Path) -> None:
    with fault(simulator, SOURCES[name], "renamed"):
        parsed = read(simulator, SOURCES[name], tmp_path)
    (gone,), (strange,) = parsed.missing, parsed.unread
    needing = {measure for measure, columns in CATALOG.platforms[name].columns.items() if gone in columns}
    assert needing == set(CATALOG.platforms[name].columns) - set(parsed.given)
    assert all(parsed.table[measure].null_count == parsed.table.num_rows for measure in needing)
    (told,) = [finding for finding in parsed.findings if finding.rule == "READ-MISSING"]
    assert strange in told.message


DAMAGE = {"unknown_unit": "READ-UNIT", "text_number": "READ-NUMBER", "identity": "READ-VENDOR"}


@pytest.mark.parametrize(
    ("name", "kind"),
    # tandan_06a states no arithmetic of its own: there the form's identities find a wrong total, in quality
    [(name, kind) for name in PLATFORMS for kind in DAMAGE if (name, kind) != ("tandan_06a", "identity")],
)
def test_a_damaged_row_stays_with_its_problem(simulator: Simulator, name: str, kind: str, tmp_path: Path) -> None:
    with fault(simulator, SOURCES[name], kind):
        parsed = read(simulator, SOURCES[name], tmp_path)
    rules = [rule for rule in parsed.table.column("problem_rule").to_pylist() if rule is not None]
    assert DAMAGE[kind] in rules
    assert {finding.severity for finding in parsed.findings} == {"critical"}
    assert len(rules) < parsed.table.num_rows / 2, "the other rows are read as ever"


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_new_column_is_a_warning_and_stops_nothing(simulator: Simulator, name: str, tmp_path: Path) -> None:
    with fault(simulator, SOURCES[name], "extra_column"):
        parsed = read(simulator, SOURCES[name], tmp_path)
    assert {(finding.rule, finding.severity) for finding in parsed.findings} == {("READ-COLUMN", "warning")}
    assert set(parsed.table.column("problem").to_pylist()) == {None}


def test_a_commune_left_out_of_a_list_shows_in_the_vendors_own_total(simulator: Simulator, tmp_path: Path) -> None:
    with fault(simulator, SOURCES["opencps_v2"], "missing_unit"):
        parsed = read(simulator, SOURCES["opencps_v2"], tmp_path)
    assert {finding.rule for finding in parsed.findings} == {"READ-VENDOR"}
    assert "processCount" in {finding.column for finding in parsed.findings}
