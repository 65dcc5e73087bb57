from __future__ import annotations

import pytest

from etl.warehouse import Warehouse
from tests.warehouse.samples import INDICATORS, UNITS


@pytest.fixture
def warehouse(warehouse_url: str) -> Warehouse:
    """An empty warehouse that knows a small country and three indicators."""
    made = Warehouse(warehouse_url)
    made.migrate()
    made.sync_units(UNITS)
    made.sync_indicators(INDICATORS)
    return made
