"""The DAG watch, run by Airflow itself, with a real warehouse and letters over SMTP to the simulator's mailboxes."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from etl import pipeline
from launcher.simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
PERIOD = "2026-Q3"
FORMS = ("II.06a", "VBDT")
DAY = dt.date(2026, 9, 23)
"""A Wednesday: the forms of 2026-Q3 are due on Friday the 25th."""
OPEN = {"11", "12", "14", "46", "96"}
"""They have not filed both forms whole; the other 29 provinces have."""
PARTIAL = "11"
CONTACTS = (ROOT / "catalog/contacts.yml").read_text("utf-8")
PROVINCES = set(re.findall(r"^  '(\d\d)':", CONTACTS, re.MULTILINE))


class Mail:
    """The mailboxes, over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def letters(self) -> list[dict[str, Any]]:
        return requests.get(f"{self.url}/mail.json", timeout=30).json()["letters"]

    def refuse(self, address: str, code: int) -> None:
        assert requests.put(f"{self.url}/mail/refusals/{address}", json={"code": code}, timeout=30).status_code == 204


@pytest.fixture
def mail(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    for name, value in simulator.mail_environment.items():
        monkeypatch.setenv(name, value)
    mailboxes = Mail(simulator.url)
    requests.delete(f"{simulator.url}/mail", timeout=30)
    yield mailboxes
    for address in requests.get(f"{simulator.url}/mail.json", timeout=30).json()["refusals"]:
        requests.delete(f"{simulator.url}/mail/refusals/{address}", timeout=30)


@pytest.fixture
def office(warehouse_url: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """All 34 provinces owe two forms of 2026-Q3; 29 filed both, one sent gaps, one filed one form."""
    monkeypatch.setenv("BAOCAO_WAREHOUSE_URL", warehouse_url)
    lines = ["unit,form,period,received_at,kind"]
    lines += [f"{unit},{form},{PERIOD},2026-09-21,report" for unit in sorted(PROVINCES - OPEN) for form in FORMS]
    lines += [f"46,VBDT,{PERIOD},2026-09-21,nil"]
    lines += [f"{PARTIAL},II.06a,{PERIOD},2026-09-21,partial"]
    listed = tmp_path / "receipts.csv"
    listed.write_text("\n".join(lines) + "\n", "utf-8")
    assert pipeline.import_receipts(listed)["bad"] == 0
    return warehouse_url


def run(dagbag: Any, day: dt.date = DAY) -> tuple[str, dict[str, list[str]]]:
    """The state of the run, and of each task's instances in their order."""
    morning = dt.datetime.combine(day, dt.time(1), dt.UTC)  # 08:00 in Hà Nội
    made = dagbag.dags["watch"].test(logical_date=morning)
    states: dict[str, list[str]] = {}
    for ti in sorted(made.get_task_instances(), key=lambda ti: (ti.task_id, ti.map_index)):
        states.setdefault(ti.task_id, []).append(str(ti.state))
    return str(made.state), states


def by_hand(url: str) -> set[str]:
    """The provinces of today without a whole report of some form, straight from the tables."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        rows = connection.execute(
            "SELECT unit, count(DISTINCT form) FROM baocao.submission "
            "WHERE period = %s AND kind IN ('report', 'nil') GROUP BY unit",
            (PERIOD,),
        ).fetchall()
    whole = {unit for unit, forms in rows if forms == len(FORMS)}
    assert len(PROVINCES) == 34
    return PROVINCES - whole


def test_whoever_has_not_filed_gets_one_letter_and_nobody_else(dagbag, airflow_db, office: str, mail: Mail) -> None:
    state, states = run(dagbag)
    assert (state, set(states["remind"])) == ("success", {"success"}), states
    letters = mail.letters()
    wanted = by_hand(office)
    assert wanted == OPEN
    assert {unit for unit in PROVINCES if any(f".{unit}@" in one["message_id"] for one in letters)} == wanted
    assert len(letters) == len(wanted) + 1, "and one alert to the office: the due date is two working days away"
    assert all(len(one["recipients"]) == 1 for one in letters)
    (partial,) = [one for one in letters if f".{PARTIAL}@" in one["message_id"]]
    assert partial["recipients"] == ["vanphong@dien-bien.example"]
    assert partial["reply_to"] == "tonghop@bao-cao.example"
    assert "Tỉnh Điện Biên" in partial["subject"]
    assert "2 biểu đến hạn ngày 25/09/2026" in partial["subject"]
    for said in ("II.06a", "Quý III năm 2026", "15/06/2026 - 14/09/2026", "25/09/2026", "còn ô chưa có số liệu",
                 "0123 456 789"):  # fmt: skip
        assert said in partial["html"], said
    (alert,) = [one for one in letters if ".VN@" in one["message_id"]]
    assert alert["recipients"] == ["tonghop@bao-cao.example"]
    assert "5 đơn vị" in alert["html"]

    page = requests.get(f"{mail.url}/mail", timeout=30).text
    assert page.count("<li>") == len(letters)
    assert partial["subject"] in page
    assert requests.get(f"{mail.url}/mail/{partial['number']}", timeout=30).text == partial["html"]

    state, states = run(dagbag)
    assert state == "success"
    assert len(mail.letters()) == len(letters), "a re-run of the day sends nothing twice"
    with psycopg.connect(office.replace("+psycopg", "")) as connection:
        sent = connection.execute("SELECT unit, address FROM baocao.reminder WHERE day = %s", (DAY,)).fetchall()
    assert {unit for unit, _ in sent} == {*wanted, "VN"}
    assert sorted(address for _, address in sent) == sorted(one["recipients"][0] for one in letters)


def test_a_mailbox_that_refuses_is_one_red_square(dagbag, airflow_db, office: str, mail: Mail) -> None:
    """A mailbox that does not exist is not tried again; a busy one is, and then stays red too."""
    mail.refuse("vanphong@ca-mau.example", 550)
    mail.refuse("vanphong@hue.example", 450)
    state, states = run(dagbag)
    assert state == "failed"
    assert sorted(states["remind"]).count("failed") == 2
    assert len(mail.letters()) == 5 + 1 - 2
    requests.delete(f"{mail.url}/mail/refusals/vanphong@ca-mau.example", timeout=30)
    run(dagbag)
    new = mail.letters()[4:]
    assert [one["recipients"] for one in new] == [["vanphong@ca-mau.example"]], "only who got none is written to"


def test_without_a_mail_server_the_list_is_there_and_the_task_says_that_no_mail_went_out(
    dagbag, airflow_db, office: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    state, states = run(dagbag)
    assert (state, states["due"], states["addressees"]) == ("failed", ["success"], ["failed"])
    said = "".join(capfd.readouterr())
    assert "KHÔNG GỬI THƯ NÀO, 6 thư đang chờ" in said
    assert "AIRFLOW_CONN_SMTP_DEFAULT" in said
    with psycopg.connect(office.replace("+psycopg", "")) as connection:
        (frozen,) = connection.execute("SELECT count(*) FROM baocao.obligation WHERE period = '2021-Q1'").fetchone()
    assert frozen == 2 * 63, "what is past due is frozen all the same"


@pytest.mark.parametrize("day", [dt.date(2026, 9, 26), dt.date(2026, 9, 18)], ids=["a Saturday", "too early"])
def test_on_other_days_nobody_is_written_to(dagbag, airflow_db, office: str, mail: Mail, day: dt.date) -> None:
    state, states = run(dagbag, day)
    assert (state, states["remind"], mail.letters()) == ("success", ["skipped"], [])


def test_a_unit_without_a_mailbox_is_told_and_never_passed_over(
    dagbag, airflow_db, office: str, mail: Mail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = re.sub(r"^  '12':.*\n", "", CONTACTS, flags=re.MULTILINE)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/contacts.yml").write_text(contacts.replace("vanphong@son-la.example", "env:SON_LA_MAIL"), "utf-8")
    monkeypatch.setenv("BAOCAO_CATALOG", os.pathsep.join([str(ROOT / "catalog"), str(tmp_path / "site")]))
    found = pipeline.watch(DAY.isoformat())
    assert set(found["unwritten"]) == {"12", "14"}
    assert "catalog/contacts.yml" in found["unwritten"]["12"]
    assert "SON_LA_MAIL" in found["unwritten"]["14"]
    state, states = run(dagbag)
    assert (state, states["remind"].count("failed")) == ("failed", 2)
    (alert,) = [one for one in mail.letters() if ".VN@" in one["message_id"]]
    assert "Tỉnh Lai Châu: chưa có hộp thư" in alert["html"]
    monkeypatch.setenv("SON_LA_MAIL", "vp@son-la.example")
    run(dagbag)
    assert mail.letters()[-1]["recipients"] == ["vp@son-la.example"]


def test_the_command_tells_the_list_of_the_dag_and_sends_nothing(office: str, mail: Mail) -> None:
    from click.testing import CliRunner

    from etl.__main__ import main

    told = CliRunner().invoke(main, ["watch", "--on", DAY.isoformat(), "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert {one["unit"] for one in found["letters"]} == {*by_hand(office), "VN"}
    assert {one["unit"] for one in found["outstanding"]} == by_hand(office)
    standings = pipeline.standings(PERIOD, DAY)["standings"]
    open_ones = {(one["unit"], one["form"]) for one in standings if one["completed_on"] is None}
    assert {(one["unit"], one["form"]) for one in found["outstanding"]} == open_ones
    shown = CliRunner().invoke(main, ["watch", "--on", DAY.isoformat()])
    assert "Tỉnh Điện Biên" in shown.stdout
    assert "6 thư cần gửi" in shown.stdout
    assert CliRunner().invoke(main, ["watch", "--on", "2030-01-01"]).exit_code == 2
    assert mail.letters() == []
