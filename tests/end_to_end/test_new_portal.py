"""A new portal of a known platform is one YAML file laid over the catalog, at run time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl import pipeline
from etl.errors import CatalogError
from tests.end_to_end.office import PERIOD, ROOT, Office, read_form_06a


def test_one_file_adds_a_portal(
    make_office: Callable[..., Office],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    field_codes: dict[str, str],
) -> None:
    base, site = tmp_path / "catalog", tmp_path / "site"
    shutil.copytree(ROOT / "catalog", base)
    (base / "sources/onestop_hue.yml").unlink()
    (site / "sources").mkdir(parents=True)
    office = make_office("new_portal", catalog=os.pathsep.join(map(str, (base, site))))

    hue = next(unit for unit in (source["unit"] for source in pipeline.sources() if source["id"] == "edoc_hue"))
    assert "hue_new" not in pipeline.plan(PERIOD)
    office.run()
    assert read_form_06a(office.form("II.06a", hue), field_codes)["all", "all"] == ["…"] * 11

    (site / "sources/hue_new.yml").write_text(
        f"platform: igate\n"
        f'unit: "{hue}"\n'
        f"owner: Trung tâm Phục vụ hành chính công thành phố Huế\n"
        f"address: env:BAOCAO_SIMULATOR_URL/igate/{hue}\n"
        f"credential: env:BAOCAO_SIMULATOR_TOKEN\n",
        encoding="utf-8",
    )
    assert "hue_new" in pipeline.plan(PERIOD)
    office.run(sources=["hue_new"])
    assert office.failures == {}
    printed = read_form_06a(office.form("II.06a", hue), field_codes)
    truth = office.truth("II.06a", hue)["all", "all"]
    assert int(printed["all", "all"][0]) == truth["received_total"]
    nation = read_form_06a(office.form("II.06a", "VN"), field_codes)
    assert int(nation["all", "all"][0]) == office.truth("II.06a", "VN")["all", "all"]["received_total"]


def test_a_mistake_in_the_file_is_named_before_anything_runs(
    make_office: Callable[..., Office], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    (site / "sources").mkdir(parents=True)
    (site / "sources/wrong.yml").write_text('platform: igate\nunit: "46"\nadress: https://example.vn\nowner: x\n')
    make_office("mistake", catalog=os.pathsep.join((str(ROOT / "catalog"), str(site))))
    with pytest.raises(CatalogError, match=r"wrong\.yml:3: adress"):
        pipeline.plan(PERIOD)
