"""Numbers, days and moments as readers of Vietnamese or English write them; moments are of Hanoi."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from etl.periods import TIMEZONE, Period

Lang = Literal["vi", "en"]
_GROUPED = re.compile(r"-?[0-9]{1,18}")


def number(value: int | str, lang: Lang) -> str:
    """1.234 or 1,234; a text that is no whole number is given back as it is, with what a source wrote."""
    text = str(value)
    if not _GROUPED.fullmatch(text):
        return text
    grouped = f"{int(text):,}"
    shown = grouped.replace(",", ".") if lang == "vi" else grouped
    return shown.replace("-", "−")


def signed(value: int, lang: Lang) -> str:
    return f"+{number(value, lang)}" if value > 0 else number(value, lang)


def percent(part: int, whole: int, lang: Lang) -> str:
    """One decimal, cut and not rounded, so that 100 % is all of them; a dash where there is no whole."""
    if not whole:
        return "–"
    tenths = part * 1000 // whole
    rest = f"{tenths // 10}" if part == whole else f"{tenths // 10}{',' if lang == 'vi' else '.'}{tenths % 10}"
    return f"{rest} %"


def day(iso: str) -> str:
    return f"{dt.date.fromisoformat(iso):%d/%m/%Y}"


def moment(iso: str) -> str:
    return f"{dt.datetime.fromisoformat(iso).astimezone(TIMEZONE):%H:%M %d/%m/%Y}"


def period(key: str, lang: Lang) -> str:
    one = Period.parse(key)
    if lang == "vi":
        return one.title_vi
    return f"Q{one.number} {one.year}" if one.kind == "quarter" else one.key
