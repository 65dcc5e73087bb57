"""The expectations: one suite a dataset, the rules over two figures, and the list that reviewers agreed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from etl.catalog.documents import Document, overlay, version_of
from etl.errors import CatalogError
from etl.model import WITHOUT, Comparison, Comparisons, Dataset, Rule, Severity, Suite
from etl.model.rules import Record

AGREED = "agreed.yml"
"""Of each suite the ids of its rules and their severity: a rule that is dropped or made milder is one more line."""
_PLACES = ("field", "tier")


def read_suite(folder: Path, name: str, dataset: Dataset) -> Suite:
    """The suite of a dataset. Raises CatalogError for a rule that is not as agreed, or has no record to break it."""
    document = _document(folder, f"{name}.yml")
    suite = document.build(Suite)
    if suite.dataset != name:
        raise document.error(("dataset",), f"the file's name says {name}")
    if unknown := set(suite.clean) - {*dataset.columns, *_PLACES}:
        raise document.error(("clean", min(unknown)), f"dataset {name} has no such column")
    if absent := set(dataset.columns) - set(suite.clean):
        raise document.error(("clean",), f"no value of {min(absent)}: a clean row has all")
    seen: set[str] = set()
    for index, rule in enumerate(suite.rules):
        at = ("rules", str(index))
        if rule.id in seen:
            raise document.error((*at, "id"), f"{rule.id} stands twice")
        seen.add(rule.id)
        if not rule.breaks:
            raise document.error(at, f"{rule.id}: no record that must break it: a rule without one does not load")
        for number, record in enumerate(rule.breaks):
            place = (*at, "breaks", str(number))
            if WITHOUT in record and (rule.kind == "row" or record[WITHOUT] not in ("source", "province", "commune")):
                raise document.error(place, "without: source, province or commune, and of a table rule only")
            if hidden := (set(record) & set(dataset.columns)) - set(rule.show) if rule.kind == "row" else set():
                raise document.error((*at, "show"), f"{rule.id}: {min(hidden)} can break it and is not shown")
            if rule.waivable and not _of_known_figures(record, dataset):
                told = f"{rule.id}: {dict(record)} breaks it, which no figure that is known does: it cannot be waived"
                raise document.error((*at, "waivable"), told)
    _as_agreed(folder, document, name, suite.rules)
    return suite


def read_across(folder: Path) -> Comparisons:
    """The rules over two figures. Raises CatalogError for one that is not as agreed."""
    document = _document(folder, "across.yml")
    across = document.build(Comparisons)
    _as_agreed(folder, document, "across", across.rules)
    return across


def _of_known_figures(record: Record, dataset: Dataset) -> bool:
    """Whether what breaks a rule are figures that can be read and be true: only then may somebody answer for them."""
    return all(name in dataset.columns and isinstance(value, int) and value >= 0 for name, value in record.items())


def _as_agreed(folder: Path, document: Document, name: str, given: Sequence[Rule | Comparison]) -> None:
    agreed = _document(folder, AGREED).build(dict[str, dict[str, Severity]])
    wanted: Mapping[str, Severity] = agreed.get(name, {})
    rules = {rule.id: (index, rule.severity) for index, rule in enumerate(given)}
    for rule in wanted:
        if rule not in rules:
            raise document.error(("rules",), f"rule {rule} is agreed on in {AGREED} and gone: a reviewer takes it out")
    for rule, (index, severity) in rules.items():
        if wanted.get(rule) != severity:
            told = f"{rule} is {severity}, and {wanted.get(rule, 'not there')} in {AGREED}: a reviewer agrees there"
            raise document.error(("rules", str(index), "severity"), told)


def _document(folder: Path, name: str) -> Document:
    return Document({name: folder / name}, name)


def rules_version(folder: Path) -> str:
    """sha256 over the expectations (*.yml): the same, the same rules."""
    files = {name: path for name, path in overlay((folder,)).items() if path.suffix == ".yml"}
    if not files:
        raise CatalogError(str(folder), 1, "", "there is no suite of rules in this folder")
    return version_of(files)
