"""Every kind of mistake in the catalog is told with file, line and key, and without the secret that is in it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from etl.catalog import load
from etl.errors import CatalogError
from etl.model import FieldRule
from tests.catalog.miniature import FILES, edit, write

RATIO = "  ratio: {numerator: [online], denominator: [online, direct]}\n"


def mistake(folder: Path) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        load((folder,))
    return caught.value


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "key", "problem"),
    [
        # unknown keys, at the top, below it and inside a mapping of named things
        ("sources/ha_noi.yml", "owner:", "ower:", 5, "ower", "unknown key"),
        ("platforms/portal.yml", "  path:", "  pathh:", 7, "request.pathh", "unknown key"),
        ("datasets.yml", "parts:", "sum_of:", 10, "dossiers.columns.total.sum_of", "unknown key"),
        ("indicators/dossiers.yml", "digits:", "digit:", 15, "online_rate.digit", "unknown key"),
        ("calendar.yml", "day: 25,", "day: 25, hour: 1,", 5, "due.0.hour", "unknown key"),
        ("platforms/portal.yml", "first_day, format:", "first_day, form:", 9, "request.query.from.form", "unknown key"),
        # whom to write to: one address of a unit of today
        ("contacts.yml", "env:HA_NOI_MAIL", "a@b.example;c@d.example", 3, "units.01.email", "one mail address"),
        ("contacts.yml", "tonghop@bao-cao.example", "tonghop", 1, "office.email", "one mail address"),
        ("contacts.yml", "'01'", "'02'", 3, "units.02", "no unit '02' is in force"),
        # wrong types and values
        ("sources/ha_noi.yml", "'01'", "01", 2, "unit", "quote it"),
        ("sources/ha_noi.yml", "'010001'", "010001", 6, "headers.groupId", "quote it"),
        ("calendar.yml", "hours: 6", "hours: six", 7, "collect_after_hours", "valid integer"),
        ("calendar.yml", "before: 3", "before: -1", 10, "reminders.before", "0 to 20"),
        ("calendar.yml", "hours: 6", "hours: '6'", 7, "collect_after_hours", "valid integer"),
        ("platforms/portal.yml", "method: GET", "method: PUT", 6, "request.method", "'GET' or 'POST'"),
        ("platforms/portal.yml", "[counter, post]", "counter", 21, "columns.direct", "valid"),
        ("datasets.yml", "by: field", "by: lĩnh vực", 3, "dossiers.by", "'procedure'"),
        ("sources/ha_noi.yml", "headers:", "valid_from: 2025-13-01\nheaders:", 6, "valid_from", "valid date"),
        # missing and repeated keys, keys that are no texts, what is no YAML
        ("sources/ha_noi.yml", "address: env:PORTAL/01\n", "", 1, "", "address: this key is required"),
        ("sources/ha_noi.yml", "owner:", "unit: '24'\nowner:", 5, "unit", "stands twice"),
        ("sources/ha_noi.yml", "owner:", "id: ha_noi\nowner:", 5, "id", "file's name"),
        ("sources/ha_noi.yml", "{Hộ tịch cấp xã:", "{01234:", 8, "lookups.field.01234", "quote it"),
        ("sources/ha_noi.yml", "headers:", "on: 1\nheaders:", 6, "on", "quote it"),
        ("sources/ha_noi.yml", "headers:", "<<: {unit: '24'}\nheaders:", 6, "<<", "a key is a text"),
        ("sources/ha_noi.yml", "owner:", "owner: x: y", 5, "", "not YAML"),
        ("sources/ha_noi.yml", "owner:", "owner: '\x01", 1, "", "not YAML in UTF-8"),
        ("calendar.yml", FILES["calendar.yml"], "- quarter\n", 1, "", "a mapping is expected"),
        ("sources/ha_noi.yml", FILES["sources/ha_noi.yml"], "", 1, "", "a mapping is expected"),
        ("sources/ha_noi.yml", "headers:", "renamed: {a: a}\nheaders:", 6, "renamed.a", "gives the column now"),
        ("sources/ha_noi.yml", "headers:", "window: calendar\nheaders:", 6, "window", "role: comparison"),
        ("sources/ha_noi.yml", "headers:", "accepted: {Q3: [online]}\nheaders:", 6, "accepted.Q3", "Q3"),
        ("sources/ha_noi.yml", "headers:", "exchanged: {Q3: {a: b}}\nheaders:", 6, "exchanged.Q3", "Q3"),
        # dangling codes
        (
            "sources/ha_noi.yml",
            "headers:",
            "exchanged: {2026-Q3: {x: y}}\nheaders:",
            6,
            "exchanged.2026-Q3",
            "no source column 'x'",
        ),
        (
            "sources/ha_noi.yml",
            "headers:",
            "accepted: {2026-Q3: [x]}\nheaders:",
            6,
            "accepted.2026-Q3",
            "no measure 'x'",
        ),
        ("sources/ha_noi.yml", "platform: portal", "platform: other", 1, "platform", "no platforms/other.yml"),
        ("sources/ha_noi.yml", "'01'", "'99'", 2, "unit", "no unit '99'"),
        ("sources/ha_noi.yml", "ho_tich}", "dat_dai}", 8, "lookups.field.Hộ tịch cấp xã", "no field 'dat_dai'"),
        ("sources/ha_noi.yml", "  field: {", "  agency: {", 8, "lookups.agency", "by unit or by field"),
        ("platforms/portal.yml", "dataset: dossiers", "dataset: other", 3, "dataset", "no dataset 'other'"),
        ("platforms/portal.yml", "  online: [", "  onlin: [", 20, "columns.onlin", "no such column"),
        ("indicators/dossiers.yml", "sum: online", "sum: onlin", 6, "received_online.sum", "no column 'onlin'"),
        (
            "indicators/dossiers.yml",
            "denominator: [online,",
            "denominator: [all,",
            14,
            "online_rate.ratio.denominator",
            "'all'",
        ),
        (
            "indicators/dossiers.yml",
            "{given: {online: 2}",
            "{given: {onlin: 2}",
            8,
            "received_online.examples.0.given.onlin",
            "no column",
        ),
        ("datasets.yml", "[online, direct]", "[online, post]", 10, "dossiers.columns.total.parts", "no column 'post'"),
        # what an indicator, a dataset and a platform must say
        (
            "indicators/dossiers.yml",
            "    - {given: {online: 2}, value: 2}\n",
            "    []\n",
            7,
            "received_online.examples",
            "example",
        ),
        (
            "indicators/dossiers.yml",
            "sum: online\n",
            "digits: 0\n",
            1,
            "received_online",
            "exactly one of sum, ratio and growth",
        ),
        ("indicators/dossiers.yml", RATIO, "  growth: {of: online_rate}\n", 14, "online_rate.growth.of", "no sum"),
        ("indicators/dossiers.yml", RATIO, "  growth: {of: sent}\n", 14, "online_rate.growth.of", "no sum 'sent'"),
        (
            "indicators/dossiers.yml",
            RATIO,
            "  growth: {of: received_online, years: 0}\n",
            14,
            "online_rate.growth.years",
            "one year or more",
        ),
        (
            "indicators/dossiers.yml",
            RATIO,
            "  growth: {of: received_online}\n",
            17,
            "online_rate.examples.0.given",
            "now and before",
        ),
        (
            "datasets.yml",
            "nature: flow, meaning: online",
            "nature: flow, continues: direct, meaning: online",
            5,
            "dossiers.columns.online.continues",
            "only an opening stock",
        ),
        (
            "datasets.yml",
            "nature: flow, meaning: online",
            "nature: opening_stock, continues: direct, meaning: online",
            5,
            "dossiers.columns.online.continues",
            "'direct' is no closing stock",
        ),
        (
            "datasets.yml",
            "nature: flow, meaning: online",
            "nature: opening_stock, continues: all, meaning: online",
            5,
            "dossiers.columns.online.continues",
            "'all' is no closing stock",
        ),
        ("datasets.yml", "nature: total", "nature: flow", 9, "dossiers.columns.total.nature", "only a total"),
        ("platforms/portal.yml", "field:\n  column: sector\n", "", 1, "field", "split by field"),
        ("platforms/portal.yml", "(?P<code>[0-9]{5})", "(?P<code>[0-9]{5}", 15, "unit.commune", "regular expression"),
        ("platforms/portal.yml", "(?P<code>[0-9]{5})", "[0-9]{5}", 15, "unit.commune", "(?P<code>...) is missing"),
        # forms
        ("forms/F1.yml", "dataset: dossiers", "dataset: other", 5, "dataset", "no dataset 'other'"),
        (
            "forms/F1.yml",
            "indicator: received_online",
            "indicator: sent",
            14,
            "columns.1.indicator",
            "no indicator 'sent'",
        ),
        (
            "forms/F1.yml",
            "indicator: received_online}",
            "indicator: online_rate}",
            14,
            "columns.1.share",
            "true exactly where the indicator is a ratio",
        ),
        ("forms/F1.yml", "number: '2'", "number: 2", 14, "columns.1.number", "quote it"),
        ("forms/F1.yml", "regime: documents", "regime: khác", 18, "regime", "no regime 'khác'"),
        ("forms/F1.yml", "2020-12-15", "2020-12-15\nvalid_to: 2020-12-15", 20, "valid_to", "later than valid_from"),
        ("forms/F1.yml", "levels: [province]", "levels: [tỉnh]", 6, "levels.0", "'province'"),
        # secrets
        ("sources/ha_noi.yml", "env:PORTAL_TOKEN", "s3cret", 4, "credential", "never the secret"),
        ("sources/ha_noi.yml", "env:PORTAL_TOKEN", "conn:ha noi", 4, "credential", "the id of an Airflow connection"),
        ("sources/ha_noi.yml", "env:PORTAL_TOKEN", "conn:a/b", 4, "credential", "the id of an Airflow connection"),
        ("sources/ha_noi.yml", "env:PORTAL/01", "conn:portal", 3, "address", "gives a credential only"),
        ("sources/ha_noi.yml", "credential: env:PORTAL_TOKEN\n", "", 1, "platform", "asks for a credential"),
        (
            "sources/ha_noi.yml",
            "groupId: '010001'",
            "Authorization: s3cret",
            6,
            "headers.Authorization",
            "never stands here",
        ),
        (
            "sources/ha_noi.yml",
            "env:PORTAL/01",
            "https://me:s3cret@portal/01",
            3,
            "address",
            "without user and password",
        ),
        # tables
        ("fields.csv", "ho_tich,Hộ tịch\n", "ho_tich,A\nho_tich,B\n", 3, "code", "stands twice"),
        ("fields.csv", "code,name", "code,title", 1, "", "the header must be code,name"),
        ("units/units.csv", "\n01,", "\n1,", 3, "code", "leading zero"),
        ("units/units.csv", "00004,", "4,", 6, "code", "leading zero"),
        ("units/units.csv", "Đình,commune,Phường,01,", "Đình,commune,Phường,79,", 6, "parent", "'79'"),
        ("units/units.csv", "Đình,commune,Phường,01,", "Đình,commune,Phường,VN,", 6, "parent", "'VN'"),
        ("units/units.csv", "Đình,commune,Phường,01,", "Đình,commune,Phường,,", 6, "parent", "None"),
        ("units/units.csv", "VN,2026-09-20,,", "VN,2026-09-19,,", 5, "code", "twice"),
        ("units/units.csv", "2025-07-01,2026-09-20", "2026-07-01,2026-06-30", 4, "valid_to", "before it begins"),
        ("units/units.csv", "2025-07-01,2026-09-20", "2026-07-01,2026-07-01", 4, "valid_to", "before it begins"),
        ("units/units.csv", "gia,,2020-01-01,", "gia,,01/01/2020,", 2, "", "unit 'VN' cannot be read"),
        ("units/units.csv", "nation", "country", 2, "", "unit 'VN' cannot be read"),
        ("units/units.csv", "Phường Ba Đình,", "Phường Ba Đi\u0300nh,", 6, "name", "NFC"),
        ("units/units.csv", "Phường Ba Đình,", "", 6, "", "9 cells are expected"),
        (
            "units/units.csv",
            "Xã,002,2020-01-01,2025-07-01,true,test\n00007",
            "Xã,002,2020-01-01,2025-07-02,true,test\n00007",
            11,
            "parent",
            "not in force as long",
        ),
        ("units/changes.csv", "2025-07-01,02,01", "2025-07-01,03,01", 2, "old", "'03' is not in force on 2025-06-30"),
        ("units/changes.csv", "2025-07-01,02,01", "2025-07-02,02,01", 2, "old", "'02' is not in force on 2025-07-01"),
        ("units/changes.csv", "00006,00004", "00006,00009", 5, "new", "'00009' is not in force on 2025-07-01"),
        ("units/changes.csv", "00006,00004,whole", "00006,00004,part", 5, "share", "has 1 successors"),
        ("units/changes.csv", "00007,00008,part", "00007,00008,whole", 7, "share", "has 2 successors"),
        ("units/changes.csv", "00007,00008,part", "00007,00004,part", 7, "old", "stands twice"),
        ("units/changes.csv", "00006,00004,whole", "00006,00004,half", 5, "", "cannot be read"),
        ("units/changes.csv", "00006,00004", "00006,01", 5, "new", "a commune cannot become a province"),
        (
            "units/changes.csv",
            "2025-07-01,02,01",
            "2025-07-01,02,24",
            5,
            "new",
            "province 02 of '00006' did not go there",
        ),
        ("units/changes.csv", "2025-07-01,002,,whole,test\n", "", 1, "", "what became of Huyện Hoài Đức (002)"),
        ("units/changes.csv", "2025-07-01,27,24,whole,test\n", "", 1, "", "what Tỉnh Bắc Ninh (24) was made of"),
        ("units/codes.csv", "qcvn_102", "qcvn", 3, "", "cannot be read"),
        ("units/codes.csv", "000.00.31.H26", "H26.31", 3, "code", "no code of qcvn_102"),
        ("units/codes.csv", "H26,02", "H26,01", 2, "unit", "not in force as long"),
        (
            "units/codes.csv",
            "dvcqg,398126,01,2025-07-01,",
            "qd_20_2020,H26,002,2021-01-01,2021-02-01",
            4,
            "code",
            "two units on one day",
        ),
    ],
)
def test_a_mistake_names_file_line_and_key(
    folder: Path, name: str, old: str, new: str, line: int, key: str, problem: str
) -> None:
    edit(folder, name, old, new)
    error = mistake(folder)
    assert (error.file, error.line, error.key) == (str(folder / name), line, key)
    assert problem in str(error)
    assert str(error).startswith(f"{folder / name}:{line}: ")
    assert "s3cret" not in str(error)


def test_a_form_of_a_period_that_its_regime_does_not_have(folder: Path) -> None:
    edit(folder, "calendar.yml", "period_kinds: [quarter]", "period_kinds: [month]")
    error = mistake(folder)
    assert (error.file, error.line, error.key) == (str(folder / "forms/F1.yml"), 7, "period_kind")
    assert "no period of this kind" in error.problem


def test_rows_of_whole_levels_are_only_compared(folder: Path) -> None:
    edit(folder, "platforms/portal.yml", "by: code", "by: level")
    error = mistake(folder)
    assert (error.file, error.key) == (str(folder / "sources/ha_noi.yml"), "role")
    assert "comparison" in error.problem
    edit(folder, "sources/ha_noi.yml", "owner:", "role: comparison\nowner:")
    assert load((folder,)).sources["ha_noi"].role == "comparison"


def test_procedures_are_known_by_their_pattern(folder: Path) -> None:
    edit(folder, "datasets.yml", "by: field", "by: procedure")
    error = mistake(folder)
    assert (error.key, error.problem) == ("lookups.field.Hộ tịch cấp xã", "no field 'ho_tich' in the catalog")
    edit(folder, "sources/ha_noi.yml", "ho_tich}", "'1.012790.000.00.00.H41'}")
    load((folder,))
    edit(folder, "platforms/portal.yml", "field:\n  column: sector\n", "")
    edit(folder, "platforms/portal.yml", "  auth: bearer", "  auth: bearer\n  repeat_over_fields: true")
    assert "open list" in mistake(folder).problem


def test_only_procedures_have_a_title(folder: Path) -> None:
    edit(folder, "platforms/portal.yml", "  column: sector\n", "  column: sector\n  name: title\n")
    error = mistake(folder)
    assert (error.file, error.key) == (str(folder / "platforms/portal.yml"), "field.name")
    edit(folder, "datasets.yml", "by: field", "by: procedure")
    edit(folder, "sources/ha_noi.yml", "ho_tich}", "'1.012790.000.00.00.H41'}")
    assert load((folder,)).platforms["portal"].field == FieldRule(column="sector", name="title")


@pytest.mark.parametrize("name", [name for name in FILES if "/" not in name or name.startswith("units")])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert (mistake(folder).file, mistake(folder).problem) == (name, "the file is missing from the catalog")


@pytest.mark.parametrize("name", ["sources/bac_ninh.yaml", "source/bac_ninh.yml", "bac_ninh.yml"])
def test_a_file_that_nothing_would_read_is_told(folder: Path, name: str) -> None:
    write(folder, {name: FILES["sources/ha_noi.yml"]})
    error = mistake(folder)
    assert error.file == str(folder / name)
    assert "nothing reads" in error.problem


def test_a_form_has_its_blank(folder: Path) -> None:
    (folder / "forms/F1.xlsx").unlink()
    error = mistake(folder)
    assert (error.file, error.problem) == (str(folder / "forms/F1.yml"), "the blank forms/F1.xlsx is missing")


def test_an_indicator_is_defined_once(folder: Path) -> None:
    write(folder, {"indicators/more.yml": FILES["indicators/dossiers.yml"]})
    error = mistake(folder)
    assert (error.file, error.line, error.key) == (str(folder / "indicators/more.yml"), 1, "received_online")


def test_an_error_survives_the_way_between_processes(folder: Path) -> None:
    edit(folder, "sources/ha_noi.yml", "'01'", "01")
    error = mistake(folder)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.line) == (CatalogError, str(error), 2)
