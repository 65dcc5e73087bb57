"""What every verb is given: the settings, catalog, store and warehouse of this run."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from cachetools import LRUCache, cached
from upath import UPath

from etl import catalog as catalogs
from etl.catalog.revision import revision
from etl.catalog.suites import read_across, read_suite
from etl.catalog.waivers import read_waivers
from etl.errors import PeriodError
from etl.landing import Landing
from etl.logins import Connections
from etl.model import Comparison, Comparisons, Rule, Suite, Waiver
from etl.model.rules import ACROSS
from etl.periods import TIMEZONE, Period
from etl.settings import Settings
from etl.warehouse import Warehouse


@dataclass(frozen=True)
class Office:
    """as_if: the warehouse is read as if this waiting restatement had been approved."""

    settings: Settings
    catalog: catalogs.Catalog
    as_if: int | None = None

    @classmethod
    def open(cls, connections: Connections | None = None) -> Office:
        """The office of the environment as it is now; the catalog is read again only when a file changed.

        connections: how `conn:ID` is looked up, in Airflow; see Settings.
        """
        settings = replace(Settings.from_environment(), connections=connections)
        stamps = (path.stat().st_mtime_ns for folder in settings.catalogs for path in folder.rglob("*"))
        return cls(settings, _catalog(settings.catalogs, tuple(sorted(stamps))))

    @cached_property
    def catalog_revision(self) -> str | None:
        """The git commit that the catalog stands at; None where it is not known."""
        return revision(self.settings.catalogs, self.settings.revision)

    @cached_property
    def landing(self) -> Landing:
        return Landing(self.settings.store_url)

    @cached_property
    def warehouse(self) -> Warehouse:
        found = Warehouse(self.settings.warehouse_url)
        return found if self.as_if is None else found.as_if_approved(self.as_if)

    def suite(self, dataset: str) -> Suite:
        return _suite(self.settings.expectations, _stamps(self.settings.expectations), self.catalog, dataset)

    def across(self) -> Comparisons:
        return _across(self.settings.expectations, _stamps(self.settings.expectations))

    def rules(self) -> dict[tuple[str, str], Rule | Comparison]:
        """Those of the suites by dataset and id; the rules over two figures are of every dataset."""
        found: dict[tuple[str, str], Rule | Comparison] = {}
        for name in self.catalog.datasets:
            found |= {(name, rule.id): rule for rule in self.suite(name).rules}
            found |= {(name, rule.id): rule for rule in self.across().rules}
        return found

    @cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """All of them, in force or not."""
        rules: dict[str, Sequence[Rule | Comparison]] = {name: self.suite(name).rules for name in self.catalog.datasets}
        rules[ACROSS] = self.across().rules
        return read_waivers(self.settings.expectations, rules, self.catalog)

    def waivers_of(self, dataset: str, period: Period) -> list[Waiver]:
        """Those that a run of today heeds, of a dataset or ACROSS."""
        today = dt.datetime.now(TIMEZONE).date()
        return [
            one for one in self.waivers if one.dataset == dataset and period.key in one.periods and today <= one.expires
        ]

    def store(self, *parts: str) -> UPath:
        """A folder of the store, made if need be; a run id may hold characters no path should."""
        folder = UPath(self.settings.store_url)
        for part in parts:
            folder = folder / re.sub(r"[^0-9A-Za-z_.-]+", "_", part)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@lru_cache(maxsize=4)
def _catalog(folders: tuple[Path, ...], stamps: tuple[int, ...]) -> catalogs.Catalog:  # noqa: ARG001 - part of the key
    return catalogs.load(folders)


def _stamps(folder: Path) -> tuple[tuple[str, int], ...]:
    """When the files of the expectations were changed last: they are read again only then."""
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.glob("*.yml")))


@cached(LRUCache(maxsize=32), key=lambda folder, stamps, catalog, name: (folder, stamps, catalog.version, name))
def _suite(folder: Path, stamps: object, catalog: catalogs.Catalog, name: str) -> Suite:  # noqa: ARG001 - of the key
    return read_suite(folder, name, catalog.datasets[name])


@lru_cache(maxsize=4)
def _across(folder: Path, stamps: object) -> Comparisons:  # noqa: ARG001 - part of the key
    return read_across(folder)


def closed(period_key: str) -> Period:
    """The period, once its window is over. Raises PeriodError for another key or an open period."""
    period = Period.parse(period_key)
    if dt.datetime.now(TIMEZONE) < period.end:
        raise PeriodError(
            f"kỳ {period.key} chốt số liệu hết ngày {period.last_day:%d/%m/%Y}, chưa lấy được số liệu: "
            f"hãy chạy từ ngày {period.end:%d/%m/%Y} (the period is not closed yet)"
        )
    return period
