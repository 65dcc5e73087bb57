"""The table of rules in docs/quality.md holds every rule of the suites once, and none that is not there."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import yaml

from etl.settings import ROOT


def test_every_rule_stands_once_in_the_table_of_rules() -> None:
    agreed = yaml.safe_load((ROOT / "expectations/agreed.yml").read_text("utf-8"))
    section = (ROOT / "docs/quality.md").read_text("utf-8").partition("## Which rules there are")[2]
    cells = [line.split("|")[3] for line in section.splitlines() if line.startswith("| ")][1:]
    patterns = [one for cell in cells for one in re.findall("`([^`]+)`", cell)]
    ids = {rule for suite in agreed.values() for rule in suite}
    assert len(patterns) > 40
    matched = {rule: [one for one in patterns if fnmatchcase(rule, one)] for rule in ids}
    assert {rule: found for rule, found in matched.items() if len(found) != 1} == {}
    assert [one for one in patterns if not any(fnmatchcase(rule, one) for rule in ids)] == []
