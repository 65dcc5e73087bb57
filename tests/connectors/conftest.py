"""A portal of the test's own for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.loopback_portal import Portal, opened


@pytest.fixture
def portal() -> Iterator[Portal]:
    with opened() as here:
        yield here
