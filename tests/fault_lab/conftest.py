"""One lab for the whole run: its rounds are long, and each is judged by several tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from launcher.postgres import Postgres
from tests.fault_lab.lab import Lab, opened


@pytest.fixture(scope="session")
def lab(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(tmp_path_factory.mktemp("fault_lab"), postgres) as made:
        yield made
