"""Pulls of one province from a portal of the test's own, with the real catalog's platforms."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from etl import catalog
from etl.connectors import Response, pull
from etl.model import Paging, Platform, Source
from etl.periods import Period
from etl.settings import ROOT, Settings
from tests.connectors.loopback_portal import Portal

Q3 = Period.parse("2026-Q3")
HOME = Path(tempfile.mkdtemp(prefix="baocao-budgets-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
SECRET = "k3y-that-nobody-may-see"
PLATFORMS = catalog.load((ROOT / "catalog",)).platforms


def source_of(platform: str, **changes: Any) -> Source:
    base = Source("onestop_cao_bang", platform, "04", "env:PORTAL/x/04", "Cao Bằng")
    return replace(base, **{"credential": "env:BAOCAO_TEST_TOKEN" if platform == "igate" else None, **changes})


def settings(portal: Portal, **environment: str) -> Settings:
    env = {"PORTAL": portal.url, "BAOCAO_TEST_TOKEN": SECRET, **environment}
    return Settings((), Path(), HOME, "", env)


def collect(
    portal: Portal,
    platform: Platform,
    fields: Sequence[str] = ("ho_tich",),
    source: Source | None = None,
    **environment: str,
) -> list[Response]:
    return list(pull(source or source_of(platform.id), platform, Q3, fields, settings(portal, **environment)))


def quick(platform: Platform, seconds: float = 0.3) -> Platform:
    return replace(platform, request=replace(platform.request, timeout_seconds=seconds))


def paged(size: int, total: str | None) -> Platform:
    platform = PLATFORMS["opencps_v2"]
    return replace(platform, request=replace(platform.request, paging=Paging(size, None, total)))
