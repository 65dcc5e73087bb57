from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog.miniature import FILES, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A miniature catalog without a mistake."""
    return write(tmp_path / "catalog", FILES)
