"""The documents say what is there: every command, setting and noun, and no dead link."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest

from etl import __main__ as command_line
from etl import model
from etl.catalog import load
from tests.connectors.vendor_portals import PORTALS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
GLOSSARY = (ROOT / "GLOSSARY.md").read_text("utf-8")
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("bench/*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("catalog/**/*.md"),
    *ROOT.glob("deploy/**/*.md"),
]


@pytest.mark.parametrize("command", sorted(command_line.main.commands))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"`baocao {command}\b", README)


def test_every_command_of_make_is_told() -> None:
    """By `make help`, which `make` alone shows; and measuring is in the README too."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [targets] = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    told = {
        name
        for line in re.findall(r"^\t@echo .+$", makefile, re.MULTILINE)
        for name in re.findall(r"make ([a-z-]+)", line)
    }
    assert told == set(targets.split()) - {"help"}
    assert {target for target in targets.split() if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()
    assert {"bench", "bench-quick"} <= set(re.findall(r"`make ([a-z-]+)", README))


def test_every_setting_is_in_the_readme() -> None:
    code = "".join(path.read_text("utf-8") for folder in ("etl", "launcher") for path in ROOT.glob(f"{folder}/**/*.py"))
    settings = set(re.findall(r"\bBAOCAO_[A-Z_]+[A-Z]\b", code))
    assert len(settings) > 4
    assert {name for name in settings if name not in README} == set()


@pytest.mark.parametrize("noun", [name for name, kind in vars(model).items() if dataclasses.is_dataclass(kind)])
def test_every_noun_is_in_the_glossary(noun: str) -> None:
    assert f"`{noun}`" in GLOSSARY


def test_every_state_of_a_pull_is_in_the_readme() -> None:
    """Each once, in the order of the model, with the words that the command shows, and something to do."""
    told = re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \| [^|]+ \| [^|]{5,} \|$", README, re.MULTILINE)
    assert told == [(state, title.both) for state, title in model.PULL_STATES.items()]
    assert set(model.PULL_STATES) == set(get_args(model.PullState))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_link_is_dead(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text("utf-8"))
    dead = [target for target in targets if "://" not in target and not (document.parent / target).exists()]
    assert dead == []


def test_every_platform_is_used_by_a_source_or_read_in_a_test() -> None:
    """A platform without a source answers in PORTALS, or a whole run in tests/end_to_end adds a source of it."""
    catalog = load((ROOT / "catalog",))
    used = {source.platform for source in catalog.sources.values()}
    runs = "".join(path.read_text("utf-8") for path in (ROOT / "tests/end_to_end").glob("test_*.py"))
    run = {name for name in catalog.platforms if f"platform: {name}\n" in runs or f'"{name}"' in runs}
    assert used | set(PORTALS) | run == set(catalog.platforms)


def test_modules_stay_small() -> None:
    folders = ("etl", "dags", "plugins", "simulator", "launcher", "bench")
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for folder in folders
        for path in ROOT.glob(f"{folder}/**/*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}
