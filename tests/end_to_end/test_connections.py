"""A source whose credential is an Airflow connection, pulled by the command outside Airflow from the simulator."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from etl.__main__ import main
from etl.commands.output import failed_status
from launcher.simulator import Simulator
from tests.end_to_end.office import PERIOD, ROOT, Office

YAML = """platform: {platform}
unit: "46"
role: comparison
owner: Trung tâm Phục vụ hành chính công thành phố Huế
address: env:BAOCAO_SIMULATOR_URL/{platform}/46{path}
credential: conn:hue_portal
"""
PORTALS = {"igate": "", "egov": "/bao-cao"}
"""A bearer token, and HTTP Basic."""


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Office:
    site = tmp_path_factory.mktemp("connections_site")
    (site / "sources").mkdir()
    for platform, path in PORTALS.items():
        (site / f"sources/so_sanh_{platform}.yml").write_text(YAML.format(platform=platform, path=path), "utf-8")
    return make_office("connections", catalog=os.pathsep.join((str(ROOT / "catalog"), str(site))))


def written(simulator: Simulator, form: str) -> str:
    if form == "JSON":
        return json.dumps({"conn_type": "http", "login": "baocao", "password": simulator.token})
    return f"http://baocao:{quote(simulator.token, safe='')}@one-stop.example.vn"


def baocao(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def kept(office: Office, text: str) -> list[Path]:
    return [path for path in office.home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize("form", ["JSON", "URI"])
@pytest.mark.parametrize("platform", list(PORTALS))
def test_it_is_pulled_and_the_secret_stays_nowhere(
    office: Office, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, platform: str, form: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HUE_PORTAL", written(simulator, form))
    done = baocao("source", "check", f"so_sanh_{platform}", "--period", PERIOD, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (told["state"], told["proven"]) == ("complete", True)
    assert told["rows"] > 20
    assert kept(office, f'"so_sanh_{platform}"'), "the receipt is there, and read by this search"
    assert simulator.token not in done.output
    assert kept(office, simulator.token) == []


def test_without_it_the_call_says_what_to_set_and_exits_with_2(office: Office) -> None:
    done = baocao("source", "check", "so_sanh_igate", "--period", PERIOD)
    assert done.exit_code == 2, done.output
    for part in ("so_sanh_igate", "kết nối Airflow hue_portal", "Admin › Connections", "AIRFLOW_CONN_HUE_PORTAL"):
        assert part in done.output


def test_a_malformed_one_is_told_without_its_secret(
    office: Office, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HUE_PORTAL", f'{{"password": "{simulator.token}"')
    done = baocao("run", PERIOD, "--source", "so_sanh_igate", "--json")
    assert done.exit_code == 2, done.output
    (pulled,) = json.loads(done.output)["sources"]
    assert pulled["state"] == "misconfigured"
    assert "kết nối Airflow hue_portal không đọc được" in pulled["message"]
    assert simulator.token not in done.output
    assert kept(office, simulator.token) == []


@pytest.mark.parametrize(
    ("states", "status"),
    [(["misconfigured"], 2), (["misconfigured"] * 2, 2), (["misconfigured", "complete"], 3), (["refused"], 3)],
)
def test_settings_that_let_one_source_be_asked_are_no_reason_to_stop(states: list[str], status: int) -> None:
    assert failed_status(states) == status
