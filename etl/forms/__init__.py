"""Fill a form, and prove it: every sum on its face is added again and must equal the warehouse's figure.

Nothing here reads a clock, a database or a folder: the same facts give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from etl.errors import FormError
from etl.forms import amended as amending
from etl.forms.blank import Blank, read_blank
from etl.forms.conformity import prove
from etl.forms.face import Shown, changed
from etl.forms.footnotes import WITHHELD, known_at, notes, other_days, reviewed, straddled
from etl.forms.grid import Key, Layout, Row, cell_fact, column_letter, layout, members
from etl.forms.package import CORE, described, pack
from etl.forms.preview import Preview, preview
from etl.forms.sheet import Formula, Line, plain_number, write
from etl.forms.styles import MARKS, PLAIN
from etl.forms.waived import Waived
from etl.model import NATION, Amendment, Fact, Field, Form, FormColumn, Hole, Source, SourceDays, Straddle, Unit
from etl.periods import Period
from etl.units import UnitTree

__all__ = [
    "Blank",
    "Cell",
    "Key",
    "Layout",
    "Preview",
    "Row",
    "Shown",
    "Waived",
    "cell_fact",
    "changed",
    "complete",
    "demanded",
    "fill",
    "layout",
    "members",
    "preview",
    "prove",
    "read_blank",
    "reviewed",
]


def fill(
    form: Form,
    blank: Blank,
    unit: Unit,
    period: Period,
    facts: Sequence[Fact],
    holes: Sequence[Hole],
    tree: UnitTree,
    fields: Mapping[str, Field],
    sources: Mapping[str, Source] | None = None,
    days: Sequence[SourceDays] = (),
    straddles: Sequence[Straddle] = (),
    titles: Mapping[str, str] | None = None,
    amendment: Amendment | None = None,
    before: Sequence[Fact] = (),
    reviewed: Sequence[str] = (),
    waived: Waived | None = None,
) -> bytes:
    """The form of one unit and period as an XLSX package; the same input gives the same bytes.

    blank: of the form, as `read_blank` gives it. facts: those of the unit, and of its
    children where the form repeats over them; others are passed over. holes: of any province.
    sources: where given, a missing source is named with its owner. days: those that the sources count; a source of
    other days than the period's is named at the foot. straddles: changes of units within a period, told there too.
    titles: of procedures by code, shown before it where there is one.
    reviewed: the last lines at the foot, what a reviewer decided (see `footnotes.reviewed`).
    waived: figures that stand by a waiver; the blank must be read with their styles.
    amendment: the approved restatement that touched the form last, which is then marked (R); before: the facts of then.
    Raises FormError when figures are of another period, come twice, or a sum on the form is not the warehouse's
    figure, and when the package differs from the blank anywhere but in the cells that the layout maps.
    """
    plan = layout(form, unit, facts, tree, fields)
    figures = _figures(form, unit, period, facts, plan)
    waived = waived or Waived()
    body = [_line(form, unit, row, plan, figures, titles or {}, waived) for row in plan.rows]
    shown = [figures.get(key) for key in plan.cells.values()]
    known = sources or {}
    foot = [
        *(
            []
            if amendment is None
            else [_amended(form, unit, period, amendment, (plan, figures), before, tree, fields)]
        ),
        *straddled(period, straddles),
        *other_days(form, unit, period, days, tree, known),
        *notes(form, unit, shown, holes, tree, fields, known, amendment is not None),
        *waived.notes(key for key in plan.cells.values() if _has_value(figures.get(key))),
        *reviewed,
    ]
    notes_below = (Line("note", (text,), {}) for text in foot)
    lines = [*body, Line("note_heading", ("Ghi chú:",), {}), *notes_below]
    mark = "" if amendment is None else amending.MARK
    parts = write(form, blank, lines, _markers(form, unit, period, tree, mark))
    title = f"{form.number} - {unit.name} - {period.key}{mark}"
    parts[CORE] = described(parts[CORE], title, known_at(shown) or period.end)
    if differences := prove(form, blank.parts, parts, plan):
        raise FormError(f"biểu {form.number}, {unit.name}, kỳ {period.key} khác biểu trống: {'; '.join(differences)}")
    return pack(parts)


class Cell(NamedTuple):
    """A cell that should hold a figure, and what stands there; fact: None where the warehouse has none."""

    address: str
    row: Row
    column: FormColumn
    key: Key
    fact: Fact | None

    @property
    def filled(self) -> bool:
        return self.fact is not None and self.fact.value is not None


def demanded(form: Form, unit: Unit, facts: Sequence[Fact], tree: UnitTree, fields: Mapping[str, Field]) -> list[Cell]:
    """Each cell of the form that should hold a figure. A ratio over nothing has none that could be withheld, and an
    optional column none where the source does not provide it or the load is older than the column."""
    plan = layout(form, unit, facts, tree, fields)
    told = {Key(fact.indicator, fact.unit, fact.tier, fact.field): fact for fact in facts}
    columns = {column_letter(index): column for index, column in enumerate(form.columns)}
    found = []
    for row in plan.rows:
        for letter in plan.columns:
            address, column = f"{letter}{row.number}", columns[letter]
            key = plan.cells[address]
            fact = told.get(key)
            bare = {"zero_denominator", "not_provided"} if column.optional else {"zero_denominator"}
            idle = column.optional if fact is None else fact.value is None and fact.reason in bare
            if not idle:
                found.append(Cell(address, row, column, key, fact))
    return found


def complete(form: Form, unit: Unit, facts: Sequence[Fact], tree: UnitTree, fields: Mapping[str, Field]) -> bool:
    """Whether each cell that should hold a figure does."""
    return all(cell.filled for cell in demanded(form, unit, facts, tree, fields))


def _figures(form: Form, unit: Unit, period: Period, facts: Sequence[Fact], plan: Layout) -> dict[Key, Fact]:
    wanted = set(plan.cells.values())
    figures: dict[Key, Fact] = {}
    for fact in facts:
        key = Key(fact.indicator, fact.unit, fact.tier, fact.field)
        if key not in wanted:
            continue
        where = f"biểu {form.number}, {unit.name}, kỳ {period.key}: số liệu {' / '.join(key)}"
        if fact.period != period.key:
            raise FormError(f"{where} thuộc kỳ {fact.period}")
        if key in figures:
            raise FormError(f"{where} có hai giá trị trong cùng một lần lập biểu")
        figures[key] = fact
    return figures


def _line(
    form: Form,
    unit: Unit,
    row: Row,
    plan: Layout,
    figures: Mapping[Key, Fact],
    titles: Mapping[str, str],
    waived: Waived,
) -> Line:
    """One body row; a row that is a sum is proven against its parts, cell by cell.

    Where the source itself knows the sum and not its parts (`not_provided`), the sum stands by itself; so does a share.
    """
    shares = {column_letter(index) for index, column in enumerate(form.columns) if column.share}
    values: dict[str, str | Decimal | Formula] = {}
    for letter in plan.columns:
        value = _value(plan, figures, f"{letter}{row.number}")
        parts = [_value(plan, figures, f"{letter}{part}") for part in row.parts]
        known = [part for part in parts if part is not None]
        cell = f"biểu {form.number}, {unit.name}, ô {letter}{row.number} ({row.label})"
        if value is None:
            values[letter] = WITHHELD
        elif (
            not parts or letter in shares or any(_not_provided(plan, figures, f"{letter}{part}") for part in row.parts)
        ):
            values[letter] = value
        elif len(known) < len(parts):
            raise FormError(f"{cell}: kho có tổng {plain_number(value)} dù còn số hạng chưa có số liệu")
        elif (total := sum(known, Decimal(0))) != value:
            raise FormError(f"{cell}: kho có {plain_number(value)} nhưng các dòng cộng lại bằng {plain_number(total)}")
        else:
            values[letter] = Formula(_sum_of(letter, row.parts), value)
    by_column = [column_letter(index) for index in range(2, len(form.columns))]
    marks = {
        index: MARKS.get(fact.state, PLAIN) + waived.mark(plan.cells[f"{letter}{row.number}"])
        for index, letter in enumerate(by_column, start=2)
        if letter in values and (fact := figures.get(plan.cells[f"{letter}{row.number}"])) is not None
        if fact.value is not None
    }
    label = f"{titles[row.field]} ({row.field})" if row.field in titles else row.label
    return Line(row.kind, (row.ordinal or None, label, *map(values.get, by_column)), marks)


def _has_value(fact: Fact | None) -> bool:
    return fact is not None and fact.value is not None


def _value(plan: Layout, figures: Mapping[Key, Fact], address: str) -> Decimal | None:
    fact = figures.get(plan.cells[address])
    return None if fact is None else fact.value


def _not_provided(plan: Layout, figures: Mapping[Key, Fact], address: str) -> bool:
    fact = figures.get(plan.cells[address])
    return fact is not None and fact.reason == "not_provided"


def _sum_of(letter: str, rows: Sequence[int]) -> str:
    if list(rows) == list(range(rows[0], rows[-1] + 1)):
        return f"SUM({letter}{rows[0]}:{letter}{rows[-1]})"
    return "+".join(f"{letter}{row}" for row in rows)


def _amended(
    form: Form,
    unit: Unit,
    period: Period,
    amendment: Amendment,
    now: tuple[Layout, Mapping[Key, Fact]],
    before: Sequence[Fact],
    tree: UnitTree,
    fields: Mapping[str, Field],
) -> str:
    plan = layout(form, unit, before, tree, fields)
    return amending.amended(form, amendment, now, (plan, _figures(form, unit, period, before, plan)))


def _markers(form: Form, unit: Unit, period: Period, tree: UnitTree, mark: str) -> dict[str, str]:
    above = unit.parent if unit.parent is not None and unit.parent in tree else NATION
    return {
        "don_vi_bao_cao": _body(unit, tree),
        "don_vi_nhan_bao_cao": form.recipient.get(unit.level) or _body(tree[above], tree),
        "ky_bao_cao": f"{period.title_vi}{mark}",
        "tu_ngay": f"{period.first_day:%d/%m/%Y}",
        "den_ngay": f"{period.last_day:%d/%m/%Y}",
    }


def _body(unit: Unit, tree: UnitTree) -> str:
    """Who reports for the unit."""
    if unit.code == NATION:
        return f"{unit.name} (tổng hợp {len(tree.at_level('province'))} tỉnh, thành phố)"
    if unit.level in ("province", "district", "commune"):
        return f"Ủy ban nhân dân {unit.type.casefold()}{unit.name.removeprefix(unit.type)}"
    return unit.name
