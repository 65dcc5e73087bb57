"""What cannot be trusted is not shown: a total that is not the sum of its rows, bytes that are not those landed."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from etl import pipeline
from etl.pipeline.office import Office as Opened
from etl.settings import Settings
from launcher.simulator import Simulator
from tests.end_to_end.office import PERIOD, ROOT, Office, read_form_06a, trace_cell


class Tampering(ThreadingHTTPServer):
    """Passes each request on to a portal; totals of the month that name exactly `wrong` count one more."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.wrong: dict[str, str] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Tampering

    def do_GET(self) -> None:
        headers = {"groupId": self.headers["groupId"]}
        body = requests.get(self.server.target + self.path, headers=headers, timeout=60).json()
        for row in body["dossierStatisticData"]:
            codes = ("govAgencyCode", "domainCode", "groupAgencyCode", "system")
            if row["month"] and {code: row[code] for code in codes if row[code]} == self.server.wrong:
                row["processCount"] += 1
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def portal(simulator: Simulator) -> Iterator[Tampering]:
    server = Tampering(simulator.url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _small_office(make_office: Callable[..., Office], name: str, base: Path, address: str | None = None) -> Office:
    """Hà Nội's two sources alone; `address` in place of its one-stop portal."""
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        if path.stem not in ("onestop_ha_noi", "edoc_ha_noi"):
            path.unlink()
    if address is not None:
        source = base / "sources/onestop_ha_noi.yml"
        source.write_text(source.read_text("utf-8").replace("env:BAOCAO_SIMULATOR_URL/opencps_v2/01", address), "utf-8")
    return make_office(name, catalog=os.fspath(base))


def test_a_wrong_total_withholds_what_it_is_the_total_of(
    make_office: Callable[..., Office], portal: Tampering, tmp_path: Path, field_codes: dict[str, str]
) -> None:
    address = f"http://127.0.0.1:{portal.server_port}/opencps_v2/01"
    office = _small_office(make_office, "wrong_total", tmp_path / "catalog", address)

    office.run()
    assert office.failures == {}
    right = read_form_06a(office.form("II.06a", "01"), field_codes)
    assert int(right["all", "all"][0]) == office.truth("II.06a", "01")["all", "all"]["received_total"]

    portal.wrong = {"domainCode": "HO_TICH", "system": "1"}  # the vendor's fourth kind
    office.run()
    assert office.failures == {}
    found = read_form_06a(office.form("II.06a", "01"), field_codes)
    withheld = {place for place, cells in found.items() if set(cells) == {"…"}}
    touched = {(tier, field) for tier, field in right if field in ("ho_tich", "all")}
    assert withheld == touched, "the field and every sum that it is a part of"
    assert {place: found[place] for place in right if place not in withheld} == {
        place: cells for place, cells in right.items() if place not in touched
    }
    assert {"ho_tich"} < {field for _, field in right}
    assert pipeline.summary(PERIOD)["quarantined"].keys() == {"READ-VENDOR"}

    portal.wrong = {}
    office.run()
    assert office.failures == {}
    assert {cell for row in read_form_06a(office.form("II.06a", "01"), field_codes).values() for cell in row} == {"…"}
    assert pipeline.summary(PERIOD)["findings"]["critical"] >= 1


def test_damaged_bytes_withhold_their_source_and_the_other_goes_on(
    make_office: Callable[..., Office], tmp_path: Path, field_codes: dict[str, str]
) -> None:
    office = _small_office(make_office, "damaged", tmp_path / "catalog")
    office.run()
    assert office.failures == {}
    documents = office.form("VBDT", "01").read_bytes()
    damaged = Path(trace_cell("II.06a", "01", PERIOD, "C11")["rows"][0]["file"])
    content = damaged.read_bytes()
    damaged.write_bytes(content.replace(b"1", b"2", 1))

    pipeline.run_from_landed(PERIOD)
    cells = {cell for row in read_form_06a(office.form("II.06a", "01"), field_codes).values() for cell in row}
    assert cells == {"…"}
    assert office.form("VBDT", "01").read_bytes() == documents
    told = [finding for finding in Opened.open().warehouse.findings(PERIOD) if finding.rule == "READ-PAYLOAD"]
    assert [finding.source for finding in told] == ["onestop_ha_noi"]
    assert damaged.name in told[0].message
    rules = {(one["dataset"], one["rule"]): one for one in pipeline.rule_outcomes(PERIOD, periods=2)["rules"]}
    said = {name: rules["onestop", name]["state"] for name in ("READ-PAYLOAD", "SOURCE-PRESENT", "II06A-3-SUM")}
    assert said == {"READ-PAYLOAD": "fail", "SOURCE-PRESENT": "fail", "II06A-3-SUM": "not_run"}
    assert rules["onestop", "READ-PAYLOAD"]["sources"] == {"onestop_ha_noi": 1}
    assert {rules["edoc", name]["state"] for name in ("READ-PAYLOAD", "VB-SUM")} == {"pass"}
    assert rules["procedure", "UNIQUE"]["state"] == "not_run", "no source of the dataset is due"

    damaged.write_bytes(content)
    pipeline.run_from_landed(PERIOD)
    printed = read_form_06a(office.form("II.06a", "01"), field_codes)
    assert int(printed["all", "all"][0]) == office.truth("II.06a", "01")["all", "all"]["received_total"]
    mended = pipeline.rule_outcomes(PERIOD, periods=2)
    assert {one["rule"]: one["state"] for one in mended["rules"] if one["dataset"] == "onestop"}.items() >= {
        ("READ-PAYLOAD", "pass"),
        ("SOURCE-PRESENT", "pass"),
        ("II06A-3-SUM", "pass"),
    }
    assert [(then["period"], then["load"] is None) for then in mended["history"]] == [
        ("2026-Q2", True),
        (PERIOD, False),
    ]
    assert pipeline.verify_chain()["wrong"] == []


def test_a_rule_that_cannot_run_withholds_its_dataset_and_the_other_goes_on(
    make_office: Callable[..., Office], tmp_path: Path, field_codes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = _small_office(make_office, "broken_rule", tmp_path / "catalog")
    office.run()
    documents = office.form("VBDT", "01").read_bytes()
    shutil.copytree(ROOT / "expectations", tmp_path / "expectations")
    suite = tmp_path / "expectations/onestop.yml"
    sound, others = suite.read_text("utf-8"), replace(Settings.from_environment(), expectations=suite.parent)
    monkeypatch.setattr(Settings, "from_environment", lambda: others)

    suite.write_text(sound.replace("received_total <> resolved_total::", "received_total <> resolved_all::"), "utf-8")
    pipeline.run_from_landed(PERIOD)
    assert {cell for row in read_form_06a(office.form("II.06a", "01"), field_codes).values() for cell in row} == {"…"}
    assert office.form("VBDT", "01").read_bytes() == documents
    indicators = [one.code for one in Opened.open().catalog.indicators_of("onestop")]
    facts = Opened.open().warehouse.facts(PERIOD, unit="01", indicators=indicators)
    assert {one.reason for one in facts} == {"unchecked"}
    told = [one for one in Opened.open().warehouse.findings(PERIOD) if one.severity == "critical"]
    assert [(one.rule, one.source) for one in told] == [("II06A-3-BALANCE", "onestop_ha_noi")]
    assert "resolved_all" in told[0].message
    states = {(one["dataset"], one["rule"]): one["state"] for one in pipeline.rule_outcomes(PERIOD)["rules"]}
    assert states["onestop", "II06A-3-BALANCE"] == "error"
    assert states["onestop", "II06A-3-SUM"] == "pass"

    suite.write_text(sound, "utf-8")
    pipeline.run_from_landed(PERIOD)
    printed = read_form_06a(office.form("II.06a", "01"), field_codes)
    assert int(printed["all", "all"][0]) == office.truth("II.06a", "01")["all", "all"]["received_total"]
