"""What a quality report is about: everything of a period, one source, or one unit and those below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etl.errors import SettingsError
from etl.model import NATION, Finding, Source
from etl.periods import Period
from etl.pipeline.office import Office
from etl.pipeline.selection import unit_named


@dataclass(frozen=True)
class Scope:
    """sources: due in the period, those for comparison too. units: whose forms and reports, of all those that file;
    below: whose findings (None: everybody's). name: of the unit, or of the source's; "" of a whole period. key: what
    tells it from others of the period.
    """

    key: str
    name: str
    sources: Mapping[str, Source]
    units: frozenset[str]
    datasets: frozenset[str]
    below: frozenset[str] | None = None


def scope_of(office: Office, period: Period, source: str | None, unit: str | None) -> Scope:
    """Raises SettingsError for a source that is not due in the period, or a unit that is not in force."""
    catalog = office.catalog
    tree = catalog.tree(period)
    due = {one.id: one for one in catalog.due_sources(period)}
    if source is not None:
        if source not in due:
            raise SettingsError(f"nguồn {source!r} không phải báo cáo kỳ {period.key}: xem `baocao plan {period.key}`")
        due = {source: due[source]}
    filing = {level for form in catalog.forms.values() if form.period_kind == period.kind for level in form.levels}
    units, below = frozenset(one.code for one in tree if one.level in filing), None
    key = name = ""
    if unit is not None:
        code = unit_named(office, period, unit).code
        key, name = f"unit {code}", tree[code].name
        below = frozenset(one.code for one in (tree if code == NATION else tree.below(code)))
        upwards = {code, tree.home(code), tree[code].parent}
        due = {id_: one for id_, one in due.items() if one.unit in below or one.unit in upwards}
        units = frozenset([code])
    elif source is not None:
        units = frozenset([due[source].unit])
        key, name = f"source {source}", tree[due[source].unit].name
    return Scope(key, name, due, units, frozenset(catalog.dataset_of(one) for one in due.values()), below)


def within(findings: Iterable[Finding], scope: Scope) -> list[Finding]:
    """The findings that concern the scope: of its sources, and where it is a unit, of no other unit."""
    return [
        one
        for one in findings
        if one.source in scope.sources and (scope.below is None or one.unit is None or one.unit in scope.below)
    ]
