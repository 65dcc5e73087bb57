"""What a load says of the quality of its figures: it never changes, so it is worked out once and kept in the store."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import etl
from etl import files, report
from etl.catalog.suites import rules_version
from etl.errors import PeriodError
from etl.model import NATION, PULL_STATES, Comparison, Finding, Rule, RuleOutcome, Text
from etl.periods import Period
from etl.pipeline import withheld
from etl.pipeline.asked import Question
from etl.pipeline.judged import Judged, of_load, of_run
from etl.pipeline.office import Office
from etl.pipeline.quality_counts import counts
from etl.pipeline.quality_scope import Scope, within
from etl.warehouse import LoadQuality


def core(office: Office, period: Period, load: int, scope: Scope) -> dict[str, Any]:
    """Run, rows, issues, rules, forms, sources, and what the criteria count, but for what people do afterwards.

    Derived and disposable, like everything under work/ in the store: another catalog, other rules or another version of
    this program have a file of their own. Raises PeriodError for a period that is computed from others.
    """
    return _kept(office, period, str(load), scope, lambda: of_load(office, period, load))


def core_of_run(office: Office, period: Period, asked: Question, scope: Scope) -> dict[str, Any]:
    """The same of a run that waits for a reviewer, as it would be loaded."""
    name = f"{asked.run}-{asked.asked_at:%Y%m%dT%H%M%S%f}"
    return _kept(office, period, name, scope, lambda: of_run(office, period, asked.run, asked.asked_at))


def _kept(office: Office, period: Period, of: str, scope: Scope, judged: Callable[[], Judged]) -> dict[str, Any]:
    named = (of, scope.key, office.catalog.version, rules_version(office.settings.expectations), _program())
    name = f"{hashlib.sha256(' '.join(named).encode()).hexdigest()[:32]}.json"
    path = office.store("work", period.key, "quality") / name
    if not path.exists():
        with suppress(FileExistsError):  # another process was faster
            files.create(path, orjson.dumps(_worked_out(office, period, judged(), scope)))
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found


def _worked_out(office: Office, period: Period, judged: Judged, scope: Scope) -> dict[str, Any]:
    load = judged.quality
    if not load.sources:
        parts = ", ".join(part.key for part in period.parts())
        raise PeriodError(
            f"kỳ {period.key} được tính từ các kỳ {parts}: xem báo cáo chất lượng của từng kỳ đó "
            "(the period is computed from these, which have the reports)"
        )
    findings = within(judged.findings, scope)
    rules, names = office.rules(), {one.code: one.name for one in office.catalog.tree(period)}
    pulls = {one.source: (PULL_STATES[one.state], one.message) for one in load.sources if one.state != "complete"}
    rows = report.rows(findings, known(office, period, rules, landed(office, findings), pulls))
    issues = report.issues(rows)
    figures = None if judged.figures is None else judged.figures(scope.units)
    faces = withheld.faces(office, period, scope.datasets, scope.units, load.recorded_at, figures)
    unexplained = withheld.weigh(office, period, faces, judged.holes, issues, rows)
    told = withheld.told(faces)
    cells = sum(len(face.cells) for face in faces)
    missing = sum(face["withheld"] for face in told)
    return {
        "run": {
            "load": load.load,
            "run": load.run,
            "recorded_at": load.recorded_at.isoformat(),
            "catalog_version": load.catalog_version,
            "rules_version": load.rules_version,
        },
        "counts": {
            "cells": (cells - missing, cells),
            **counts(office, period, judged, scope, _dimensions(rules, judged.outcomes)),
        },
        "since": [(*key, first.isoformat()) for key, first in sorted(judged.since.items())],
        "issues": report.ranked(issues),
        "waivers": [
            {**asdict(one.waiver), "state": one.state, "findings": one.findings}
            for one in judged.waivers
            if one.waiver.source in scope.sources
        ],
        "rows": rows,
        "mirror": report.mirror(findings, judged.outcomes, names),
        "rules": report.outcomes(judged.outcomes, rules, rows, scope.datasets),
        "forms": {
            "cells": cells,
            "withheld": missing,
            "unexplained": unexplained,
            "faces": told,
            "undeclared": _undeclared(office, period, faces),
        },
        "sources": _sources(office, period, load, scope, rows),
    }


@cache
def _program() -> str:
    """The version of this program: a hash over its modules."""
    digest = hashlib.sha256()
    for path in sorted(Path(*etl.__path__).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _dimensions(
    rules: Mapping[tuple[str, str], Rule | Comparison], judged: Sequence[RuleOutcome]
) -> Mapping[tuple[str, str], str]:
    """Of each dataset and rule, also of those that today's suites do not have any more."""
    return {key: rule.dimension for key, rule in rules.items()} | {
        (one.dataset, one.rule): one.dimension for one in judged
    }


def known(
    office: Office,
    period: Period,
    rules: Mapping[tuple[str, str], Rule | Comparison],
    landed: Mapping[str, tuple[str, dt.datetime]],
    pulls: Mapping[str, tuple[Text, str]],
) -> report.Known:
    """What the codes in findings mean. landed, pulls: see `report.Known`."""
    catalog, tree = office.catalog, office.catalog.tree(period)
    homes = {one.code: tree.home(one.code) for one in tree}
    return report.Known(
        rules=rules,
        figures={name: _figures(office, name) for name in catalog.datasets},
        sources={
            one.id: report.Holder(catalog.dataset_of(one), one.unit, one.owner) for one in catalog.sources.values()
        },
        units={
            one.code: one.name if homes[one.code] == one.code else f"{one.name}, {tree[homes[one.code]].name}"
            for one in tree
        },
        fields={code: one.name for code, one in catalog.fields.items()},
        landed=landed,
        pulls=pulls,
    )


def landed(office: Office, findings: Iterable[Finding]) -> Mapping[str, tuple[str, dt.datetime]]:
    """Where the answers that the findings name lie, and when they came."""
    return office.warehouse.landed({one.payload for one in findings if one.payload})


def _figures(office: Office, dataset: str) -> dict[str, Text]:
    """Titles of the measures, with the column of the dataset's form that shows them."""
    numbers = {
        office.catalog.indicators[column.indicator].sum: column.number
        for form in office.catalog.forms.values()
        if form.dataset == dataset
        for column in form.columns
        if column.indicator
    }
    told = {}
    for name, column in office.catalog.datasets[dataset].columns.items():
        vi, en = (f" (cột {numbers[name]})", f" (column {numbers[name]})") if name in numbers else ("", "")
        told[name] = Text(f"{column.title.vi}{vi}", f"{column.title.en}{en}")
    return told


def _undeclared(office: Office, period: Period, faces: Sequence[withheld.Face]) -> dict[str, list[str]]:
    """By dataset the provinces that no source reports on, though these forms are owed for them."""
    tree, told = office.catalog.tree(period), {}
    shown = {face.unit.code for face in faces}
    for dataset in sorted({face.form.dataset for face in faces if face.form.owed}):
        missing = [hole.province for hole in withheld.undeclared(office, period, dataset)]
        told[dataset] = [tree[code].name for code in missing if shown & {code, NATION}]
    return {dataset: names for dataset, names in told.items() if names}


def _sources(
    office: Office, period: Period, load: LoadQuality, scope: Scope, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each due source of the scope: how its pull ended, its rows, and its findings by severity."""
    loaded, tree = {one.source: one for one in load.sources}, office.catalog.tree(period)
    never = Text("chưa lấy lần nào", "never pulled")
    told = []
    for one in scope.sources.values():
        found = Counter[str]()
        for row in rows:
            found[row["severity"]] += (row["more"] or 1) if row["source"] == one.id else 0
        given = loaded.get(one.id)
        told.append(
            {
                "id": one.id,
                "unit": one.unit,
                "unit_name": tree[one.unit].name,
                "owner": one.owner,
                "dataset": office.catalog.dataset_of(one),
                "role": one.role,
                "state": given.state if given else "never",
                "state_title": vars(PULL_STATES[given.state] if given else never),
                "rows": given.rows if given else 0,
                "held": given.held if given else 0,
                "answered_at": given and given.answered_at and given.answered_at.isoformat(),
                "findings": {severity: found[severity] for severity in report.SEVERITIES},
            }
        )
    return told
