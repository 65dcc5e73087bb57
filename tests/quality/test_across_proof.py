"""Every rule over two figures can fail, and one that was loosened, deleted or cannot run is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl.model import Comparison
from etl.quality.across.proof import prove
from tests.quality.test_across import RULES

ALL_RULES = tuple(RULES.values())


def test_every_rule_fires_on_its_pairs_and_on_no_equal_figures() -> None:
    assert prove(ALL_RULES) == {}
    assert all(len(rule.breaks) >= 2 for rule in ALL_RULES)


LOOSER = {
    "CHAIN": ("3", "4"),
    "CHAIN-DRIFT": ("<= greatest(3", "<= greatest(2"),
    "NATIONAL": ("5", "6"),
    "DECLARED": ("greatest(2", "greatest(3"),
    "SYSTEMS": ("0.01", "0.02"),
    "MIRROR": ("or other_most < value_least", ""),
    "JUMP": ("> 5", "> 6"),
}


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_a_rule_that_was_loosened_or_narrowed_is_dead(rule: Comparison) -> None:
    old, new = LOOSER[rule.id]
    assert old in rule.violation
    for violation in ("false", rule.violation.replace(old, new, 1), f"({rule.violation}) and unit is null"):
        others = [one for one in ALL_RULES if one.id != rule.id]
        assert set(prove([*others, replace(rule, violation=violation)])) == {rule.id}, violation
    assert set(prove([replace(rule, where="false")])) == {rule.id}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"violation": "true"}, "two equal figures break it"),
        ({"violation": "no_such_column > 1"}, "no_such_column"),
        ({"breaks": ()}, "no pair"),
        ({"breaks": ({"valeu": 3},)}, "valeu"),
    ],
)
def test_why_a_rule_is_dead(change: dict[str, object], why: str) -> None:
    rule = ALL_RULES[0]
    found = prove([replace(rule, **change), *ALL_RULES[1:]])  # type: ignore[arg-type]
    assert set(found) == {rule.id}
    assert why in found[rule.id]
    assert set(prove([rule, rule])) == {rule.id}
