"""The whole path on a clean country: every printed figure is the truth, every cell leads to its bytes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from click.testing import CliRunner

from etl import forms as workbook
from etl import pipeline
from etl.__main__ import main
from etl.errors import TraceError
from etl.model import Fact
from etl.periods import Period
from etl.pipeline.office import Office as Opened
from tests.end_to_end import recomputing
from tests.end_to_end.office import MEASURES, PERIOD, Office, read_form_06a, trace_cell
from tests.forms import calculators


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office]) -> Office:
    quarter = make_office("quarter")
    quarter.run()
    assert quarter.failures == {}
    return quarter


def test_every_figure_of_ii_06a_is_the_truth(
    office: Office, provinces: dict[str, str], field_codes: dict[str, str]
) -> None:
    assert len(provinces) == 34
    compared = 0
    for unit in (*provinces, "VN"):
        printed = read_form_06a(office.form("II.06a", unit), field_codes)
        truth = office.truth("II.06a", unit)
        # a row the source counts nothing in may be absent or zero; the truth lists it only where it exists
        wanted = {key: row for key, row in truth.items() if not (key[0] == "all" and key[1] != "all")}
        for key, row in wanted.items():
            figures = [row[measure] for measure in MEASURES]
            if key not in printed:
                assert not any(figures), f"{unit} {key}: not printed, the truth is {figures}"
                continue
            assert [int(cell) for cell in printed[key]] == figures, f"{unit} {key}"
            compared += len(figures)
        assert set(printed) <= set(wanted) | {key for key, cells in printed.items() if not any(cells)}, unit
    assert compared > 34 * 11 * 20


def test_every_figure_of_the_edocument_form_is_the_truth(office: Office, provinces: dict[str, str]) -> None:
    names = {name: code for code, name in provinces.items()}
    for unit in (*provinces, "VN"):
        rows = python_calamine.CalamineWorkbook.from_path(office.form("VBDT", unit)).get_sheet_by_index(0).to_python()
        by_label = {str(row[1]): row[2:5] for row in rows if len(row) > 4 and isinstance(row[2], float)}
        truth = office.truth("edoc", unit)
        whole = truth["all", "all"]
        assert by_label["Tổng số"] == [whole["sent"], whole["received"], whole["exchanged"]], unit
        if unit == "VN":
            for name, code in names.items():
                of_province = office.truth("edoc", code)["all", "all"]
                assert by_label[name][:2] == [of_province["sent"], of_province["received"]], name


def test_a_second_run_changes_nothing(office: Office) -> None:
    before = {path: path.read_bytes() for path in (office.home / "store/forms").rglob("*.xlsx")}
    result = office.run()
    assert result["record"]["new"] == 0
    assert result["record"]["revised"] == 0
    assert result["record"]["same"] > 300_000
    assert all(form["changed"] == 0 for form in result["forms"])
    assert {path: path.read_bytes() for path in (office.home / "store/forms").rglob("*.xlsx")} == before


def test_a_replay_needs_no_network(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOCAO_SIMULATOR_URL", "http://127.0.0.1:1")  # nothing listens there
    before = {path: path.read_bytes() for path in (office.home / "store/forms").rglob("*.xlsx")}
    done = CliRunner().invoke(main, ["replay", PERIOD, "--json"])
    assert done.exit_code == 0, done.output
    replayed = json.loads(done.stdout)["record"]
    assert (replayed["new"], replayed["revised"]) == (0, 0)
    assert replayed["same"] > 300_000
    assert {path: path.read_bytes() for path in (office.home / "store/forms").rglob("*.xlsx")} == before


def test_the_command_tells_sources_from_their_last_pull(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    due = pipeline.plan(PERIOD)

    def listed() -> dict[str, Any]:
        done = CliRunner().invoke(main, ["sources", "--json"])
        return {source["id"]: source for source in json.loads(done.stdout) if source["id"] in due}

    assert {(source["last_state"], source["last_period"]) for source in listed().values()} == {("complete", PERIOD)}
    monkeypatch.setenv("BAOCAO_SIMULATOR_URL", "http://127.0.0.1:1")
    failed = CliRunner().invoke(main, ["run", PERIOD, "--source", "edoc_hue"])
    assert failed.exit_code == 3, failed.output
    assert "(không kết nối được / unreachable) edoc_hue, kỳ 2026-Q3" in failed.output
    last = listed()["edoc_hue"]
    assert (last["last_state"], last["last_title"]) == ("unreachable", "không kết nối được / unreachable")


def test_a_cell_leads_to_its_bytes(office: Office) -> None:
    found = trace_cell("II.06a", "01", PERIOD, "C12")
    row = found["rows"][0]
    content = Path(row["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert row["address"].startswith(office.simulator.url)
    assert row["fetched_at"]
    assert int(found["value"].split(".")[0]) == sum(row["value"] for row in found["rows"])
    assert all(sum(row["read"].values()) == row["value"] for row in found["rows"])


def test_a_cell_of_the_nation_leads_to_every_province(office: Office) -> None:
    found = trace_cell("II.06a", "VN", PERIOD, "D11")
    assert len({row["source"] for row in found["rows"]}) == 34
    assert int(found["value"].split(".")[0]) == sum(row["value"] for row in found["rows"])


def test_one_flipped_byte_is_named(office: Office) -> None:
    path = Path(trace_cell("II.06a", "04", PERIOD, "C12")["rows"][0]["file"])
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(_flipped(content))
    try:
        with pytest.raises(TraceError, match=path.name):
            trace_cell("II.06a", "04", PERIOD, "C12")
    finally:
        path.write_bytes(content)
    assert trace_cell("II.06a", "04", PERIOD, "C12")["rows"]


@pytest.mark.parametrize("calculate", [calculators.by_libreoffice, calculators.by_hyperformula])
def test_every_formula_of_every_form_is_recomputed_to_the_warehouses_figure(
    office: Office, calculate: Callable[..., calculators.Values], tmp_path: Path
) -> None:
    opened = Opened.open()
    tree = opened.catalog.tree(Period.parse(PERIOD))
    held: dict[str, list[Fact]] = {}
    for fact in opened.warehouse.facts(PERIOD, units=[unit.code for unit in tree if unit.level != "commune"]):
        held.setdefault(fact.unit, []).append(fact)
    issued = {f"{one['form']}_{one['unit']}": one for one in pipeline.issued(PERIOD)}
    packages = {name: Path(one["path"]).read_bytes() for name, one in issued.items()}
    calculated = calculate(packages, tmp_path)
    compared = 0
    for name, one in issued.items():
        form, unit = opened.catalog.forms[one["form"]], tree[one["unit"]]
        values = {(fact.indicator, fact.unit, fact.tier, fact.field): fact.value for fact in held[unit.code]}
        cells = workbook.layout(form, unit, held[unit.code], tree, opened.catalog.fields).cells
        assert set(calculated[name]) == set(calculators.formulas(packages[name])), name
        for address, value in calculated[name].items():
            assert value == values[cells[address]], (name, address)
            compared += 1
    assert {one["form"] for one in issued.values()} == set(pipeline.forms())
    assert compared > 35 * 33


def test_every_numeric_cell_of_every_form_recomputes_from_its_bundle(office: Office, tmp_path: Path) -> None:
    """By the verifier, and by SQL over the landed bytes that shares no code with it."""
    compared = 0
    for one in pipeline.issued(PERIOD):
        bundle = Path(pipeline.bundle(one["path"], tmp_path)["bundle"])
        verified = pipeline.verify_bundle(str(bundle))
        assert verified["wrong"] == []
        assert verified["rows_by_sha256"] == _counted(bundle)
        assert verified["rows_read_again"] == verified["rows"] - _counted(bundle), "but lists of single records, all"
        shown, again = recomputing.printed(Path(one["path"])), recomputing.recomputed(bundle)
        assert {place: again.get(place) for place in shown} == shown, bundle.name
        assert verified["cells"] == len(shown)
        compared += len(shown)
        bundle.unlink()
    assert compared > 20_000


def test_a_bundle_verifies_itself_with_python_alone(office: Office, tmp_path: Path) -> None:
    form = office.form("II.06a", "04")
    packed = Path(pipeline.bundle(str(form), tmp_path)["bundle"])
    first = packed.read_bytes()
    assert Path(pipeline.bundle(str(form), tmp_path)["bundle"]).read_bytes() == first, "the same bytes"
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(packed) as package:
        package.extractall(folder)

    def verified(*arguments: str) -> subprocess.CompletedProcess[str]:
        # -I -S: no project, no site-packages, no environment.
        command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *arguments]
        return subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)

    for arguments in ((), (str(packed),), (str(packed), str(form))):
        done = verified(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "ĐÚNG / HOLDS  II.06a 04 2026-Q3" in done.stdout
    sums = (folder / "SHA256SUMS").read_text()
    raw = next((folder / "raw").rglob("*.json"))
    for path in (raw, folder / form.name, folder / "manifest.json"):
        content = path.read_bytes()
        path.write_bytes(_flipped(content))
        name = path.relative_to(folder).as_posix()
        assert f"WRONG  {name}: đã bị sửa" in verified().stdout
        if name != "manifest.json":  # the forger mends the list of sums as well
            was, now = (hashlib.sha256(one).hexdigest() for one in (content, _flipped(content)))
            (folder / "SHA256SUMS").write_text(sums.replace(was, now))
            done = verified()
            assert done.returncode == 1, name
            assert path.name in done.stdout
        path.write_bytes(content)
        (folder / "SHA256SUMS").write_text(sums)
    assert verified().returncode == 0
    other = office.form("II.06a", "08")
    assert f"WRONG  {other}: không phải biểu đã lập" in verified(str(packed), str(other)).stdout


def test_a_figure_forged_in_the_manifest_is_named_by_its_cell(office: Office, tmp_path: Path) -> None:
    packed = Path(pipeline.bundle(str(office.form("II.06a", "04")), tmp_path, raw=False)["bundle"])
    with zipfile.ZipFile(packed) as package:
        files = {name: package.read(name) for name in package.namelist()}
    assert not [name for name in files if name.startswith("raw/")]
    told = json.loads(files["manifest.json"])
    place, cell = next((place, one) for place, one in told["cells"].items() if one["value"] not in (None, "0"))
    cell["value"] = str(int(cell["value"]) + 1)
    forged = json.dumps(told).encode()
    files["SHA256SUMS"] = files["SHA256SUMS"].replace(
        hashlib.sha256(files["manifest.json"]).hexdigest().encode(), hashlib.sha256(forged).hexdigest().encode()
    )
    with zipfile.ZipFile(packed, "w") as package:
        for name, content in (files | {"manifest.json": forged}).items():
            package.writestr(name, content)
    done = CliRunner().invoke(main, ["verify", str(packed), "--json"])
    assert done.exit_code == 1
    assert [f"ô {place}: " in line for line in json.loads(done.stdout)["wrong"]] == [True]


def test_the_chain_names_a_changed_answer_and_a_changed_form(office: Office) -> None:
    done = CliRunner().invoke(main, ["verify", "--json"])
    assert done.exit_code == 0, done.output
    head = json.loads(done.stdout)["head"]
    assert pipeline.verify_chain(noted=head)["wrong"] == []
    assert len(pipeline.verify_chain(noted=f"{head.partition(':')[0]}:{'0' * 64}")["wrong"]) == 1
    for path in (Path(trace_cell("II.06a", "04", PERIOD, "C12")["rows"][0]["file"]), office.form("II.06a", "04")):
        content = path.read_bytes()
        path.write_bytes(_flipped(content))
        try:
            done = CliRunner().invoke(main, ["verify"])
            assert done.exit_code == 1
            assert len([line for line in done.stdout.splitlines() if "WRONG" in line and path.name in line]) == 1
            if path.suffix == ".xlsx":
                with pytest.raises(TraceError, match=f"{path.name} đã bị sửa sau khi lập"):
                    pipeline.trace(str(path), "C12")
        finally:
            path.write_bytes(content)


def _counted(bundle: Path) -> int:
    """How many rows of the bundle are counts of single records."""
    with zipfile.ZipFile(bundle) as package:
        told = json.loads(package.read("manifest.json"))
    catalog = Opened.open().catalog
    platforms = [catalog.platform_of(catalog.sources[row["source"]]) for row in told["rows"]]
    return sum(platform.records_of is not None for platform in platforms)


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
