"""`baocao source check` and `baocao source new` as a data engineer uses them, against the real simulator."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from etl.__main__ import main
from etl.catalog import load
from etl.settings import ROOT
from launcher.simulator import Simulator


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def baocao(home: Path, site: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("BAOCAO_CATALOG", os.pathsep.join((str(ROOT / "catalog"), str(site))))
    for name, value in simulator.environment.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


@pytest.fixture
def fault(simulator: Simulator) -> Iterator[Callable[[str], None]]:
    where = f"{simulator.url}/faults/igate/14"
    yield lambda kind: requests.put(where, json={"kind": kind}, timeout=10).raise_for_status()
    requests.delete(where, timeout=10).raise_for_status()


def checked(baocao: Callable[..., Result], *more: str) -> dict[str, Any]:
    result = baocao("source", "check", "onestop_son_la", "--json", *more)
    told: dict[str, Any] = json.loads(result.output)
    assert result.exit_code == (0 if told["proven"] else 3)
    return told


def test_a_sound_portal_is_shown_with_its_proof(baocao: Callable[..., Result]) -> None:
    told = checked(baocao, "--period", "2026-Q2")
    assert (told["state"], told["period"], told["findings"], told["lookups"]) == ("complete", "2026-Q2", [], [])
    assert told["proof"]
    assert told["rows"] > len(told["sample"]) == 3
    assert told["columns"]["receivedOnline"].startswith("received_online")
    assert told["columns"]["agency.name"].startswith("bỏ qua")
    assert all(Path(page["file"]).exists() for page in told["pages"])


def test_what_is_missing_comes_with_the_line_to_add(
    baocao: Callable[..., Result], fault: Callable[[str], None]
) -> None:
    fault("renamed")
    told = checked(baocao)
    assert told["columns"]["receivedOnline"].startswith("KHÔNG CÒN")
    assert told["columns"]["onlineReceived"].startswith("KHÔNG AI ĐỌC")
    assert told["proposals"]["receivedOnline"][0]["line"] == "renamed: {receivedOnline: onlineReceived}"
    shown = baocao("source", "check", "onestop_son_la").output
    assert "renamed: {receivedOnline: onlineReceived}" in shown


def test_an_unknown_unit_comes_with_its_lookup(baocao: Callable[..., Result], fault: Callable[[str], None]) -> None:
    fault("unknown_unit")
    (lookup,) = checked(baocao)["lookups"]
    assert lookup["line"] == 'lookups: {unit: {"99999": "?"}}'


def test_an_unproven_pull_is_told_and_exits_with_3(baocao: Callable[..., Result], fault: Callable[[str], None]) -> None:
    fault("empty")
    told = checked(baocao)
    assert (told["state"], told["proven"], told["sample"]) == ("empty", False, [])
    assert told["message"]


def test_no_such_source_exits_with_2(baocao: Callable[..., Result]) -> None:
    assert baocao("source", "check", "nowhere").exit_code == 2


NEW = ("--platform", "igate", "--unit", "46", "--address", "https://x.example.vn", "--owner", "Trung tâm: Huế")


def test_a_new_source_loads_or_is_not_written(baocao: Callable[..., Result], site: Path) -> None:
    taken = baocao("source", "new", "hue_two", *NEW, "--credential", "env:HUE")
    assert (taken.exit_code, list(site.rglob("*.yml"))) == (2, []), "two reporting sources of one unit"
    secret = baocao("source", "new", "hue_two", *NEW, "--role", "comparison", "--credential", "s3cret")
    assert (secret.exit_code, list(site.rglob("*.yml"))) == (2, [])
    made = baocao("source", "new", "hue_two", *NEW, "--role", "comparison", "--credential", "env:HUE")
    assert made.exit_code == 0, made.output
    source = load((ROOT / "catalog", site)).sources["hue_two"]
    assert (source.unit, source.owner, source.credential) == ("46", "Trung tâm: Huế", "env:HUE")
    written = (site / "sources/hue_two.yml").read_bytes()
    again = baocao("source", "new", "hue_two", *NEW, "--role", "comparison", "--credential", "env:OTHER")
    assert (again.exit_code, (site / "sources/hue_two.yml").read_bytes()) == (2, written)


def test_a_sample_becomes_a_draft_that_loads(baocao: Callable[..., Result], site: Path, tmp_path: Path) -> None:
    rows = [
        {"maDonVi": code, "linhVuc": field, "tong": a + b + c, "tiepNhanQuaMang": a, "c2": b, "recv": c, "phi": 7}
        | {"daXong": a, "daXuLyTruocHan": a - 1, "daXuLyQuaHan": 1, "ghiChu": "x"}
        for code, field, a, b, c in (
            ("01001", "ho_tich", 5, 2, 1),
            ("01.02", "dat_dai", 9, 4, 3),
            ("01004", "ho_tich", 8, 3, 5),
        )
    ]
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps({"ketQua": {"danhSach": rows}}), "utf-8")
    result = baocao("source", "new", "he_thong_la", "--sample", str(sample), "--dataset", "onestop", "--json")
    told = json.loads(result.output)
    assert (result.exit_code, told["loads"], told["records"]) == (0, True, "ketQua.danhSach"), told["next"]
    assert (told["unit"], told["field"]) == ("maDonVi", "linhVuc")
    assert told["columns"]["received_online"] == "tiepNhanQuaMang"
    assert told["columns"]["resolved_overdue"] == "daXuLyQuaHan"
    assert "tong = tiepNhanQuaMang + c2 + recv" in told["identities"]
    assert {"phi", "c2"} <= set(told["unmapped"])
    draft = (site / "platforms/he_thong_la.yml").read_text("utf-8")
    assert "assumed: >-" in draft
    assert all(f"- {column}" in draft for column in ("phi", "ghiChu"))
    assert (site / "platforms/he_thong_la.sample.json").read_bytes() == sample.read_bytes()
    assert load((ROOT / "catalog", site)).platforms["he_thong_la"].records == "ketQua.danhSach"


def test_a_sample_by_address_keeps_no_secret(baocao: Callable[..., Result], site: Path, simulator: Simulator) -> None:
    query = "fromDate=15/06/2026&toDate=14/09/2026&keyword=&api_key=S3CRET"
    address = f"{simulator.url}/bkav_axis/01/public/-/stat/detail?{query}"
    result = baocao("source", "new", "truc_la", "--sample", address, "--dataset", "edoc", "--json")
    assert json.loads(result.output)["columns"] == {"sent": "sent", "received": "received", "exchanged": "total"}
    draft = (site / "platforms/truc_la.yml").read_text("utf-8")
    assert "fromDate: {value: first_day, format: '%d/%m/%Y'}" in draft
    assert "S3CRET" not in result.output + draft


def test_a_sample_without_rows_is_refused(baocao: Callable[..., Result], site: Path, tmp_path: Path) -> None:
    for name, content in (("page.json", "<html>"), ("none.json", '{"a": 1}')):
        (tmp_path / name).write_text(content)
        result = baocao("source", "new", "la", "--sample", str(tmp_path / name), "--dataset", "onestop")
        assert (result.exit_code, list(site.rglob("*"))) in [(2, []), (2, [site / "platforms"])]


def test_what_was_left_out_is_listed_with_its_reason(baocao: Callable[..., Result]) -> None:
    result = baocao("source", "check", "edoc_cao_bang", "--json")
    told = json.loads(result.output)
    (finding,) = [one for one in told["findings"] if one["rule"] == "READ-LEFT-OUT"]
    assert finding["severity"] == "info"
    landed = [row for page in told["pages"] for row in json.loads(Path(page["file"]).read_text("utf-8"))]
    landed += [child for row in landed for child in row["childOrgan"]]
    party = [row["organName"] for row in landed if row["organDomain"].startswith("A")]
    assert f"ngoài phạm vi báo cáo: {len(party)} (" in finding["message"]
    assert sum(name in finding["message"] for name in party) >= 3
    assert int(finding["value"]) >= len(party) > 3
