"""What is true: the YAML and CSV files of the catalog, read into the model.

Folders are laid one over the other: a file of a later folder replaces the file of the same relative
path, any other file is added, so a site keeps its own sources outside the repository. An unknown
key, a wrong type, a repeated key or a dangling code is a CatalogError with file, line and key; what
one file says of another is checked in `etl.catalog.checks`, CSV is read in `etl.catalog.tables`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from etl.catalog.checks import check
from etl.catalog.documents import Document, overlay, version_of
from etl.catalog.exchanged import as_exchanged
from etl.catalog.tables import fields, units
from etl.catalog.unit_history import changes, codes
from etl.errors import CatalogError
from etl.model import Calendar, Change, Contacts, Dataset, Field, Form, Indicator, Platform, Source, Unit, UnitCode
from etl.model.narratives import Narrative
from etl.periods import Interval, Period, counted
from etl.units import UnitTree
from etl.units.genealogy import Genealogy

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog:
    """Everything the catalog says. `version` is a sha256 over all its files: the same, the same rules.

    Keys: datasets, platforms, sources, indicators and forms by their id, code or number. form_files: the blanks.
    """

    units: tuple[Unit, ...]
    changes: tuple[Change, ...]
    codes: tuple[UnitCode, ...]
    fields: Mapping[str, Field]
    calendar: Calendar
    contacts: Contacts
    datasets: Mapping[str, Dataset]
    platforms: Mapping[str, Platform]
    sources: Mapping[str, Source]
    indicators: Mapping[str, Indicator]
    forms: Mapping[str, Form]
    form_files: Mapping[str, Path]
    narratives: Mapping[str, Narrative]
    version: str

    @cached_property
    def _trees(self) -> dict[dt.date, UnitTree]:
        return {}

    def tree(self, period: Period) -> UnitTree:
        """The units in force on the last day of the period."""
        day = period.last_day
        if day not in self._trees:
            self._trees[day] = UnitTree(self.units, day)
        return self._trees[day]

    @cached_property
    def genealogy(self) -> Genealogy:
        """Where units went and came from, by the changes."""
        return Genealogy(self.changes)

    def due_sources(self, period: Period) -> list[Source]:
        """Sources that report on the period, in id order."""
        day = period.last_day
        return [
            source
            for _, source in sorted(self.sources.items())
            if source.valid_from <= day and (source.valid_to is None or day < source.valid_to)
        ]

    def reports(self, dataset: str, period: Period) -> bool:
        """Whether any source reports this dataset in the period; of one that none reports there are no figures."""
        due = (source for source in self.due_sources(period) if self.dataset_of(source) == dataset)
        return any(source.role == "reporting" for source in due)

    def compared(self, period: Period) -> frozenset[str]:
        """Ids of the due sources whose rows are only compared with the figures."""
        return frozenset(source.id for source in self.due_sources(period) if source.role == "comparison")

    def counted(self, period: Period) -> dict[str, Interval]:
        """The days that each due source counts when it is asked for the period."""
        return {source.id: counted(self.platform_of(source).window, period) for source in self.due_sources(period)}

    def platform_of(self, source: Source, period: Period | None = None) -> Platform:
        """The source's platform in its own dialect; to read figures of a period, as its columns are exchanged then."""
        platform = self.platforms[source.platform].in_dialect(source.dialect)
        platform = platform if source.window is None else replace(platform, window=source.window)
        return platform if period is None else as_exchanged(platform, source, period)

    def dataset_of(self, source: Source) -> str:
        return self.platforms[source.platform].dataset

    def indicators_of(self, dataset: str) -> list[Indicator]:
        """Those whose figures are recorded; a growth is computed on reading."""
        return [one for one in self.indicators.values() if one.dataset == dataset and one.growth is None]


def load(folders: tuple[Path, ...]) -> Catalog:
    """Read and cross-check the catalog. Raises CatalogError for the first mistake found."""
    files = overlay(folders)
    documents: dict[str, Document] = {}

    def read(name: str, kind: type[T], **extra: Any) -> T:
        documents[name] = Document(files, name)
        return documents[name].build(kind, **extra)

    def read_all(folder: str, kind: type[T], key: str) -> dict[str, T]:
        names = [name for name in sorted(files) if name.startswith(f"{folder}/") and name.endswith(".yml")]
        return {Path(name).stem: read(name, kind, **{key: Path(name).stem}) for name in names}

    indicators: dict[str, Indicator] = {}
    for name in sorted(name for name in files if name.startswith("indicators/") and name.endswith(".yml")):
        documents[name] = Document(files, name)
        for code in documents[name].mapping():
            if code in indicators:
                raise documents[name].error((code,), "this indicator is defined in another file too")
            indicators[code] = documents[name].build(Indicator, at=(code,), code=code)
    listed = units(files)
    catalog = Catalog(
        units=listed,
        changes=changes(files, listed),
        codes=codes(files, listed),
        fields=fields(files),
        calendar=read("calendar.yml", Calendar),
        contacts=read("contacts.yml", Contacts),
        datasets=read("datasets.yml", dict[str, Dataset]),
        platforms=read_all("platforms", Platform, "id"),
        sources=read_all("sources", Source, "id"),
        indicators=indicators,
        forms=read_all("forms", Form, "number"),
        form_files={Path(name).stem: path for name, path in files.items() if Path(name).match("forms/*.*x")},
        narratives=read_all("narratives", Narrative, "number"),
        version=version_of(files),
    )
    for name, path in sorted(files.items()):
        if path.suffix in (".yml", ".yaml") and name not in documents:
            raise CatalogError(str(path), 1, "", "nothing reads a file of this name: a wrong folder, or .yaml for .yml")

    def fail(file: str, path: tuple[str, ...], problem: str) -> CatalogError:
        return documents[file].error(path, problem)

    homes = {code: name for name in documents if name.startswith("indicators/") for code in documents[name].data}
    check(catalog, homes, fail)
    return catalog


def read_rules(path: Path, kind: type[T]) -> T:
    """One file of the expectations, read as the catalog's files are."""
    return Document({path.name: path}, path.name).build(kind)
