"""The foot of a form in plain Vietnamese: what is missing and why, then what the figures mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from etl.forms.styles import MARKS
from etl.model import (
    ALL,
    NATION,
    REVIEW_VERDICTS,
    Fact,
    Field,
    Finding,
    Form,
    Hole,
    Review,
    Source,
    SourceDays,
    Straddle,
    Unit,
)
from etl.periods import TIMEZONE, Interval, Period
from etl.units import UnitTree

WITHHELD = "…"
_REASONS = {
    "missing_source": "Chưa lấy được số liệu từ hệ thống nguồn",
    "missing_unit": "Đơn vị không có trong số liệu mà hệ thống nguồn trả về",
    "quarantined": "Số liệu sai quy tắc kiểm tra, đang tạm giữ để đơn vị rà soát",
    "unchecked": "Có quy tắc kiểm tra không chạy được, số liệu chưa kiểm tra nên tạm giữ",
    "divided": "Đơn vị nhận một phần của đơn vị cũ bị chia, nên không cộng được từ số liệu của đơn vị cũ",
    "not_provided": "Hệ thống nguồn không cung cấp số liệu",
    "zero_denominator": "Không tính được vì mẫu số bằng 0",
}
_NO_FIGURE = "Không có số liệu trong kho dữ liệu"
_MOST_NAMED = 30
"""Longer lists are cut, with their full count: a form is one page or two, the quality report has them all."""
_MARKED = {
    "moving": (
        "số liệu còn biến động, chưa chính thức: hệ thống nguồn trả lời kỳ đã chốt khác với lần lấy trước, hoặc số này "
        "có phần như vậy"
    ),
    "revised": "số liệu đã thay đổi so với lần ghi nhận đầu",
    "preliminary": "số liệu sơ bộ, chưa chính thức",
}
_AMENDED = "số liệu chính thức đã điều chỉnh sau khi công bố"
_STATES = {"final": "số liệu chính thức", "moving": "số liệu còn biến động"}


def notes(
    form: Form,
    unit: Unit,
    shown: Sequence[Fact | None],
    holes: Iterable[Hole],
    tree: UnitTree,
    fields: Mapping[str, Field],
    sources: Mapping[str, Source],
    amended: bool = False,
) -> list[str]:
    """Lines under the table, the first ones about missing figures. `shown`: the fact of each data cell.

    amended: the period was published, so that a revised figure is one that changed since.
    """
    relevant = [hole for hole in holes if hole.dataset == form.dataset and _concerns(hole, unit, tree)]
    withheld = [fact for fact in shown if fact is None or fact.value is None]
    lines = []
    if withheld:
        lines.append(
            f"Dấu “{WITHHELD}”: có phát sinh nhưng chưa có số liệu, không phải bằng 0; "
            f"số cộng có phần thiếu cũng ghi “{WITHHELD}”. Lý do:"
        )
    elif relevant:
        lines.append("Số liệu còn thiếu:")
    for reason in _REASONS:
        of_reason = [hole for hole in relevant if hole.reason == reason]
        if of_reason:
            named = _named(of_reason, unit, tree, fields, sources)
            lines.append(f"- {_REASONS[reason]} ({len(named)} đơn vị): {_listed(named)}.")
        elif any(fact is not None and fact.reason == reason for fact in withheld):
            lines.append(f"- {_REASONS[reason]}{_columns(form, reason, withheld)}.")
    if any(fact is None or fact.reason not in _REASONS for fact in withheld):
        lines.append(f"- {_NO_FIGURE}{_columns(form, None, withheld)}.")
    for state, mark in MARKS.items():
        if marked := sum(fact is not None and fact.value is not None and fact.state == state for fact in shown):
            words = _AMENDED if amended and state == "revised" else _MARKED[state]
            lines.append(f"Dấu “{mark}” ({marked} ô): {words}.")
    lines += form.notes
    lines.append(_taken([fact for fact in shown if fact is not None], amended))
    return lines


def in_words(reason: str | None) -> str:
    """Why there is no figure, within a sentence."""
    told = _REASONS.get(reason or "", _NO_FIGURE)
    told = f"{told[0].lower()}{told[1:]}"
    return told if reason == "zero_denominator" else f"chưa có số liệu vì {told}"


def straddled(period: Period, straddles: Iterable[Straddle]) -> list[str]:
    """What the calendar says of a period within which the units changed, and what that rests on."""
    return [
        f"{one.note.vi} (Căn cứ: {one.source}.)" for one in straddles if period.first_day < one.day <= period.last_day
    ]


def other_days(
    form: Form,
    unit: Unit,
    period: Period,
    days: Iterable[SourceDays],
    tree: UnitTree,
    sources: Mapping[str, Source],
) -> list[str]:
    """A line on the sources of the form that count other days than the period's; none where there are none."""
    named: dict[Interval, list[str]] = {}
    for one in days:
        counted, source = Interval(one.first_day, one.last_day), sources.get(one.source)
        if one.dataset != form.dataset or counted == period.days or source is None:
            continue
        province = tree[source.unit].parent if tree[source.unit].level == "commune" else source.unit
        within = source.unit == province == tree.home(unit.code)
        if within or unit.code in (NATION, province, source.unit):
            whose = f"{tree[source.unit].name} (nguồn {source.id}, hệ thống do {source.owner} quản lý)"
            named.setdefault(counted, []).append(whose)
    return [
        f"Số liệu KHÔNG phải của các ngày {period.days} mà của các ngày {counted}, vì hệ thống nguồn chỉ thống kê theo "
        f"tháng, quý dương lịch ({len(whose)} nguồn): {_listed(whose)}. Số cộng có phần này cũng không đúng "
        "các ngày của kỳ."
        for counted, whose in sorted(named.items())
    ]


def reviewed(
    unit: Unit, review: Review | None, findings: Iterable[Finding], tree: UnitTree, sources: Mapping[str, Source]
) -> list[str]:
    """A line on what a reviewer decided of the findings of a form that concern the unit; none where none does."""
    concerned = [one for one in findings if _of_unit(one, unit, tree, sources)]
    if review is None or not concerned:
        return []
    why = f" ({review.reason})" if review.reason else ""
    times = sum(one.times for one in concerned)
    return [
        f"Soát xét chất lượng số liệu: {review.decided_by}, ngày {review.decided_at.astimezone(TIMEZONE):%d/%m/%Y}, "
        f"{times} lỗi nghiêm trọng liên quan đến biểu này: {REVIEW_VERDICTS[review.verdict].vi}{why}."
    ]


def known_at(shown: Iterable[Fact | None]) -> dt.datetime | None:
    """The moment the youngest figure of the form was recorded; None for a form without figures."""
    return max((fact.recorded_at for fact in shown if fact is not None), default=None)


def _taken(facts: Sequence[Fact], amended: bool) -> str:
    moment = known_at(facts)
    if moment is None:
        return "Kho dữ liệu chưa có số liệu nào cho biểu này."
    states = {fact.state for fact in facts}
    if amended and "revised" in states:
        states |= {"final"}
    words = [words for state, words in _STATES.items() if state in states]
    if states & {"preliminary", "revised"} and not amended:
        words.insert(0, "số liệu sơ bộ")
    revised = sum(fact.state == "revised" for fact in facts)
    since = "bản đã công bố" if amended else "lần ghi nhận đầu"
    changed = f" ({revised} ô đã thay đổi so với {since})" if revised else ""
    return (
        f"Số liệu ghi nhận trong kho lúc {moment.astimezone(TIMEZONE):%H:%M:%S %d/%m/%Y} (giờ Hà Nội). "
        f"Tình trạng: {', '.join(words)}{changed}."
    )


def _columns(form: Form, reason: str | None, withheld: Iterable[Fact | None]) -> str:
    touched = {
        fact.indicator
        for fact in withheld
        if fact is not None and (fact.reason == reason if reason else fact.reason not in _REASONS)
    }
    numbers = [f"({column.number})" for column in form.columns if column.indicator in touched]
    return f": cột {', '.join(numbers)}" if numbers else ""


def _listed(named: list[str]) -> str:
    rest = len(named) - _MOST_NAMED
    return "; ".join(named[:_MOST_NAMED]) + (
        f"; và {rest} trường hợp khác (xem báo cáo chất lượng)" if rest > 0 else ""
    )


def _named(
    holes: Iterable[Hole], unit: Unit, tree: UnitTree, fields: Mapping[str, Field], sources: Mapping[str, Source]
) -> list[str]:
    """One entry for each unit and tier that a hole touches, with its fields; in code order."""
    touched: dict[tuple[str, str, str, str], set[str]] = {}
    for hole in holes:
        key = (hole.province, hole.unit or "", hole.tier or ALL, hole.source)
        touched.setdefault(key, set()).add(hole.field or ALL)
    found = []
    for (province, code, tier, source), codes in sorted(touched.items()):
        whose = _whose(province, code, tier, unit, tree)
        if ALL not in codes:
            whose += _parts(codes, fields)
        if not code and tree.home(unit.code) == province and source in sources:
            whose += f" (hệ thống do {sources[source].owner} quản lý)"
        found.append(whose)
    return list(dict.fromkeys(found))


def _concerns(hole: Hole, unit: Unit, tree: UnitTree) -> bool:
    """Whether a figure of the unit may be missing for it. Not so for what is another commune's."""
    if unit.code in (NATION, hole.province):
        return True
    below = hole.unit is not None and hole.unit in tree and unit.code in {one.code for one in tree.below(hole.unit)}
    return hole.province == tree.home(unit.code) and (hole.unit is None or below)


def _of_unit(finding: Finding, unit: Unit, tree: UnitTree, sources: Mapping[str, Source]) -> bool:
    """Whether it is of the unit's province. What is of no province may be of any; all of it concerns the nation."""
    of = finding.unit
    if (of is None or of not in tree) and finding.source in sources:
        of = sources[finding.source].unit
    return unit.code == NATION or of is None or of not in tree or tree.home(of) in (NATION, tree.home(unit.code))


def _parts(codes: set[str], fields: Mapping[str, Field]) -> str:
    """Which fields, or procedures, which are known by their codes only."""
    named = [fields[code].name for code in fields if code in codes]
    others = sorted(codes - fields.keys())
    more = f" và {len(others) - _MOST_NAMED} thủ tục khác" if len(others) > _MOST_NAMED else ""
    told = f", lĩnh vực {', '.join(named)}" if named else ""
    return told + (f", thủ tục {', '.join(others[:_MOST_NAMED])}{more}" if others else "")


def _whose(province: str, code: str, tier: str, unit: Unit, tree: UnitTree) -> str:
    home = tree[province].name if province in tree else province
    if not code:
        return home
    if code == province:
        return f"{home}, sở, ban, ngành cấp tỉnh" if tier == "province" else home
    name = tree[code].name if code in tree else code
    return name if unit.code == province else f"{name} ({home})"
