"""The truth: form identities, continuity across quarters, sums, and agreement with a count one by one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from etl.periods import Period
from simulator.country import Country
from simulator.documents import PARTY, Post, organs
from simulator.dossiers import Archive
from simulator.truth import COLUMNS, Truth
from tests.simulator.asking import Q3

PROVINCES = ("08", "12", "79")
HANOI_TIME = dt.timezone(dt.timedelta(hours=7))


def test_identities_of_the_form_hold_everywhere(country: Country, truth: Truth) -> None:
    rows = 0
    for code in PROVINCES:
        for row in truth.onestop(country.provinces[code], Q3).values():
            assert row["received_total"] == row["received_online"] + row["received_direct_postal"] + row["carried_over"]
            assert row["resolved_total"] == row["resolved_early"] + row["resolved_on_time"] + row["resolved_overdue"]
            assert row["pending_total"] == row["pending_in_time"] + row["pending_overdue"]
            assert row["received_total"] == row["resolved_total"] + row["pending_total"]
            rows += 1
    assert rows > 1000


def test_what_is_carried_over_is_what_was_pending_for_every_unit_and_field(country: Country, truth: Truth) -> None:
    for key in ("2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"):
        period = Period.parse(key)
        for code in PROVINCES:
            now = truth.onestop(country.provinces[code], period)
            before = truth.onestop(country.provinces[code], period.previous())
            carried = {unit: row["carried_over"] for unit, row in now.items() if row["carried_over"]}
            pending = {unit: row["pending_total"] for unit, row in before.items() if row["pending_total"]}
            assert carried == pending
            assert len(carried) > 20


def test_a_year_is_made_of_its_quarters(truth: Truth) -> None:
    year = {row["tier"] + row["field"]: row for row in truth.form("12", Period.parse("2026"))}
    quarters = [
        {row["tier"] + row["field"]: row for row in truth.form("12", quarter)}
        for quarter in Period(2026, "year").parts()
    ]
    for key, row in year.items():
        for flow in (
            "received_online",
            "received_direct_postal",
            "resolved_early",
            "resolved_on_time",
            "resolved_overdue",
        ):
            assert row[flow] == sum(quarter[key][flow] for quarter in quarters)
        assert row["carried_over"] == quarters[0][key]["carried_over"]
        assert row["pending_in_time"] == quarters[-1][key]["pending_in_time"]


def test_rows_add_up_from_communes_to_the_nation(country: Country, truth: Truth) -> None:
    def figures(unit: str) -> dict[tuple[str, str], Counter[str]]:
        rows = truth.form(unit, Q3)
        return {(row["tier"], row["field"]): Counter({name: row[name] for name in COLUMNS}) for row in rows}

    province = figures("12")
    communes: dict[tuple[str, str], Counter[str]] = {}
    for code in country.provinces["12"].communes:
        for key, row in figures(code).items():
            communes.setdefault(key, Counter()).update(row)
    assert communes[("commune", "all")] == province["commune", "all"]
    assert communes[("commune", "dat_dai")] == province["commune", "dat_dai"]
    for field in ("ho_tich", "all"):
        assert province["all", field] == province["province", field] + province["commune", field]
    nation, total = figures("VN"), Counter[str]()
    for code in country.provinces:
        total.update(figures(code)["all", "all"])
    assert nation["all", "all"] == total
    assert min(total.values()) > 0


def test_counting_dossier_by_dossier_gives_the_same(country: Country, archive: Archive, truth: Truth) -> None:
    """A plain loop over one province, written from the definitions of the columns."""
    province = country.provinces["15"]
    d = archive.touching(province, Q3.first_day, Q3.last_day)
    first, last = Q3.first_day, Q3.last_day
    found: dict[tuple[str, str], Counter[str]] = {}
    epoch = dt.date(1970, 1, 1)
    for i in range(len(d)):
        if d.outcome[i] in (1, 3):
            continue
        received = dt.datetime.fromtimestamp(int(d.received[i]), HANOI_TIME).date()
        ended = dt.datetime.fromtimestamp(int(d.ended[i]), HANOI_TIME).date()
        if received > last or ended < first:
            continue
        due = None if d.due[i] < 0 else epoch + dt.timedelta(days=int(d.due[i]))
        waiting = d.waits_from[i] <= (last - epoch).days < d.waits_to[i]
        columns = ["received_total"]
        if received < first:
            columns.append("carried_over")
        else:
            columns.append("received_online" if d.channel[i] == 2 else "received_direct_postal")
        if ended <= last:
            columns.append("resolved_total")
            if d.outcome[i] == 7 or due is None or ended == due:
                columns.append("resolved_on_time")
            else:
                columns.append("resolved_early" if ended < due else "resolved_overdue")
        else:
            columns.append("pending_total")
            columns.append("pending_in_time" if waiting or due is None or due >= last else "pending_overdue")
        agency, field = province.agencies[d.agency[i]], country.field_codes[d.field[i]]
        found.setdefault((province.code if "." in agency else agency, field), Counter()).update(columns)
    assert found == {(unit, field): row for (unit, _, field), row in truth.onestop(province, Q3).items()}
    everywhere = sum(found.values(), Counter[str]())
    assert all(everywhere[name] > 10 for name in COLUMNS)


def test_documents_counted_one_by_one_give_the_same(country: Country, post: Post, truth: Truth) -> None:
    province = country.provinces["12"]
    here = organs(province)
    months = Period.parse("2026-M08")
    found: dict[tuple[str, str], Counter[str]] = {}

    def count(place: int, *columns: str) -> None:
        if 0 <= place < len(here) - len(PARTY):
            organ = here[place]
            key = (organ.agency, "commune") if organ.kind == "commune" else ("12", "province")
            found.setdefault(key, Counter()).update(columns)

    for paper in (False, True):
        documents = post.touching(province, months.first_day, months.last_day, paper=paper)
        inside = [
            months.first_day <= dt.datetime.fromtimestamp(int(sent), HANOI_TIME).date() <= months.last_day
            for sent in documents.sent
        ]
        assert not (paper and any(documents.signed)), "nothing on paper has a digital signature"

        def columns(way: str, number: int, paper: bool = paper, signed: Any = documents.signed) -> list[str]:
            if paper:
                return [f"{way}_paper"]
            return [way, f"{way}_signed"] if signed[number] else [way]

        for number, (sender, kept) in enumerate(zip(documents.sender, inside, strict=True)):
            if kept:
                count(sender, *columns("sent", number))
        for document, recipient in zip(documents.document, documents.recipient, strict=True):
            if inside[document]:
                count(recipient, *columns("received", document))
    assert found == truth.edoc(province, months)
    whole = {row["tier"]: row for row in truth.exchange("12", months)}["all"]
    assert whole["received"] >= whole["sent"] > 0
    assert whole["exchanged"] == whole["sent"] + whole["received"]
    assert 0 < whole["sent_signed"] < whole["sent"]
    assert 0 < whole["received_signed"] < whole["received"]
    assert 0 < whole["sent_paper"] < whole["received_paper"] < whole["received"]
