"""Settings: read from a given environment, secrets stay out of what is printed."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from etl.errors import SettingsError
from etl.settings import ROOT, Settings


def test_defaults_stand_in_the_project() -> None:
    settings = Settings.from_environment({})
    assert settings.catalogs == (ROOT / "catalog",)
    assert settings.expectations == ROOT / "expectations"
    assert settings.home == ROOT / ".baocao"
    assert settings.store_url == str(ROOT / ".baocao" / "store")


def test_home_and_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({"BAOCAO_HOME": "here"})
    assert settings.home == tmp_path / "here"
    assert settings.store_url == str(tmp_path / "here" / "store")
    assert Settings.from_environment({"BAOCAO_STORE_URL": "s3://raw/x"}).store_url == "s3://raw/x"


def test_catalog_folders_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    folders = os.pathsep.join([str(tmp_path / "two"), "", str(tmp_path / "one")])
    assert Settings.from_environment({"BAOCAO_CATALOG": folders}).catalogs == (tmp_path / "two", tmp_path / "one")


def test_a_catalog_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="missing, which is not a folder"):
        Settings.from_environment({"BAOCAO_CATALOG": str(tmp_path / "missing")})


def test_how_many_pulls_at_once() -> None:
    assert Settings.from_environment({"BAOCAO_PULLS": "3"}).pulls == 3
    assert Settings.from_environment({"BAOCAO_PULLS": ""}).pulls == 16
    for wrong in ("0", "many", "-1", "1.5", "999999", "²"):
        with pytest.raises(SettingsError, match="BAOCAO_PULLS"):
            Settings.from_environment({"BAOCAO_PULLS": wrong})


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("https://one.example/path", "https://one.example/path"),
        ("env:BASE", "http://portal:8080/"),
        ("env:BASE/igate/08", "http://portal:8080/igate/08"),
    ],
)
def test_references_are_resolved(reference: str, value: str) -> None:
    assert Settings.from_environment({"BASE": "http://portal:8080/"}).resolve(reference) == value


@pytest.mark.parametrize("environment", [{}, {"TOKEN": ""}])
def test_an_unset_reference_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="variable TOKEN is not set"):
        Settings.from_environment(environment).resolve("env:TOKEN/x")


def test_the_warehouse_has_no_default() -> None:
    with pytest.raises(SettingsError, match="BAOCAO_WAREHOUSE_URL"):
        _ = Settings.from_environment({}).warehouse_url
    url = "postgresql+psycopg://warehouse"
    assert Settings.from_environment({"BAOCAO_WAREHOUSE_URL": url}).warehouse_url == url


def test_settings_print_no_secret_and_do_not_change() -> None:
    settings = Settings.from_environment({"TOKEN": "very-secret"})
    assert "very-secret" not in repr(settings)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.store_url = "elsewhere"  # type: ignore[misc]


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOCAO_STORE_URL", "memory://store")
    assert Settings.from_environment().store_url == "memory://store"


def test_memory_is_a_number_with_its_unit() -> None:
    for written, number in (("", 10**9), ("600MB", 600_000_000), ("1.5GiB", 3 << 29), ("2 gb", 2 * 10**9)):
        assert Settings.from_environment({"BAOCAO_MEMORY": written}).memory == number
    for wrong in ("600", "0MB", "much", "80%", "-1GB"):
        with pytest.raises(SettingsError, match="BAOCAO_MEMORY"):
            Settings.from_environment({"BAOCAO_MEMORY": wrong})
