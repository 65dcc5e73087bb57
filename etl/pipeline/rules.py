"""What the rules said: of a run, from its check to its load; of loads, for people and programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from pydantic import TypeAdapter
from upath import UPath

from etl import quality
from etl.model import Finding, RuleOutcome, Validation
from etl.periods import Period
from etl.pipeline.office import Office
from etl.pipeline.work import read_findings
from etl.quality.across import proof as across
from etl.tables import rows_schema

_OUTCOMES = TypeAdapter(list[RuleOutcome])
_VALIDATION = TypeAdapter(Validation)


def keep(work: UPath, dataset: str, outcomes: Sequence[RuleOutcome], validation: Validation | None) -> None:
    """Lay what the check of a dataset said beside its rows. validation None: nothing was there to validate."""
    (work / f"outcomes_{dataset}.json").write_text(_OUTCOMES.dump_json(list(outcomes)).decode())
    if validation is not None:
        (work / f"validation_{dataset}.json").write_text(_VALIDATION.dump_json(validation).decode())


def kept(work: UPath, datasets: Iterable[str], *more: str) -> tuple[list[RuleOutcome], list[Validation]]:
    """Those of all datasets of a run, and of `more`, with what was found after the checks (READ-GAP, READ-MOVING,
    WAIVER-IDLE)."""
    outcomes, validations = [], []
    for dataset in datasets:
        checked = _OUTCOMES.validate_json((work / f"outcomes_{dataset}.json").read_text())
        later = [
            finding
            for step in ("gaps", "moving", "waivers")
            for finding in read_findings(work / f"findings_{step}_{dataset}.parquet")
        ]
        outcomes += [_with(outcome, later) for outcome in checked]
        if (path := work / f"validation_{dataset}.json").exists():
            validations.append(_VALIDATION.validate_json(path.read_text()))
    for name in more:
        outcomes += _OUTCOMES.validate_json((work / f"outcomes_{name}.json").read_text())
    return outcomes, validations


def rule_outcomes(period_key: str, periods: int = 8) -> dict[str, Any]:
    """What every rule said in the newest load of a period, and in that of each of the periods up to it.

    JSON-able: period; load and recorded_at, None before the first load; rules, one for each dataset and rule in the
    order of the suites, with the fields of RuleOutcome; history, one for each of so many periods, oldest first:
    period, load, and of each dataset and rule state, broken and waived.
    """
    warehouse, period = Office.open().warehouse, Period.parse(period_key)
    keys = [period.shift(-back).key for back in range(periods - 1, -1, -1)]
    told = warehouse.rule_outcomes(keys)
    now = told.get(period.key)
    return {
        "period": period.key,
        "load": now and now.load,
        "recorded_at": now and now.recorded_at.isoformat(),
        "rules": [asdict(outcome) for outcome in (now.outcomes if now else ())],
        "history": [
            {
                "period": key,
                "load": (then := told.get(key)) and then.load,
                "rules": [
                    {name: getattr(outcome, name) for name in ("dataset", "rule", "state", "broken", "waived")}
                    for outcome in (then.outcomes if then else ())
                ],
            }
            for key in keys
        ],
    }


def prove_rules() -> dict[str, Any]:
    """Ask every rule of the records that must break it, in a sandbox; no warehouse, no network.

    JSON-able: datasets, of each how many rules and records; dead, the rules that prove nothing: dataset, rule, why.
    """
    office = Office.open()
    asked: dict[str, dict[str, int]] = {}
    dead = []
    for name, dataset in office.catalog.datasets.items():
        suite = office.suite(name)
        proof = quality.prove(suite, rows_schema(dataset))
        asked[name] = {"rules": len(suite.rules), "records": proof.records}
        why = {**proof.dead, **proof.errors}
        dead += [{"dataset": name, "rule": rule.id, "why": why[rule.id]} for rule in suite.rules if rule.id in why]
    compared = office.across().rules
    asked["across"] = {"rules": len(compared), "records": sum(len(rule.breaks) for rule in compared)}
    dead += [{"dataset": "across", "rule": rule, "why": told} for rule, told in across.prove(compared).items()]
    return {"datasets": asked, "dead": dead}


def _with(outcome: RuleOutcome, found: Iterable[Finding]) -> RuleOutcome:
    sources = Counter(finding.source for finding in found if finding.rule == outcome.rule)
    if not sources:
        return outcome
    state = outcome.state if outcome.state == "error" else "fail"
    broken = outcome.broken + sources.total()
    return replace(outcome, state=state, reason="", broken=broken, sources=dict(sources + Counter(outcome.sources)))
