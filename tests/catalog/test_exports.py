"""What the catalog says of report files: every mistake is told with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.catalog import load
from etl.errors import CatalogError
from etl.model import Numbers
from tests.catalog.miniature import edit, write

FILES = {
    "platforms/export.yml": """\
title: An export
protocol: inbox
dataset: dossiers
source: test
table:
  format: csv
  encoding: utf-8
  delimiter: ';'
  headings:
    sector: [Lĩnh vực]
    online: [Tiếp nhận, Trực tuyến]
  label: sector
  total: '(?i:tổng cộng)'
  stated: {agency: 'Đơn vị: (?P<value>.*)'}
  days: {pattern: '(?P<first>[0-9/]+) - (?P<last>[0-9/]+)', format: '%d/%m/%Y'}
numbers: {thousands: '.'}
unit: {by: name, column: agency, commune: '(?P<name>Phường .+)', province: Sở .+}
field: {column: sector, by: name}
columns:
  online: [online]
""",
    "sources/inbox.yml": """\
platform: export
unit: '24'
address: file:///srv/inbox
owner: Văn phòng
files: 'bao_cao_{period}_*.csv'
""",
}


@pytest.fixture
def exports(folder: Path) -> Path:
    return write(folder, FILES)


def test_an_inbox_needs_no_request(exports: Path) -> None:
    platform = load((exports,)).platforms["export"]
    assert platform.table is not None
    assert platform.table.headings["online"] == ("Tiếp nhận", "Trực tuyến")


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "key", "problem"),
    [
        ("platforms/export.yml", "protocol: inbox", "protocol: json_api", 1, "request", "required"),
        ("platforms/export.yml", "protocol: inbox", "protocol: download", 1, "request", "required"),
        ("platforms/export.yml", "numbers:", "request: {method: GET, path: /x}\nnumbers:", 16, "request", "not asked"),
        ("platforms/portal.yml", "protocol: json_api", "protocol: download", 1, "table", "has a table"),
        ("platforms/export.yml", "numbers: {thousands: '.'}\n", "", 1, "", "numbers: this key is required"),
        ("platforms/export.yml", "thousands: '.'", "thousands: '_'", 16, "numbers.thousands", "Input should be"),
        ("platforms/export.yml", "numbers: {thousands: '.'}", "numbers: {}", 16, "numbers", "thousands: this key"),
        ("platforms/export.yml", "  encoding: utf-8\n", "", 5, "table.encoding", "csv and html have an encoding"),
        ("platforms/export.yml", "utf-8", "utf-16", 7, "table.encoding", "Input should be"),
        ("platforms/export.yml", "  delimiter: ';'\n", "", 5, "table.delimiter", "csv has a delimiter"),
        ("platforms/export.yml", "format: csv", "format: spreadsheet", 7, "table.encoding", "and only they"),
        ("platforms/export.yml", "label: sector", "label: field", 12, "table.label", "no heading 'field'"),
        ("platforms/export.yml", "[Lĩnh vực]", "[]", 10, "table.headings.sector", "top to bottom"),
        ("platforms/export.yml", "(?i:tổng cộng)", "(tổng", 13, "table.total", "not a regular expression"),
        ("platforms/export.yml", "(?P<value>.*)", ".*", 14, "table.stated.agency", "(?P<value>...) is missing"),
        ("platforms/export.yml", "(?P<last>", "(", 15, "table.days.pattern", "(?P<last>...) is missing"),
        ("platforms/export.yml", "  online: [online]", "  online: [onlin]", 20, "columns.online", "no heading 'onlin'"),
        ("platforms/export.yml", "column: agency", "column: agenci", 17, "unit.column", "called 'agenci'"),
        ("platforms/export.yml", "column: sector", "column: sectr", 18, "field.column", "called 'sectr'"),
        (
            "platforms/export.yml",
            "  label: sector",
            "  label: sector\n  blocks: ['(x']",
            13,
            "table.blocks.0",
            "not a regular",
        ),
        ("platforms/export.yml", "column: sector, by: name", "by: none, column: sector", 18, "field.by", "no column"),
        ("sources/inbox.yml", "owner:", "dialect: {delimiter: '_'}\nowner:", 4, "dialect.delimiter", "Input should be"),
        (
            "sources/inbox.yml",
            "owner:",
            "dialect: {format: csv, encoding: utf-8}\nowner:",
            4,
            "dialect.delimiter",
            "csv has",
        ),
        ("sources/inbox.yml", "owner:", "dialect: {format: html}\nowner:", 4, "dialect.encoding", "csv and html have"),
        ("sources/ha_noi.yml", "owner:", "dialect: {thousands: ','}\nowner:", 5, "dialect", "only files"),
        ("sources/inbox.yml", "files: 'bao_cao_{period}_*.csv'\n", "", 1, "files", "an inbox has `files`"),
        ("sources/ha_noi.yml", "owner:", "files: '{period}'\nowner:", 5, "files", "only an inbox"),
        ("sources/inbox.yml", "files:", "budget: {concurrency: 1}\nfiles:", 5, "budget", "not asked"),
        ("sources/ha_noi.yml", "owner:", "budget: {per_minute: 0}\nowner:", 5, "budget.per_minute", "at least 1"),
        ("sources/inbox.yml", "bao_cao_{period}_*", "*", 5, "files", "holds {period}"),
        ("sources/inbox.yml", "bao_cao_", "../bao_cao_", 5, "files", "inside the folder"),
        ("sources/inbox.yml", "bao_cao_", "/srv/", 5, "files", "inside the folder"),
    ],
)
def test_a_mistake_names_file_line_and_key(
    exports: Path, name: str, old: str, new: str, line: int, key: str, problem: str
) -> None:
    edit(exports, name, old, new)
    with pytest.raises(CatalogError) as caught:
        load((exports,))
    error = caught.value
    assert (error.file, error.line, error.key) == (str(exports / name), line, key)
    assert problem in str(error)


def test_a_source_may_know_no_fields(exports: Path) -> None:
    edit(exports, "platforms/export.yml", "{column: sector, by: name}", "{by: none}")
    assert not load((exports,)).platforms["export"].tells_fields


def test_a_source_has_a_dialect_of_its_own_and_a_download_may_be_a_folder(exports: Path) -> None:
    edit(exports, "platforms/export.yml", "protocol: inbox", "protocol: download\nrequest: {method: GET, path: /x}")
    edit(exports, "sources/inbox.yml", "owner:", "dialect: {format: spreadsheet, thousands: ','}\nowner:")
    catalog = load((exports,))
    written = catalog.platform_of(catalog.sources["inbox"])
    assert written.table is not None
    assert (written.table.format, written.table.encoding, written.table.delimiter) == ("spreadsheet", None, None)
    assert written.numbers == Numbers(",")
    assert catalog.platforms["export"].numbers == Numbers(".")


def test_a_download_has_no_pages(exports: Path) -> None:
    request = "request: {method: GET, path: /x, query: {n: {value: page}}, paging: {size: 2, size_parameter: n}}"
    edit(exports, "platforms/export.yml", "protocol: inbox", f"protocol: download\n{request}")
    with pytest.raises(CatalogError, match=r"request\.paging: a file has no pages"):
        load((exports,))
