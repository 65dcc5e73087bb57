"""Each portal is asked once for two quarters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from etl.periods import Period
from launcher.simulator import Simulator
from tests.drift.portals import SOURCES, Answers, asked


@pytest.fixture(scope="session")
def answers(simulator: Simulator) -> Callable[[str, Period], Answers]:
    return cache(lambda platform, period: asked(simulator, SOURCES[platform], period))
