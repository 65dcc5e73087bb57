"""A source whose credential is an Airflow connection, pulled by Airflow itself; its secret comes to rest nowhere."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from etl.landing import Landing
from etl.logins import Login, parse
from launcher.inprocess import _keyed, _results
from launcher.simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
PERIOD = "2026-Q3"
YAML = """platform: {platform}
unit: "46"
owner: Trung tâm Phục vụ hành chính công thành phố Huế
address: env:BAOCAO_SIMULATOR_URL/{platform}/46{path}
credential: conn:hue_portal
"""
PORTALS = {"igate": "", "egov": "/bao-cao"}
"""A bearer token, and HTTP Basic."""


@pytest.fixture(params=list(PORTALS))
def site(request, tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An office with this one source."""
    base, site = tmp_path / "catalog", tmp_path / "site"
    shutil.copytree(ROOT / "catalog", base)
    for path in base.glob("sources/*.yml"):
        path.unlink()
    (site / "sources").mkdir(parents=True)
    yaml = YAML.format(platform=request.param, path=PORTALS[request.param])
    (site / "sources/hue.yml").write_text(yaml, "utf-8")
    monkeypatch.setenv("BAOCAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BAOCAO_CATALOG", os.pathsep.join(map(str, (base, site))))
    monkeypatch.setenv("BAOCAO_SIMULATOR_URL", simulator.url)
    return tmp_path


@pytest.fixture
def in_the_metadata(airflow_db: None, simulator: Simulator):
    from airflow.models import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(Connection("hue_portal", "http", login="baocao", password=simulator.token))
    yield
    with create_session() as session:
        session.query(Connection).filter(Connection.conn_id == "hue_portal").delete()


@pytest.fixture
def in_the_environment(airflow_db: None, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HUE_PORTAL", f"http://baocao:{simulator.token}@")


def ran(dagbag, name: str) -> tuple[str, dict[str, str], dict[str, list]]:
    dag = dagbag.dags[name]
    with _keyed(dag, PERIOD):
        run = dag.test(logical_date=None)
    return run.state, {ti.task_id: ti.state for ti in run.get_task_instances()}, _results(run)


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize("where", ["in_the_metadata", "in_the_environment"])
def test_airflow_looks_it_up_and_keeps_it_to_itself(
    request, dagbag, site: Path, simulator: Simulator, where: str, capfd, caplog
) -> None:
    request.getfixturevalue(where)
    caplog.set_level(logging.DEBUG)
    calendar = (site / "catalog/calendar.yml").read_text("utf-8").replace("after_hours: 24", "after_hours: 0")
    (site / "site/calendar.yml").write_text(calendar, "utf-8")
    state, states, results = ran(dagbag, "collect")
    assert (state, states) == ("success", {"plan": "success", "pull": "success", "coverage": "success"})
    again, _, more = ran(dagbag, "confirm")
    receipts = Landing(str(site / "home/store")).receipts("hue", PERIOD)
    assert (again, [receipt.state for receipt in receipts]) == ("success", ["complete", "complete"])
    assert all(receipt.rows > 20 for receipt in receipts)
    printed = capfd.readouterr()
    logged = printed.out + printed.err + caplog.text
    assert "urllib3" in logged, "the requests are logged, and read here"
    assert results["pull"][0]["state"] == "complete"
    assert simulator.token not in logged + repr(results) + repr(more)
    assert holding(site, "2026-Q3"), "the store is read here"
    assert holding(site, simulator.token) == []
    assert holding(Path(os.environ["AIRFLOW_HOME"]), simulator.token) == [], "XCom and task logs included"


def test_without_it_the_pull_says_what_to_add_and_is_not_tried_again(dagbag, airflow_db, site: Path) -> None:
    _, states, _ = ran(dagbag, "collect")
    assert states["pull"] == "failed"
    (receipt,) = Landing(str(site / "home/store")).receipts("hue", PERIOD)
    assert receipt.state == "misconfigured"
    assert "Airflow không có kết nối hue_portal" in receipt.message
    assert "Admin › Connections" in receipt.message


PARTS = st.text(min_size=1, max_size=12).filter(lambda text: "\x00" not in text)


@given(
    login=st.none() | PARTS, password=PARTS, host=st.sampled_from([None, "one-stop.example.vn", "https://h.example.vn"])
)
@example("a:b@c/d", "://?#[]%2F", "https://h.example.vn")
def test_what_airflow_writes_is_read_as_airflow_reads_it(login: str | None, password: str, host: str | None) -> None:
    from airflow.sdk import Connection

    made = Connection(conn_id="x", conn_type="http", host=host, login=login, password=password)
    assert parse(made.as_json()) == Login(login or "", password)
    uri = made.get_uri()
    read = Connection.from_uri(uri, "x")
    assume((read.login or "", read.password or "") == (login or "", password))
    assert parse(uri) == Login(login or "", password)
