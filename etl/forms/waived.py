"""Figures that stand on a form by a waiver: never without a mark, and who answers for them at the foot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from etl.forms.grid import Key
from etl.forms.styles import WAIVED
from etl.model import Waiver


@dataclass(frozen=True)
class Waived:
    """by: the figures that broke a rule, and those made of them, each with the ids of the waivers that let it pass."""

    by: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)

    def mark(self, key: Key) -> str:
        return WAIVED if key in self.by else ""

    def of(self, key: Key) -> list[Waiver]:
        return [self.waivers[one] for one in sorted(self.by.get(key, ()))]

    def notes(self, shown: Iterable[Key]) -> list[str]:
        """A line for each waiver. shown: the figures with a value on the form."""
        cells: dict[str, int] = {}
        for key in shown:
            for one in self.by.get(key, ()):
                cells[one] = cells.get(one, 0) + 1
        return [_note(self.waivers[one], cells[one]) for one in sorted(cells)]


def _note(waiver: Waiver, cells: int) -> str:
    return (
        f"Dấu “{WAIVED}” ({cells} ô): số liệu không đạt quy tắc {waiver.rule}, hoặc có phần như vậy, công bố theo miễn "
        f"trừ {waiver.id}: {waiver.reason}. {waiver.owner} chịu trách nhiệm về số liệu; {waiver.agreed_by} đồng ý; hết "
        f"hạn {waiver.expires:%d/%m/%Y}."
    )
