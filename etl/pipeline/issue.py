"""An issued form, known by its bytes: which figure stands in which of its cells, and what that is made of."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from upath import UPath

from etl import forms as workbook
from etl import proof
from etl.errors import SettingsError, TraceError
from etl.indicators import leaves
from etl.model import Fact, Form, Indicator, Unit
from etl.periods import Period
from etl.pipeline.office import Office, closed
from etl.pipeline.selection import facts_by_unit, facts_of
from etl.pipeline.under import Ground
from etl.units import UnitTree
from etl.warehouse.chain import Chain


@dataclass(frozen=True)
class IssuedForm:
    """An issued form with its figures as they were known when it was filled; `chain` is that of the warehouse."""

    office: Office
    chain: Chain
    form: Form
    unit: Unit
    period: Period
    known_at: dt.datetime
    name: str
    content: bytes
    sha256: str

    @cached_property
    def tree(self) -> UnitTree:
        return self.office.catalog.tree(self.period)

    @cached_property
    def shown(self) -> dict[str, proof.Cell]:
        """Every numeric cell of the file, by "Sheet!C12"."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as package:
            return proof.read_cells(package)

    @cached_property
    def sheet(self) -> str:
        """The name of the sheet that holds the figures, which is the first."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as package:
            return next(iter(proof.sheets(package)))

    @cached_property
    def facts(self) -> list[Fact]:
        by_unit = facts_by_unit(self.office, self.form, self.period, [self.unit], self.known_at)
        return facts_of(self.form, self.unit, self.tree, by_unit)

    @cached_property
    def layout(self) -> workbook.Layout:
        return workbook.layout(self.form, self.unit, self.facts, self.tree, self.office.catalog.fields)

    @cached_property
    def ground(self) -> Ground:
        members = workbook.members(self.form, self.unit, self.tree)
        return Ground(self.office, self.chain, self.period, self.known_at, members)

    def terms(self, indicator: Indicator) -> dict[str, Any]:
        """What the indicator is computed from: measures added, divided by others, and its digits."""
        if indicator.ratio is None:
            return {"numerator": [indicator.sum], "denominator": [], "digits": 0}
        over, under = indicator.ratio.numerator, indicator.ratio.denominator
        return {"numerator": list(over), "denominator": list(under), "digits": indicator.digits}

    def measure(self, name: str) -> dict[str, Any]:
        """A measure with what it consists of, which is what parts of a period are added up from."""
        columns = self.office.catalog.datasets[self.form.dataset].columns
        return {"name": name, "leaves": [[leaf, columns[leaf].nature] for leaf in leaves(columns, name)]}


def issued_form(file: str) -> IssuedForm:
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
    form, tree = office.catalog.forms[found.form], office.catalog.tree(period)
    name = UPath(found.uri).name
    return IssuedForm(office, chain, form, tree[found.unit], period, found.known_at, name, content, sha256)
