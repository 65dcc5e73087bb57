"""Portals that fail on request. A fault is set for one platform of one province and stays until it is taken back.

Faults of the data strike the first commune in code order, in the first field it is busy in, so that a test knows
where to look. Where a platform's answers keep what a fault touches, its `Shape` says (`simulator.faults_shape`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.faults_data import spoilt
from simulator.faults_shape import DATA, KINDS, Record, Shape

__all__ = ["DATA", "KINDS", "SLOW_SECONDS", "Fault", "Faults", "Record", "Shape"]

SLOW_SECONDS = 60.0


@dataclass(frozen=True)
class Fault:
    """`seconds` is how long a slow portal takes; other kinds do not read it."""

    kind: str
    seconds: float = SLOW_SECONDS

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: one of {', '.join(KINDS)}")


class Faults:
    """The faults now set, by (platform, province). shapes: of every platform there is."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self._set: dict[tuple[str, str], Fault] = {}
        self._answers: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def put(self, platform: str, province: str, fault: Fault) -> None:
        """Raises ValueError for a fault that the platform cannot have."""
        if fault.kind not in self.shapes[platform].kinds:
            raise ValueError(f"{platform} cannot have the fault {fault.kind!r}")
        with self._lock:
            self._set[platform, province] = fault
            self._answers[platform, province] = 0

    def take_back(self, platform: str, province: str) -> None:
        with self._lock:
            self._set.pop((platform, province), None)

    def get(self, platform: str, province: str) -> Fault | None:
        return self._set.get((platform, province))

    def count(self, platform: str, province: str) -> int:
        """How many requests came since the fault was set, this one included."""
        with self._lock:
            self._answers[platform, province] += 1
            return self._answers[platform, province]

    def listed(self) -> dict[str, Record]:
        with self._lock:
            return {f"{platform}/{code}": vars(fault) for (platform, code), fault in sorted(self._set.items())}

    def spoil(
        self,
        platform: str,
        province: str,
        records: list[Record],
        shape: Shape,
        agency: str,
        struck: Callable[[Record], bool],
    ) -> list[Record]:
        """The records as the portal's fault has them, before they are paged.

        agency: code or name of the commune that is struck; struck: tells its one record to damage.
        """
        fault = self.get(platform, province)
        if fault is None or fault.kind not in DATA or fault.kind in shape.file:
            return records
        return spoilt(fault.kind, records, shape, agency, struck)
