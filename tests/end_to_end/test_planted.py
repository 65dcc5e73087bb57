"""One fault of every rule of the datasets beside II.06a, all at once in a quarter: each is found as it was planted."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from etl import pipeline
from etl.model import Finding
from etl.pipeline.office import Office as Opened
from launcher.simulator import Simulator
from tests.end_to_end.office import Office
from tests.end_to_end.planting import Told, payloads
from tests.end_to_end.planting_others import (
    AXIS,
    FAULTY,
    PROCEDURE,
    PROCEDURES,
    READ_FAULTS,
    READ_PROCEDURES,
    READ_SCOPE,
    SCOPE,
    Others,
    axis_strikes,
    scope_strikes,
)
from tests.end_to_end.relanding import landed, relanded
from tests.fault_lab.small_country import SCALE, make_catalog, make_sources

BEFORE, NOW = "2026-Q2", "2026-Q3"
PROVINCES = ("04", "08", "11", "12", "14", "15", "19", "20", "22", "24", "25", "31", "33", "37", "38", "40", "42", "44")
PORTALS = {"tandan_06b": PROVINCES[:8], "tandan_07b": PROVINCES, "bkav_axis": PROVINCES[:8], "document_list": ("46",),
           "tandan_errors": PROVINCES[:10]}  # fmt: skip
_EMPTY = '{"data": [], "totalCount": 0}'
RULES = "tests/quality/test_quality_rules.py"
ANYWHERE = {
    "READ-WINDOW": "no portal of these counts other days: test_bridge.py",
    "READ-BRIDGE": "no portal of these is asked by days: test_bridge.py",
    "READ-GAP": "the same",
    "READ-MOVING": "needs a second pull, a day later: test_moving.py",
    "READ-TOTAL": "no platform of these declares codes of totals: tests/parsing/test_total_rows.py",
    "READ-SWAP-BLIND": "is no fault: tests/drift/test_blind.py",
    "READ-LEFT-OUT": "is no fault: tests/parsing/test_total_rows.py",
    "READ-OTHER": f"no reader finds anything of another kind: {RULES}",
    "UNIT-KNOWN": f"READ-UNIT names it first: {RULES}",
    "UNIT-OWN": f"READ-UNIT names it first: {RULES}",
    "WAIVER-EXPIRED": "is no fault of a portal: test_waivers.py",
    "WAIVER-IDLE": "the same",
}
"""Rules that no answer of these portals can break, and where they are seen to fire."""
_FIELD = {"FIELD-NONE": f"no platform of it has a column of fields: {RULES}"}
_VENDOR = {
    "READ-VENDOR": f"no platform of it has identities of its vendor: {RULES}",
    "READ-DUPLICATE": f"no platform of it repeats rows: {RULES}",
}
_RECORDS = ("READ-STATUS", "READ-UNRECEIVED", "READ-UNENDED", "READ-END", "READ-DUE", "READ-FUTURE", "READ-LEVEL-2",
            "READ-RECORD", "READ-CHANNEL")  # fmt: skip
_COUNTED = ("READ-NUMBER", "UNIQUE", "UNIQUE-COMMUNE", "FAULTS-GIVEN", "FAULTS-RANGE", "FAULTS-WITHIN", "READ-MISSING",
            "READ-SWAP", "READ-SCALE", "READ-ZERO", "PROVINCE-PRESENT")  # fmt: skip
ELSEWHERE = {
    "procedure": {
        **_VENDOR,
        "FIELD-KNOWN": f"READ-FIELD names it first: {RULES}",
        **dict.fromkeys(_RECORDS, "no portal lists dossiers by procedure; of fields: test_across_quarters.py"),
    },
    "one_stop_scope": {
        **_VENDOR,
        **_FIELD,
        **dict.fromkeys(("READ-SWAP", "READ-SCALE", "READ-ZERO"), "needs many agencies, here is one: tests/drift"),
    },
    "edoc": {**_FIELD, "VB-SIGNED": f"only counted lists tell signatures, and count them among the others: {RULES}"},
    "dossier_faults": {
        **_VENDOR,
        **_FIELD,
        "READ-EMPTY": "is no fault: test_dossier_faults.py",
        **dict.fromkeys(_COUNTED, f"what we count from single records cannot break it: {RULES}"),
    },
}


@pytest.fixture(scope="module")
def office(make_office: Callable[..., Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("planted")
    catalog = make_catalog(folder / "catalog")
    sources = make_sources(folder / "sources", {platform: list(codes) for platform, codes in PORTALS.items()})
    portals = Simulator(folder, scale=SCALE, catalog=catalog)
    portals.start()
    with pytest.MonkeyPatch.context() as patch:
        made = make_office("planted", catalog=f"{catalog}{os.pathsep}{sources}")
        for variable, value in portals.environment.items():
            patch.setenv(variable, value)
        pipeline.prepare()
        for quarter in (BEFORE, NOW):
            made.pull(quarter)
            assert made.failures == {}
            found = _load(quarter)
            assert [one for one in found if one.severity == "critical"] == []
        yield made
    portals.stop()


def _load(quarter: str) -> list[Finding]:
    pipeline.parse(quarter, "run")
    for dataset in pipeline.datasets():
        pipeline.check(quarter, "run", dataset)
    pipeline.compute(quarter, "run")
    pipeline.record(quarter, "run")
    return Opened.open().warehouse.findings(quarter)


def _units(province: str) -> Callable[[str], str | None]:
    """Of the name of an organisation: the commune of that name, the province of a department, else none."""
    tree = Opened.open().catalog.tree(pipeline.office.closed(NOW))
    named = {f"UBND {unit.name}".casefold(): unit.code for unit in tree.below(province)}

    def unit_of(name: str) -> str | None:
        plain = unicodedata.normalize("NFC", name).casefold()
        return named.get(plain, province if plain.startswith("sở ") else None)

    return unit_of


def _code(agency: str) -> str | None:
    return None if agency == "99999" else agency.split(".")[0]


def _plant() -> Others:
    ground = Others(NOW)
    _procedures(ground)
    _scope(ground)
    _axis(ground)
    _faults(ground)
    return ground


def _cut(ground: Others, source: str) -> None:
    ground.answers(source, lambda _: None, "READ-PAYLOAD", "SOURCE-PRESENT", cut=2)


def _procedures(ground: Others) -> None:
    rows, read, none, cut, scaled, zeroed, renamed, swapped = (f"tandan_06b_{code}" for code in PORTALS["tandan_06b"])
    ground.again(read, PROCEDURE, _code)  # before the others, as it lands the answer again
    ground.rows(rows, PROCEDURE, PROCEDURES, _code)
    ground.rows(read, PROCEDURE, READ_PROCEDURES, _code)
    ground.follows |= {("CHAIN", rows), ("CHAIN", scaled)}  # what NONE-RECEIVED opens with was never there
    ground.gone(none, PROCEDURE, Opened.open().catalog.sources[none].unit)
    _cut(ground, cut)
    ground.answers(scaled, lambda document: _each(document, _scaled), "READ-SCALE")
    ground.zero(zeroed, PROCEDURE, _code)
    ground.answers(
        renamed, lambda document: _each(document, _renamed("tiepNhanQuaMang")), "READ-MISSING", "READ-COLUMN"
    )
    ground.answers(swapped, lambda document: _each(document, _swapped("daXuLyTruocHan", "daXuLyQuaHan")), "READ-SWAP")


def _scope(ground: Others) -> None:
    free = iter(f"tandan_07b_{code}" for code in PORTALS["tandan_07b"])
    for rule, strike in {**scope_strikes(), **READ_SCOPE}.items():
        ground.rows(next(free), SCOPE, {rule: strike}, _code)
    ground.again(next(free), SCOPE, _code)
    _cut(ground, next(free))
    ground.answers(next(free), lambda document: _each(document, _renamed("soTTHCCapXa")), "READ-MISSING", "READ-COLUMN")


def _each(document: Any, edit: Callable[[dict[str, Any]], None]) -> None:
    records = document["data"] if isinstance(document, dict) else [*document, *document[0]["childOrgan"]]
    for record in records:
        edit(record)


def _scaled(record: dict[str, Any]) -> None:
    record.update({name: value * 1000 for name, value in record.items() if type(value) is int})


def _renamed(column: str) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update({f"{column}_moi": record.pop(column)})


def _swapped(one: str, other: str) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update({one: record[other], other: record[one]})


def _axis(ground: Others) -> None:
    rows, twice, none, cut, scaled, zeroed, renamed, swapped = (f"bkav_axis_{code}" for code in PORTALS["bkav_axis"])
    ground.rows(rows, AXIS, axis_strikes(), _units("04"))
    communes: dict[str, list[str]] = {}

    def again(document: Any) -> None:
        """An organisation with two sets of figures, and a commune under two names."""
        one, *_, other = _of_communes(document)
        spelt = other["organName"].replace("UBND", "Ủy ban nhân dân")
        more = {**one, "sent": one["sent"] + 1, "total": one["total"] + 1}
        document[0]["childOrgan"] += [more, {**other, "organName": spelt}]
        communes[twice] = [one["organName"], other["organName"]]

    def gone(document: Any) -> None:
        """One commune is not there, and every organisation of the province is one of the Party bloc."""
        commune = _of_communes(document)[0]
        communes[none] = [commune["organName"]]
        document[0]["childOrgan"].remove(commune)
        for record in (*document, *document[0]["childOrgan"]):
            if record is document[0] or not record["organName"].startswith("UBND "):
                record["organDomain"] = f"A{record['organDomain']}"

    def nought(document: Any) -> None:
        commune = _of_communes(document)[-1]
        communes[zeroed] = [commune["organName"]]
        commune.update(sent=0, received=0, total=0)

    for source, edit in ((twice, again), (none, gone), (zeroed, nought)):
        relanded(source, NOW, edit)
    one, other, absent, idle = (
        _units(source[-2:])(name) for source in (twice, none, zeroed) for name in communes[source]
    )
    ground.told += [
        Told("READ-VENDOR", rows, _units("04")("UBND phường Thục Phán"), "all"),  # its vendor adds up as the form does
        Told("COMMUNE-PRESENT", rows, _units("04")("UBND xã Nam Quang"), None),
        *(Told(rule, twice, one, "all") for rule in ("READ-DUPLICATE", "UNIQUE", "UNIQUE-COMMUNE")),
        Told("UNIQUE-COMMUNE", twice, other, "all"),
        Told("COMMUNE-PRESENT", none, absent, None),
        Told("PROVINCE-PRESENT", none, none[-2:], None, "province"),
        Told("READ-ZERO", zeroed, idle, "all", "0, 0, 0"),
    ]
    _cut(ground, cut)
    ground.answers(scaled, lambda document: _each(document, _scaled), "READ-SCALE")
    ground.answers(renamed, lambda document: _each(document, _renamed("sent")), "READ-MISSING", "READ-COLUMN")
    ground.answers(swapped, lambda document: _each(document, _swapped("sent", "received")), "READ-SWAP")
    listed = "document_list_46"
    relanded(listed, NOW, _unknown_form)
    ground.told.append(Told("READ-RECORD", listed, "46", "all", "XX", None, payloads(listed, NOW)[0]))


def _of_communes(document: Any) -> list[dict[str, Any]]:
    """The organisations of communes that stand once."""
    names = [child["organName"] for child in document[0]["childOrgan"]]
    return [
        child
        for child in document[0]["childOrgan"]
        if child["organName"].startswith("UBND ") and names.count(child["organName"]) == 1
    ]


def _unknown_form(document: Any) -> None:
    """The first document that a department sent in the quarter is neither electronic nor on paper."""
    first = document["vanBan"][0]
    if first["maVanBan"] == "46-2026-Q3-000781":
        assert first["noiGui"]["ten"].startswith("Sở ")
        first["hinhThuc"] = "XX"


def _faults(ground: Others) -> None:
    """A list of single records without a column of its own is refused whole."""
    landing = Opened.open().landing
    sources = (f"tandan_errors_{code}" for code in PORTALS["tandan_errors"])
    filled = (one for one in sources if len(landing.read(landing.receipts(one, NOW)[-1].pages[0])) > len(_EMPTY))
    rows, cut, more, less = (next(filled) for _ in range(4))
    ground.rows(rows, FAULTY, READ_FAULTS, _code)
    named = {one["maDonVi"] for sha256 in payloads(rows, NOW) for one in landed(sha256)["data"]}
    tree = Opened.open().catalog.tree(pipeline.office.closed(NOW))
    absent = {unit.code for unit in tree.below(rows[-2:]) if unit.level == "commune"} - named
    ground.told += [Told("COMMUNE-PRESENT", rows, unit, None) for unit in absent]  # who stands as 99999 is not nought
    _cut(ground, cut)
    ground.answers(more, lambda document: _each(document, lambda record: record.update(moi=1)), "READ-COLUMN")
    ground.answers(less, lambda document: _each(document, _renamed("mucDo")), "READ-PAYLOAD", "SOURCE-PRESENT")


def test_each_is_found_as_it_was_planted_and_nothing_else(office: Office) -> None:
    ground = _plant()
    found: dict[tuple[str, str, str | None, str | None], list[Finding]] = {}
    for one in _load(NOW):
        found.setdefault((one.rule, one.source, one.unit, one.field), []).append(one)
    for told in ground.told:
        same = [
            one
            for one in found.get(told.key, [])
            if told.value in (None, one.value) and told.payload in (None, one.payload)
        ]
        assert same, (told, found.get(told.key))
        for one in same:
            assert one.payload is None or one.payload in payloads(told.source, NOW), told
    planted = {told.key for told in ground.told}
    critical = {key for key, ones in found.items() if ones[0].severity == "critical"}
    assert {key for key in critical - planted if key[:2] not in ground.follows} == set()
    opened = Opened.open()
    for dataset, elsewhere in ELSEWHERE.items():
        of = {id_ for id_, source in opened.catalog.sources.items() if opened.catalog.dataset_of(source) == dataset}
        struck = {told.rule for told in ground.told if told.source in of}
        every = {rule.id for rule in opened.suite(dataset).rules}
        assert every - struck == elsewhere.keys() | ANYWHERE.keys(), dataset
    rows = pipeline.quarantine(NOW)["rows"]
    held = {(one["rule"], row["source"], row["unit"], row["field"]): one for row in rows for one in row["broken"]}
    sums = [told for told in ground.told if told.expected is not None]
    assert len(sums) == 4 + 3 + 1, "of procedures, of form II.07b and of documents"
    for told in sums:
        one = held[told.key]
        assert (int(one["value"]), int(one["expected"])) == (int(str(told.value).split(", ")[0]), told.expected)
        assert one["since"] == NOW
