"""The rules of the project with waivers of a test's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.end_to_end.office import ROOT


class Lay(Protocol):
    def __call__(self, *given: dict[str, Any]) -> None: ...


def copied(folder: Path) -> Lay:
    """What lays waivers over, in a copy of the expectations that is made here."""
    shutil.copytree(ROOT / "expectations", folder)

    def lay(*given: dict[str, Any]) -> None:
        told = yaml.safe_dump({"waivers": list(given)}, allow_unicode=True)
        (folder / "waivers.yml").write_text(told, "utf-8")

    return lay
