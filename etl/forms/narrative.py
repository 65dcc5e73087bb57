"""The report in words, filled into its blank DOCX: each figure, what changed since the period before and over the year.

Number, symbol, date and signer stay blank: the office fills them in. The same figures give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from etl.errors import CatalogError
from etl.forms import xml
from etl.forms.footnotes import WITHHELD, in_words, known_at, notes, other_days, reviewed, straddled
from etl.forms.grid import Key
from etl.forms.package import CORE, described, pack, unpack
from etl.forms.sheet import plain_number
from etl.forms.styles import MARKS
from etl.forms.waived import Waived
from etl.model import (
    ALL,
    Fact,
    Field,
    Finding,
    Form,
    Hole,
    Indicator,
    Narrative,
    RestatedFact,
    Review,
    Section,
    Source,
    SourceDays,
    Straddle,
    Unit,
)
from etl.model.bookmarks import Bookmark, Than
from etl.periods import Period
from etl.units import UnitTree

_DOCUMENT = "word/document.xml"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BEGIN, _OF, _END = "\ue000", "\ue001", "\ue002"
"""Private signs of Unicode, which no text of a report has: the name of a bookmark and what it holds stand between them
until all is written."""
_MARKED = re.compile(f"{_BEGIN}(.*?){_OF}(.*?){_END}")
_FIRST_BOOKMARK = 1000
"""Numbers below are the blank's."""

Past = Mapping[str, RestatedFact]
"""Figures of the unit as a whole in an earlier period, on its boundaries of now, by indicator."""


@dataclass(frozen=True)
class Told:
    """What a narrative rests on. facts: of the unit as a whole, by indicator. review: of the critical findings, by
    dataset."""

    facts: Mapping[str, Fact]
    before: Past
    year_before: Past
    holes: tuple[Hole, ...]
    days: tuple[SourceDays, ...]
    straddles: tuple[Straddle, ...]
    review: Review | None = None
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    waived: Waived = field(default_factory=Waived)

    def mark(self, fact: Fact) -> str:
        """What stands behind a figure."""
        return MARKS.get(fact.state, "") + self.waived.mark(_key(fact))


def narrate(
    report: Narrative,
    blank: bytes,
    unit: Unit,
    period: Period,
    told: Told,
    tree: UnitTree,
    forms: Mapping[str, Form],
    indicators: Mapping[str, Indicator],
    fields: Mapping[str, Field],
    sources: Mapping[str, Source],
) -> bytes:
    """The report of one unit and period as a DOCX package. Raises CatalogError for another blank than the pinned."""
    from docxtpl import DocxTemplate

    found = hashlib.sha256(blank).hexdigest()
    if found != report.blank_sha256:
        problem = f"the blank forms/{report.number}.docx is not the one pinned here: its sha256 is {found}"
        raise CatalogError(f"narratives/{report.number}.yml", 1, "blank_sha256", problem)
    words = {
        "don_vi": f"{unit.name[0].lower()}{unit.name[1:]}",
        "ky": _lower(period.title_vi).replace("Quý ", "Quý\N{NO-BREAK SPACE}"),
        "tu_ngay": f"{period.first_day:%d/%m/%Y}",
        "den_ngay": f"{period.last_day:%d/%m/%Y}",
    }
    issuer = report.issued_by.get(unit.level)
    bare = unit.name.removeprefix(unit.type).strip()
    context = {
        "co_quan_1": (issuer or "Ủy ban nhân dân").upper(),
        "co_quan_2": "" if issuer else unit.name.upper(),
        "dia_danh": report.places.get(unit.code, bare),
        "trich_yeu": report.title.format(**words),
        "kinh_gui": list(report.recipients[unit.level]),
        "mo_dau": report.opening.format(**words),
        "cac_muc": [
            _section(one, unit, period, told, tree, forms[one.form], indicators, fields, sources)
            for one in report.sections
        ],
        "ket": report.closing.format(**words),
    }
    document = DocxTemplate(io.BytesIO(blank))
    document.render(context, autoescape=True)
    target = io.BytesIO()
    document.save(target)
    parts = unpack(target.getvalue())
    parts[_DOCUMENT] = _bookmarked(parts[_DOCUMENT])
    moment = known_at(told.facts.values()) or period.end
    parts[CORE] = described(parts[CORE], f"{report.number} - {unit.name} - {period.key}", moment)
    return pack(parts)


def _section(
    section: Section,
    unit: Unit,
    period: Period,
    told: Told,
    tree: UnitTree,
    form: Form,
    indicators: Mapping[str, Indicator],
    fields: Mapping[str, Field],
    sources: Mapping[str, Source],
) -> dict[str, Any]:
    shown = [told.facts.get(code) for code in section.rows]
    phrases = {code: _phrase(one, told, code) for code, one in indicators.items() if one.dataset == form.dataset}
    lines = [
        *straddled(period, told.straddles),
        *other_days(form, unit, period, told.days, tree, sources),
        *notes(replace(form, notes=()), unit, shown, told.holes, tree, fields, sources),
    ]
    past = [one for code in section.rows for of in (told.before, told.year_before) if (one := of.get(code))]
    if any(one.label != "reported" for one in past):
        lines.append("Số kỳ trước, cùng kỳ năm trước cộng từ số liệu của các đơn vị đã nhập vào đơn vị hiện nay.")
    if any(one.value is not None and one.moving for one in past):
        lines.append("Dấu “*” ở số kỳ trước: số liệu còn biến động, chưa chính thức.")
    lines += told.waived.notes(_key(fact) for fact in shown if fact is not None and fact.value is not None)
    lines += reviewed(unit, told.review, told.findings.get(form.dataset, ()), tree, sources)
    return {
        "tieu_de": section.heading,
        "cac_doan": [text.format(**phrases) for text in section.paragraphs],
        "ten_bang": f"Số liệu {_lower(period.title_vi)} (chi tiết tại biểu {form.number} kèm theo):",
        "ten_ky_truoc": period.previous().title_vi,
        "cac_dong": [_row(indicators[code], told, code) for code in section.rows],
        "cac_ghi_chu": [line.removeprefix("- ") for line in lines],
    }


def _row(indicator: Indicator, told: Told, code: str) -> dict[str, str]:
    fact, before = told.facts.get(code), told.before.get(code)
    now, then = None if fact is None else fact.value, _value(before)
    return {
        "ten": f"{indicator.title.vi}{' (%)' if indicator.ratio else ''}",
        "ky_nay": _figure(indicator, now) + (told.mark(fact) if fact and now is not None else ""),
        "ky_truoc": _figure(indicator, then, of="before")
        + ("*" if before and before.moving and then is not None else ""),
        "thay_doi": _changed(indicator, now, then, "before") or WITHHELD,
        "cung_ky": _changed(indicator, now, _value(told.year_before.get(code)), "year_before") or WITHHELD,
    }


def _key(fact: Fact) -> Key:
    return Key(fact.indicator, fact.unit, fact.tier, fact.field)


def _phrase(indicator: Indicator, told: Told, code: str) -> str:
    """A figure within a sentence, with what changed since the period before; or why it is missing."""
    fact, before = told.facts.get(code), told.before.get(code)
    if fact is None or fact.value is None:
        return in_words(None if fact is None else fact.reason)
    changed = _changed(indicator, fact.value, _value(before), "before")
    compared = f"{changed} so với kỳ trước" if changed else "không so sánh được vì kỳ trước chưa có số liệu"
    shown, mark = _figure(indicator, fact.value), told.mark(fact)
    figure = f"{shown}%{mark}" if indicator.ratio else f"{shown}{mark} {indicator.unit_of_measure.vi}"
    return f"{figure} ({compared})"


def _changed(indicator: Indicator, now: Decimal | None, before: Decimal | None, than: Than) -> str | None:
    """What changed, in words; None from or to a missing figure. A rate changes by percentage points; where there was
    nothing before, there is no percentage."""
    if now is None or before is None:
        return None
    by, name = now - before, Bookmark(indicator.code, None, than, "difference").name
    if by == 0:
        return _marked(name, "không đổi")
    told = _marked(name, f"{'tăng' if by > 0 else 'giảm'} {_shown(indicator, abs(by))}")
    if indicator.ratio:
        return f"{told} điểm phần trăm"
    part = Bookmark(indicator.code, None, than, "percent").name
    return f"{told} ({_marked(part, _decimal(abs(by) / before * 100, 1))}%)" if before else told


def _shown(indicator: Indicator, value: Decimal) -> str:
    if indicator.ratio:
        return _decimal(value * 100, 2)
    whole = plain_number(value)
    return f"{int(whole):,}".replace(",", ".")


def _figure(indicator: Indicator, value: Decimal | None, of: Than | None = None) -> str:
    """As shown, between the signs that become its bookmark."""
    return WITHHELD if value is None else _marked(Bookmark(indicator.code, of).name, _shown(indicator, value))


def _marked(name: str, shown: str) -> str:
    return f"{_BEGIN}{name}{_OF}{shown}{_END}"


def _bookmarked(part: bytes) -> bytes:
    """The document with a bookmark around each figure and change: see etl.model.bookmarks."""
    root = xml.parse(part)
    places: Counter[str] = Counter()
    for text in [one for one in root.iter(f"{_WORD}t") if _BEGIN in (one.text or "")]:
        run = text.getparent()
        pieces = _MARKED.split(text.text)
        for index, piece in enumerate(pieces):
            if index % 3 == 1 or not piece:
                continue  # the name: said with the figure that follows
            told = deepcopy(run)
            told.find(f"{_WORD}t").text = piece
            told.find(f"{_WORD}t").set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            if index % 3 == 0:
                run.addprevious(told)
                continue
            first = pieces[index - 1]
            places[first] += 1
            number = str(_FIRST_BOOKMARK + places.total())
            name = first if places[first] == 1 else f"{first}_{places[first]}"
            run.addprevious(run.makeelement(f"{_WORD}bookmarkStart", {f"{_WORD}id": number, f"{_WORD}name": name}))
            run.addprevious(told)
            run.addprevious(run.makeelement(f"{_WORD}bookmarkEnd", {f"{_WORD}id": number}))
        run.getparent().remove(run)
    return xml.document(root)


def _decimal(value: Decimal, digits: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,}".translate(str.maketrans(",.", ".,"))


def _value(past: RestatedFact | None) -> Decimal | None:
    return None if past is None else past.value


def _lower(title: str) -> str:
    return f"{title[0].lower()}{title[1:]}" if not title.startswith("Quý") else title


def whole(facts: Iterable[Fact], unit: str) -> dict[str, Fact]:
    """By indicator, the figures of the unit over all tiers and fields."""
    return {fact.indicator: fact for fact in facts if (fact.unit, fact.tier, fact.field) == (unit, ALL, ALL)}
