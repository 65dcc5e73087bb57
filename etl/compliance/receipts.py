"""A list of receipts kept elsewhere, as CSV: unit, form, period, received_at, kind. Pure.

Each line stands for itself: a bad one is told with its line, column and what to do, and nothing of it is kept; the good
ones are kept. The mended list can be imported again whole, because a row that is known already writes nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from etl.errors import PeriodError, ReceiptsError
from etl.model import Obligation, Submission, SubmissionKind
from etl.periods import TIMEZONE, Period

COLUMNS = ("unit", "form", "period", "received_at", "kind")
_KINDS: dict[str, SubmissionKind] = {kind: kind for kind in get_args(SubmissionKind)}
_VIETNAMESE = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
Owed = Callable[[str, Period], Mapping[str, Obligation]]
"""Of a form's number and a period: who owes it, by the code of the unit."""
Lines = list[tuple[int, Submission]]


@dataclass(frozen=True)
class Fault:
    """Why a line is not kept. `line` as a text editor counts, `field` the column ("-": the whole line)."""

    line: int
    field: str
    value: str
    problem: str
    advice: str


class _Unfit(Exception):
    """What is wrong with one value, and what to do about it."""

    def __init__(self, problem: str, advice: str) -> None:
        self.problem, self.advice = problem, advice


def read(content: bytes, forms: Collection[str], owed: Owed, now: dt.datetime) -> tuple[Lines, list[Fault]]:
    """The good lines with their numbers, and the faults. Raises ReceiptsError for a file that is no such list."""
    evidence = hashlib.sha256(content).hexdigest()
    good: Lines = []
    faults: list[Fault] = []
    for line, cells in _lines(content):
        if cells is None:
            problem = f"dòng không có đúng {len(COLUMNS)} ô / wrong number of cells"
            faults.append(Fault(line, "-", "", problem, "Bỏ ô thừa, hoặc đặt giá trị có dấu phẩy trong ngoặc kép."))
            continue
        found, told = _submission(cells, forms, owed, now, evidence)
        faults += [Fault(line, field, cells[field], one.problem, one.advice) for field, one in told.items()]
        if found is not None:
            good.append((line, found))
    return good, faults


def unfounded(good: Lines, known: Iterable[Submission]) -> tuple[Lines, list[Fault]]:
    """The lines without the corrections of what was never received, and those as faults. known: recorded before."""
    first: dict[tuple[str, str, str], dt.datetime] = {}
    for one in (*known, *(submission for _, submission in good)):
        if one.kind != "correction":
            key = (one.form, one.unit, one.period)
            first[key] = min(one.received_at, first.get(key, one.received_at))
    kept: Lines = []
    faults = []
    for line, one in good:
        filed = first.get((one.form, one.unit, one.period))
        if one.kind != "correction" or (filed is not None and filed <= one.received_at):
            kept.append((line, one))
            continue
        problem = f"chưa nhận báo cáo nào của {one.unit} trước bản sửa này / a correction of nothing received"
        faults.append(Fault(line, "kind", one.kind, problem, "Thêm dòng của báo cáo đầu tiên, hoặc ghi report."))
    return kept, faults


def _lines(content: bytes) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Of each line its number and its cells by column; None in place of another number of cells."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ReceiptsError("tệp không phải UTF-8: hãy lưu lại dạng CSV UTF-8 (the file is not UTF-8)") from problem
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading else ",", strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if sorted(names) != sorted(COLUMNS):
            raise ReceiptsError(
                f"dòng đầu phải có đúng các cột {', '.join(COLUMNS)}; tệp có: {', '.join(names) or 'không có gì'} "
                "(the first line names exactly these columns)"
            )
        line = reader.line_num + 1
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if any(values):
                yield line, dict(zip(names, values, strict=True)) if len(values) == len(names) else None
            line = reader.line_num + 1
    except csv.Error as problem:
        told = f"dòng {reader.line_num}: không đọc được CSV, hãy xem lại dấu ngoặc kép"
        raise ReceiptsError(f"{told} (line {reader.line_num} is no CSV: {problem})") from problem


def _submission(
    cells: Mapping[str, str], forms: Collection[str], owed: Owed, now: dt.datetime, evidence: str
) -> tuple[Submission | None, dict[str, _Unfit]]:
    """The line as a submission, or of each column at fault what is wrong."""
    told: dict[str, _Unfit] = {}
    period = received_at = kind = unit = None
    form = cells["form"] if cells["form"] in forms else None
    if form is None:
        told["form"] = _Unfit("không có biểu này / no such form", f"Các biểu: {', '.join(sorted(forms))}.")
    try:
        period = Period.parse(cells["period"])
    except PeriodError as problem:
        told["period"] = _Unfit(str(problem), "Ghi kỳ như 2021-Q3.")
    try:
        received_at = _moment(cells["received_at"], period, now)
    except _Unfit as problem:
        told["received_at"] = problem
    if (kind := _KINDS.get(cells["kind"])) is None:
        told["kind"] = _Unfit("không có loại này / no such kind", f"Ghi một trong: {', '.join(_KINDS)}.")
    if form is not None and period is not None:
        owing = owed(form, period)
        try:
            unit = _unit(cells["unit"], form, period, owing)
        except _Unfit as problem:
            told["unit" if owing else "period"] = problem
    if form is None or period is None or received_at is None or kind is None or unit is None:
        return None, told
    return Submission(form, unit, period.key, received_at, kind, "import", evidence), told


def _unit(code: str, form: str, period: Period, owing: Collection[str]) -> str:
    if code in owing:
        return code
    if not owing:
        raise _Unfit(f"không đơn vị nào phải gửi {form} kỳ này / nobody owes it", "Xem lại kỳ, hoặc số hiệu biểu.")
    padded = next((one for one in owing if code.isdigit() and one.lstrip("0") == code), None)
    if padded is not None:
        raise _Unfit("mã thiếu số 0 ở đầu / a leading zero is missing", f"Ghi {padded} (Excel hay bỏ số 0 ở đầu).")
    raise _Unfit(
        f"không phải đơn vị phải gửi {form} kỳ {period.key} / owes no such form for the period",
        f"Ghi mã thống kê đang hiệu lực ngày {period.last_day:%d/%m/%Y}.",
    )


def _moment(text: str, period: Period | None, now: dt.datetime) -> dt.datetime:
    moment = None
    for read in (dt.datetime.fromisoformat, *(_reader(pattern) for pattern in _VIETNAMESE)):
        try:
            moment = read(text)
            break
        except ValueError:
            continue
    if moment is None:
        advice = "Ghi 2021-03-20, 2021-03-20 09:30, 2021-03-20T09:30:00+07:00 hoặc 20/03/2021 09:30."
        raise _Unfit("không đọc được ngày giờ nhận / no date or moment", advice)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=TIMEZONE)
    if moment > now:
        raise _Unfit("ở tương lai / in the future", "Ghi lúc đã nhận.")
    if period is not None and moment.astimezone(TIMEZONE).date() < period.last_day:
        problem = f"trước khi kỳ {period.key} chốt số liệu ({period.last_day:%d/%m/%Y}) / before the period's last day"
        raise _Unfit(problem, "Xem lại kỳ hoặc ngày nhận.")
    return moment


def _reader(pattern: str) -> Callable[[str], dt.datetime]:
    return lambda text: dt.datetime.strptime(text, pattern).replace(tzinfo=TIMEZONE)
