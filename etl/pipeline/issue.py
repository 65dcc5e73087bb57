"""An issued form or report, known by its bytes: which figure stands where in it, and what that is made of."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from upath import UPath

from etl import forms as workbook
from etl import proof
from etl.errors import SettingsError, TraceError
from etl.indicators import leaves
from etl.model import ALL, Fact, Form, Indicator, Narrative, RestatedFact, Unit
from etl.model.bookmarks import Bookmark, How, Than, bookmark
from etl.periods import Period
from etl.pipeline.figures import past
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import facts_by_unit, facts_of
from etl.pipeline.under import Ground
from etl.pipeline.waived import waived
from etl.units import UnitTree
from etl.warehouse.chain import Chain


class Told(NamedTuple):
    """What a cell tells of its figure. of: another period than the file's own, whose figure it is; than: the period
    with which it is compared, and how."""

    of: Period | None = None
    than: Period | None = None
    how: How | None = None


@dataclass(frozen=True)
class Issued(ABC):
    """A file that was issued, with its figures as they were known when it was filled; `chain` is the warehouse's."""

    office: Office
    chain: Chain
    unit: Unit
    period: Period
    known_at: dt.datetime
    name: str
    content: bytes
    sha256: str
    rates_in_percent: ClassVar[bool] = False

    @property
    @abstractmethod
    def number(self) -> str:
        """Of the form or report."""

    @property
    @abstractmethod
    def datasets(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def members(self) -> list[str]:
        """The units that have figures on it."""

    @cached_property
    @abstractmethod
    def facts(self) -> list[Fact]: ...

    @cached_property
    @abstractmethod
    def cells(self) -> dict[str, workbook.Key]:
        """Where which figure stands, shown or missing, by the addresses of `shown`."""

    @abstractmethod
    def address(self, asked: str) -> str:
        """The address among `cells` that is asked for. Raises TraceError or FormError where no figure stands there."""

    def percent(self, indicator: Indicator) -> bool:
        """Whether its figures are printed as a number of percent."""
        return self.rates_in_percent and indicator.ratio is not None

    @cached_property
    def tree(self) -> UnitTree:
        return self.office.catalog.tree(self.period)

    @cached_property
    def shown(self) -> dict[str, proof.Cell]:
        """Every number of the file, by its address: see proof.read_cells."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as package:
            return proof.read_cells(package)

    def told(self, place: str) -> Told:  # noqa: ARG002 - a form's cells tell figures of its own period
        """What the cell there tells of its figure."""
        return Told()

    def figure(self, key: workbook.Key, of: Period | None = None) -> Fact | RestatedFact | None:
        """The figure as it was known, of the file's own period or another; None where there was none."""
        return (self._figures if of is None else self.past(of)).get(key)

    def past(self, of: Period) -> Mapping[workbook.Key, RestatedFact]:
        """The figures of another period that are printed, on the units of the file's own."""
        raise NotImplementedError(f"{self.number} prints no figure of {of.key}")

    def ground_of(self, of: Period | None) -> Ground:
        """What the figures of a period rest on."""
        return self.ground if of is None else replace(self.ground, of=of)

    @cached_property
    def ground(self) -> Ground:
        return Ground(self.office, self.chain, self.period, self.known_at, self.members)

    @cached_property
    def waived(self) -> workbook.Waived:
        """The figures that stand by a waiver."""
        return waived(self.office, self.datasets, self.period, self.known_at)

    @cached_property
    def _figures(self) -> dict[workbook.Key, Fact]:
        return {workbook.Key(one.indicator, one.unit, one.tier, one.field): one for one in self.facts}

    def terms(self, indicator: Indicator) -> dict[str, Any]:
        """What the indicator is computed from: measures added, divided by others, and its digits."""
        if indicator.ratio is None:
            return {"numerator": [indicator.sum], "denominator": [], "digits": 0}
        over, under = indicator.ratio.numerator, indicator.ratio.denominator
        return {"numerator": list(over), "denominator": list(under), "digits": indicator.digits}

    def measure(self, name: str, dataset: str) -> dict[str, Any]:
        """A measure with what it consists of, which is what parts of a period are added up from."""
        columns = self.office.catalog.datasets[dataset].columns
        told: dict[str, Any] = {
            "name": name,
            "leaves": [[leaf, columns[leaf].nature] for leaf in leaves(columns, name)],
        }
        return {**told, "dataset": dataset} if len(self.datasets) > 1 else told


@dataclass(frozen=True)
class IssuedForm(Issued):
    form: Form

    @property
    def number(self) -> str:
        return self.form.number

    @property
    def datasets(self) -> tuple[str, ...]:
        return (self.form.dataset,)

    @property
    def members(self) -> list[str]:
        return workbook.members(self.form, self.unit, self.tree)

    @cached_property
    def facts(self) -> list[Fact]:
        by_unit = facts_by_unit(self.office, self.form, self.period, [self.unit], self.known_at)
        return facts_of(self.form, self.unit, self.tree, by_unit)

    @cached_property
    def cells(self) -> dict[str, workbook.Key]:
        return {f"{self._sheet}!{address}": key for address, key in self._layout.cells.items()}

    def address(self, asked: str) -> str:
        sheet, _, address = asked.rpartition("!")
        if sheet.strip("'") not in ("", self._sheet):
            raise TraceError(
                f"{self.name} không có số liệu ở trang {sheet!r}: trang số liệu là {self._sheet!r} (the sheet)"
            )
        workbook.cell_fact(self._layout, address)
        return f"{self._sheet}!{address.replace('$', '').strip().upper()}"

    @cached_property
    def _layout(self) -> workbook.Layout:
        return workbook.layout(self.form, self.unit, self.facts, self.tree, self.office.catalog.fields)

    @cached_property
    def _sheet(self) -> str:
        """The name of the sheet that holds the figures, which is the first."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as package:
            return next(iter(proof.sheets(package)))


@dataclass(frozen=True)
class IssuedReport(Issued):
    """A report in words: its figures and what changed, each at a bookmark (etl/model/bookmarks.py)."""

    report: Narrative
    rates_in_percent: ClassVar[bool] = True

    @property
    def number(self) -> str:
        return self.report.number

    @property
    def datasets(self) -> tuple[str, ...]:
        forms = self.office.catalog.forms
        return tuple(dict.fromkeys(forms[section.form].dataset for section in self.report.sections))

    @property
    def members(self) -> list[str]:
        return [self.unit.code]

    @cached_property
    def facts(self) -> list[Fact]:
        told = self.office.warehouse.facts(self.period.key, unit=self.unit.code, known_at=self.known_at)
        return [one for one in told if (one.tier, one.field) == (ALL, ALL)]

    @cached_property
    def cells(self) -> dict[str, workbook.Key]:
        return {name: workbook.Key(one.indicator, self.unit.code, ALL, ALL) for name, one in self._bookmarks.items()}

    def told(self, place: str) -> Told:
        one = self._bookmarks[place]
        return Told(one.of and self._then(one.of), one.than and self._then(one.than), one.how)

    def past(self, of: Period) -> Mapping[workbook.Key, RestatedFact]:
        if of not in self._past:
            told = past(of, self.period.last_day, self.unit.code, self.known_at)
            self._past[of] = {workbook.Key(code, self.unit.code, ALL, ALL): one for code, one in told.items()}
        return self._past[of]

    def _then(self, than: Than) -> Period:
        return compared_with(self.period)[than]

    @cached_property
    def _past(self) -> dict[Period, Mapping[workbook.Key, RestatedFact]]:
        return {}

    @cached_property
    def _bookmarks(self) -> dict[str, Bookmark]:
        """Every figure of the rows, shown or missing, and all else that is shown."""
        codes = [code for section in self.report.sections for code in section.rows]
        known = self.office.catalog.indicators
        shown = {name: one for name in self.shown if (one := bookmark(name, known)) is not None}
        return {code: Bookmark(code) for code in codes} | shown

    def address(self, asked: str) -> str:
        if asked not in self.cells:
            raise TraceError(
                f"{self.name}: {asked!r} không mang số liệu; có (no figure there): {', '.join(self.cells)}"
            )
        return asked


def compared_with(period: Period) -> dict[Than, Period]:
    """The periods that a report in words compares its own with."""
    return {"before": period.previous(), "year_before": replace(period, year=period.year - 1)}


def issued_form(file: str) -> Issued:
    """The issue that the file is, whatever its name now.

    Raises SettingsError for a file that cannot be read, TraceError for one that was never issued here or was changed.
    """
    path = UPath(file)
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise SettingsError(f"không có tệp {file} (no such file)") from None
    office, sha256 = Office.open(), hashlib.sha256(content).hexdigest()
    chain = Chain(office.settings.warehouse_url)
    found = chain.issue(sha256, path.name)
    if found is None:
        raise TraceError(f"{file} không phải biểu do kho này lập: sha256 {sha256} (was not issued from this warehouse)")
    if found.sha256 != sha256:
        raise TraceError(
            f"{file} đã bị sửa sau khi lập: khi lập có sha256 {found.sha256}, nay là {sha256}. Bản gốc ở {found.uri} "
            "(was changed after it was issued)"
        )
    period = closed(found.period)
    catalog = office.catalog
    unit, name = catalog.tree(period)[found.unit], UPath(found.uri).name
    told = (office, chain, unit, period, found.known_at, name, content, sha256)
    if found.form in catalog.narratives:
        return IssuedReport(*told, report=catalog.narratives[found.form])
    return IssuedForm(*told, form=catalog.forms[found.form])
