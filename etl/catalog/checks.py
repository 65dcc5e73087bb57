"""What one file of the catalog says of another: no code dangles, no secret stands in it, every form can be filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from etl.catalog.calendar import check_calendar
from etl.catalog.contacts import check_contacts
from etl.catalog.narratives import check_narratives
from etl.catalog.records import check_records
from etl.catalog.requests import Fail, check_budget, check_request, check_secrets
from etl.errors import PeriodError
from etl.model import PROCEDURE_CODE, Dataset, Dialect, Growth, Indicator, Platform, Source, Table
from etl.periods import Period

if TYPE_CHECKING:
    from etl.catalog import Catalog


def check(catalog: Catalog, indicator_files: Mapping[str, str], fail: Fail) -> None:
    """Raises CatalogError for the first code that is named and not defined. `indicator_files`: code -> file."""
    check_calendar(catalog.calendar, fail)
    check_contacts(catalog.contacts, catalog.units, fail)
    for name, dataset in catalog.datasets.items():
        _dataset(name, dataset, fail)
    for platform in catalog.platforms.values():
        _platform(catalog, platform, fail)
    codes = {unit.code for unit in catalog.units}
    for source in catalog.sources.values():
        _source(catalog, source, codes, fail)
    _counted_once(catalog, fail)
    for code, file in indicator_files.items():
        _indicator(catalog, catalog.indicators[code], file, fail)
    for number, form in catalog.forms.items():
        file = f"forms/{number}.yml"
        if form.dataset not in catalog.datasets:
            raise fail(file, ("dataset",), f"no dataset {form.dataset!r} in datasets.yml")
        regime = catalog.calendar.regimes.get(form.regime)
        if regime is None:
            raise fail(file, ("regime",), f"no regime {form.regime!r} in calendar.yml")
        if form.period_kind not in regime.period_kinds:
            raise fail(file, ("period_kind",), f"regime {form.regime} has no period of this kind in calendar.yml")
        if form.valid_to is not None and form.valid_to <= form.valid_from:
            raise fail(file, ("valid_to",), "the day after the last, later than valid_from")
        if number not in catalog.form_files:
            raise fail(file, (), f"the blank forms/{number}.xlsx is missing")
        for index, shown in enumerate(form.columns):
            if shown.indicator is not None and shown.indicator not in catalog.indicators:
                raise fail(file, ("columns", str(index), "indicator"), f"no indicator {shown.indicator!r}")
            if shown.indicator is not None and catalog.indicators[shown.indicator].growth is not None:
                raise fail(file, ("columns", str(index), "indicator"), "a growth is not recorded, so no form holds it")
            ratio = shown.indicator is not None and catalog.indicators[shown.indicator].ratio is not None
            if shown.share != ratio:
                raise fail(file, ("columns", str(index), "share"), "true exactly where the indicator is a ratio")
    check_narratives(catalog, fail)


def _dataset(name: str, dataset: Dataset, fail: Fail) -> None:
    for code, column in dataset.columns.items():
        path = (name, "columns", code)
        if (column.nature == "total") != bool(column.parts):
            raise fail("datasets.yml", (*path, "nature"), "a total has parts, and only a total")
        for part in column.parts:
            if part not in dataset.columns:
                raise fail("datasets.yml", (*path, "parts"), f"dataset {name} has no column {part!r}")
        if column.continues is not None and column.nature != "opening_stock":
            raise fail("datasets.yml", (*path, "continues"), "only an opening stock continues what was there before")
        if column.continues is not None and not _closing(dataset, column.continues):
            raise fail("datasets.yml", (*path, "continues"), f"{column.continues!r} is no closing stock of {name}")


def _closing(dataset: Dataset, name: str) -> bool:
    """Whether the measure stands at the end of a period: a closing stock, or a total of nothing else."""
    column = dataset.columns.get(name)
    if column is None or not column.parts:
        return column is not None and column.nature == "closing_stock"
    return all(_closing(dataset, part) for part in column.parts)


def _platform(catalog: Catalog, platform: Platform, fail: Fail) -> None:
    file = f"platforms/{platform.id}.yml"
    dataset = catalog.datasets.get(platform.dataset)
    if dataset is None:
        raise fail(file, ("dataset",), f"no dataset {platform.dataset!r} in datasets.yml")
    for column in platform.columns:
        if column not in dataset.columns:
            raise fail(file, ("columns", column), f"dataset {platform.dataset} has no such column")
    sums_only = platform.field is not None and platform.field.by == "none"
    if sums_only and platform.tells_fields:
        raise fail(file, ("field", "by"), "none: then no column and no repeated request tells the field")
    if (sums_only or platform.tells_fields) != (dataset.by != "none"):
        raise fail(
            file,
            ("field",),
            "the field of a row comes from a column or from a request repeated over fields (or is known of none, "
            "by: none), exactly when the dataset is split by field",
        )
    if dataset.by == "procedure" and (platform.field is None or platform.field.column is None):
        raise fail(file, ("field",), "a procedure comes from a column: its codes are an open list")
    named = platform.field is not None and platform.field.name is not None
    if named and (dataset.by != "procedure" or platform.table is not None or platform.records_of is not None):
        raise fail(file, ("field", "name"), "only records of single procedures have the title of one")
    _pattern(file, ("unit", "body"), platform.unit.body, ("code",) if platform.unit.body is not None else (), fail)
    check_request(platform, fail)
    check_records(platform, fail)
    if platform.totals.parents_include_children and platform.children is None:
        raise fail(file, ("totals", "parents_include_children"), "no key `children` says where the nested rows stand")
    for key in ("commune", "district", "province", "skip"):
        named = key == "commune" or (key == "district" and platform.unit.district is not None)
        needed = (platform.unit.by,) if named and platform.unit.by != "level" else ()
        _pattern(file, ("unit", key), getattr(platform.unit, key), needed, fail)
    if (platform.protocol == "json_api") != (platform.table is None):
        raise fail(file, ("table",), "a download or an inbox has a table, and only they")
    if platform.table is not None and platform.echo is not None:
        raise fail(file, ("echo",), "of a file, this stands in table.days")
    if platform.table is not None and platform.encoding != "utf-8":
        raise fail(file, ("encoding",), "of a file, this stands in its table")
    if platform.table is not None:
        _table(file, platform, platform.table, fail)


def _dialect(platform: Platform, dialect: Dialect, file: str, fail: Fail) -> None:
    if platform.table is None:
        raise fail(file, ("dialect",), "only files have a dialect")
    written = platform.in_dialect(dialect).table
    if written is not None and (written.encoding is None) != (written.format == "spreadsheet"):
        raise fail(file, ("dialect", "encoding"), "csv and html have an encoding, and only they")
    if written is not None and (written.delimiter is None) != (written.format != "csv"):
        raise fail(file, ("dialect", "delimiter"), "csv has a delimiter, and only csv")


def _pattern(file: str, path: tuple[str, ...], pattern: str | None, needed: tuple[str, ...], fail: Fail) -> None:
    try:
        groups = re.compile(pattern or "").groupindex
    except re.error as problem:
        raise fail(file, path, f"not a regular expression: {problem}") from problem
    for group in needed:
        if group not in groups:
            raise fail(file, path, f"the group (?P<{group}>...) is missing")


def _table(file: str, platform: Platform, table: Table, fail: Fail) -> None:
    if platform.numbers == "json":
        raise fail(file, (), "numbers: this key is required: say how a table's numbers are written")
    if (table.encoding is None) != (table.format == "spreadsheet"):
        raise fail(file, ("table", "encoding"), "csv and html have an encoding, and only they")
    if (table.delimiter is None) != (table.format != "csv"):
        raise fail(file, ("table", "delimiter"), "csv has a delimiter, and only csv")
    if table.label not in table.headings:
        raise fail(file, ("table", "label"), f"no heading {table.label!r}")
    for name, texts in table.headings.items():
        if not texts or not all(text.strip() for text in texts):
            raise fail(file, ("table", "headings", name), "the texts above the column, top to bottom")
    for key in ("total", "part"):
        _pattern(file, ("table", key), getattr(table, key), (), fail)
    for index, block in enumerate(table.blocks):
        _pattern(file, ("table", "blocks", str(index)), block, (), fail)
    for name, stated in table.stated.items():
        _pattern(file, ("table", "stated", name), stated, ("value",), fail)
    if table.days is not None:
        _pattern(file, ("table", "days", "pattern"), table.days.pattern, ("first", "last"), fail)
    known = {*table.headings, *table.stated}
    for column, names in platform.columns.items():
        for name in names:
            if name not in table.headings:
                raise fail(file, ("columns", column), f"no heading {name!r} in table.headings")
    for key, read in (("unit", platform.unit.column), ("field", platform.field.column if platform.field else None)):
        if read is not None and read not in known:
            raise fail(file, (key, "column"), f"no heading and nothing stated is called {read!r}")


def _source(catalog: Catalog, source: Source, codes: set[str], fail: Fail) -> None:
    file = f"sources/{source.id}.yml"
    if source.platform not in catalog.platforms:
        raise fail(file, ("platform",), f"no platforms/{source.platform}.yml")
    if source.unit not in codes:
        raise fail(file, ("unit",), f"no unit {source.unit!r} in units/units.csv")
    platform = catalog.platforms[source.platform]
    if platform.unit.by == "level" and source.role != "comparison":
        raise fail(file, ("role",), f"rows of platform {platform.id} name no unit: role: comparison is required")
    if source.window and (platform.window != "asked" or platform.records_of or source.role != "comparison"):
        raise fail(file, ("window",), "for a source with role: comparison, of a platform with figures asked by days")
    check_secrets(source, platform.request, fail)
    if source.identifiers and platform.unit.body is None:
        raise fail(file, ("identifiers",), f"platform {platform.id} has no unit.body: its codes tell no bodies")
    inbox = source.files is not None
    if source.budget is not None:
        if inbox:
            raise fail(file, ("budget",), "a folder is not asked: no budget")
        check_budget(source.budget, file, ("budget",), fail)
    if platform.protocol != "download" and inbox != (platform.protocol == "inbox"):
        raise fail(file, ("files",), "an inbox has `files`, the pattern of its files, and only an inbox")
    if source.dialect is not None:
        _dialect(platform, source.dialect, file, fail)
    if source.files is not None and ("{period}" not in source.files or ".." in source.files or source.files[0] == "/"):
        raise fail(file, ("files",), "a pattern inside the folder that holds {period}, such as '06a_{period}_*.xlsx'")
    table_of = platform.table
    for old, new in source.renamed.items():
        if table_of is not None:
            raise fail(file, ("renamed", old), "columns of files are found by table.headings of the platform")
        if not new or old == new:
            raise fail(file, ("renamed", old), "the name that the portal gives the column now")
    for name, periods in (("accepted", source.accepted), ("exchanged", source.exchanged)):
        for key in periods:
            try:
                Period.parse(key)
            except PeriodError as error:
                raise fail(file, (name, key), str(error)) from error
    columns = {column for names in platform.columns.values() for column in names}
    for key, pairs in source.exchanged.items():
        if platform.records_of is not None:
            raise fail(file, ("exchanged", key), f"platform {platform.id} lists single records: its sums are counted")
        for column in (*pairs, *pairs.values()):
            if column not in columns:
                raise fail(file, ("exchanged", key), f"platform {platform.id} maps no source column {column!r}")
        if len({*pairs, *pairs.values()}) != 2 * len(pairs):
            raise fail(file, ("exchanged", key), "two columns that the portal exchanged, each named once")
    for key, measures in source.accepted.items():
        for measure in measures:
            if measure not in platform.columns:
                raise fail(file, ("accepted", key), f"platform {platform.id} has no measure {measure!r}")
    for kind, table in source.lookups.items():
        if kind not in ("unit", "field"):
            raise fail(file, ("lookups", kind), "lookups are by unit or by field")
        by_procedure = kind == "field" and catalog.datasets[platform.dataset].by == "procedure"
        known = codes if kind == "unit" else set(catalog.fields)
        for raw, target in table.items():
            if not re.fullmatch(PROCEDURE_CODE, target) if by_procedure else target not in known:
                raise fail(file, ("lookups", kind, raw), f"no {kind} {target!r} in the catalog")


def _counted_once(catalog: Catalog, fail: Fail) -> None:
    """Two reporting sources of one unit, dataset and day would count every dossier twice (see Source)."""
    reporting: dict[tuple[str, str], list[Source]] = {}
    for _, source in sorted(catalog.sources.items()):
        if source.role == "comparison":
            continue
        key = (catalog.dataset_of(source), source.unit)
        for other in reporting.setdefault(key, []):
            ends_before = source.valid_to is not None and source.valid_to <= other.valid_from
            begins_after = other.valid_to is not None and other.valid_to <= source.valid_from
            if not (ends_before or begins_after):
                problem = f"sources/{other.id}.yml reports {key[0]} of unit {source.unit} too: one is for comparison"
                raise fail(f"sources/{source.id}.yml", ("role",), f"{problem} (role: comparison), or ends")
        reporting[key].append(source)


def _indicator(catalog: Catalog, indicator: Indicator, file: str, fail: Fail) -> None:
    code = indicator.code
    dataset = catalog.datasets.get(indicator.dataset)
    if dataset is None:
        raise fail(file, (code, "dataset"), f"no dataset {indicator.dataset!r} in datasets.yml")
    if [indicator.sum, indicator.ratio, indicator.growth].count(None) != 2:
        raise fail(file, (code,), "give exactly one of sum, ratio and growth")
    if not indicator.examples:
        raise fail(file, (code, "examples"), "an indicator without a worked example does not load")
    if indicator.growth is not None:
        _growth(catalog, indicator, indicator.growth, file, fail)
        return
    named: list[tuple[tuple[str, ...], str]] = [((code, "sum"), indicator.sum)] if indicator.sum is not None else []
    if indicator.ratio is not None:
        named += [((code, "ratio", "numerator"), column) for column in indicator.ratio.numerator]
        named += [((code, "ratio", "denominator"), column) for column in indicator.ratio.denominator]
    for index, example in enumerate(indicator.examples):
        named += [((code, "examples", str(index), "given", column), column) for column in example.given]
    for path, column in named:
        if column not in dataset.columns:
            raise fail(file, path, f"dataset {indicator.dataset} has no column {column!r}")


def _growth(catalog: Catalog, indicator: Indicator, growth: Growth, file: str, fail: Fail) -> None:
    of = catalog.indicators.get(growth.of)
    if of is None or of.sum is None or of.dataset != indicator.dataset:
        raise fail(file, (indicator.code, "growth", "of"), f"no sum {growth.of!r} of dataset {indicator.dataset}")
    if growth.years < 1:
        raise fail(file, (indicator.code, "growth", "years"), "a growth is over one year or more")
    for index, example in enumerate(indicator.examples):
        if set(example.given) != {"now", "before"}:
            path = (indicator.code, "examples", str(index), "given")
            raise fail(file, path, "of a growth, now and before are given")
