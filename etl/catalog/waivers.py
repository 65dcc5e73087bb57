"""The waivers, read and held against the rules and the catalog that they speak of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from etl.catalog.documents import Document
from etl.errors import PeriodError
from etl.model import ALL, Comparison, Rule, Waiver, Waivers
from etl.model.rules import ACROSS
from etl.periods import Period

if TYPE_CHECKING:
    from etl.catalog import Catalog

WAIVERS = "waivers.yml"
_LONGEST = 500
"""What the foot of a form can print of a reason."""
_SAID = ("id", "reason", "owner", "agreed_by")


def read_waivers(
    folder: Path, rules: Mapping[str, Collection[Rule | Comparison]], catalog: Catalog
) -> tuple[Waiver, ...]:
    """rules: by dataset, and of `across`.

    Raises CatalogError naming the waiver, for one of a rule that may not be waived, or of what nobody knows.
    """
    document = Document({WAIVERS: folder / WAIVERS}, WAIVERS)
    waivers = document.build(Waivers).waivers
    seen: set[str] = set()
    for index, one in enumerate(waivers):
        for key, problem in _wrong(one, rules, catalog):
            raise document.error(("waivers", str(index), key), f"{one.id}: {problem}")
        if one.id in seen:
            raise document.error(("waivers", str(index), "id"), f"{one.id} stands twice")
        seen.add(one.id)
    return waivers


def _wrong(one: Waiver, rules: Mapping[str, Collection[Rule | Comparison]], catalog: Catalog) -> list[tuple[str, str]]:
    """Keys, and what is wrong there."""
    found = [(name, "say it in words") for name in _SAID if not getattr(one, name).strip()]
    if len(one.reason) > _LONGEST:
        found.append(("reason", f"at most {_LONGEST} characters: it stands at the foot of forms"))
    return [*found, *_wrong_rule(one, rules), *_wrong_place(one, catalog)]


def _wrong_rule(one: Waiver, rules: Mapping[str, Collection[Rule | Comparison]]) -> list[tuple[str, str]]:
    if one.dataset not in rules:
        return [("dataset", f"one of {', '.join(rules)}")]
    rule = next((rule for rule in rules[one.dataset] if rule.id == one.rule), None)
    if rule is None:
        return [("rule", f"no rule {one.rule!r} in {one.dataset}.yml")]
    if not rule.waivable:
        told = (
            f"{rule.id} cannot be waived, since nobody would know the figure: mend it at the source, by a lookup or "
            "`accepted` in the source's file, or with a new payload; only rules with `waivable: true` can be"
        )
        return [("rule", told)]
    if one.dataset == ACROSS:
        return []
    pairs = {"measure": one.measure, "expected": one.expected}
    return [(key, "only of a rule over two figures (across)") for key, given in pairs.items() if given]


def _wrong_place(one: Waiver, catalog: Catalog) -> list[tuple[str, str]]:
    if one.source not in catalog.sources:
        return [("source", f"no source {one.source!r} in the catalog")]
    found = []
    dataset = catalog.dataset_of(catalog.sources[one.source])
    if one.dataset not in (dataset, ACROSS):
        found.append(("source", f"{one.source} is of dataset {dataset}"))
    if not one.periods:
        found.append(("periods", "name at least one period"))
    for key in one.periods:
        try:
            Period.parse(key)
        except PeriodError as problem:
            found.append(("periods", str(problem)))
    if one.unit is not None and one.unit not in {unit.code for unit in catalog.units}:
        found.append(("unit", f"no unit {one.unit!r}"))
    if one.field not in (None, ALL) and catalog.datasets[dataset].by == "field" and one.field not in catalog.fields:
        found.append(("field", f"no field {one.field!r} in fields.csv"))
    if one.measure is not None and one.measure not in catalog.datasets[dataset].columns:
        found.append(("measure", f"dataset {dataset} has no such column"))
    return found
