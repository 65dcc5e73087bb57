"""A list of single records that could not be counted as it is declared is told before anything is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from etl.catalog import load
from etl.errors import CatalogError
from etl.settings import ROOT


@pytest.mark.parametrize(
    ("platform", "old", "new", "problem"),
    [
        ("dossier_list", '"8": "8"', '"8": "11"', r"'11' is no national status"),
        ("dossier_list", '{"1": "1", "2": "2", "3": "3"}', '{"1": "4"}', r"'4' is no national channel"),
        ("dossier_list", "[handled]", "[taken]", r"'taken' is not counted"),
        ("dossier_list", '%d/%m/%Y", zone: local', '%d/%b/%Y", zone: local', "a format of %Y %m %d"),
        ("dossier_list", "%S%z", "%S", "exactly where the zone is `written`"),
        ("dossier_list", ", total: tongSo", "", "only a list of records whose declared total"),
        ("vxp", "sent_list: sent ", "sent_list: gone ", "one of request.lists"),
        ("vxp", "path: /{list}", "path: /all", "both or neither"),
        (
            "vxp",
            "received: [received]",
            "received: [received]\n  sent_signed: [sent_signed]",
            "only where .* signature",
        ),
        ("vxp", "received: [received]", "received: [received]\n  sent_paper: [sent_paper]", "only where .* form"),
        ("document_list", "GIAY: paper", "GIAY: fax", "'fax' is none of electronic, paper"),
        ("document_list", '"true": signed', '"true": "yes"', "'yes' is none of signed, unsigned"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, platform: str, old: str, new: str, problem: str) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", folder)
    path = folder / f"platforms/{platform}.yml"
    text = path.read_text("utf-8") + ("absent_is_zero: true\n" if platform == "dossier_list" else "")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(CatalogError, match=problem) as caught:
        load((folder,))
    assert caught.value.file.endswith(f"{platform}.yml")
