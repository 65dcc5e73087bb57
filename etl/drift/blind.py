"""Where an exchange of two columns would not be told: it is made in the rows themselves, and the comparison asked.

Rows that are exchanged and not told look like rows that are right; what is told of neither of the two orders is not
proven in any. There somebody else may have stated the same figures: a source for comparison, or the quarter before,
whose closing stock is this one's opening stock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

import duckdb
import pyarrow as pa

from etl.drift.figures import CHANCE, CLEAR, FEWEST_AGENCIES, continued, exchanged, lay_out
from etl.model import Dataset

CLEARLY = 3.0
"""A statement of the same figures tells their order when they are three times as near to it in the one as in the other:
another system may count a dossier of no channel otherwise, and some came in late."""
LEAST = 0.05
"""By so much of what it states, at the least; of other days, by more than chance, and in measures not near to even."""

Pair = tuple[str, str, str]
"""Source, one measure, the other."""


@dataclass(frozen=True)
class Trial:
    """Two measures of a source that its portal could exchange without any sum showing it.

    other: "" where the other column feeds no measure. by: how much more `one` is, by agency and field, where a single
    column of several is exchanged; None: the measures are exchanged whole.
    """

    source: str
    one: str
    other: str
    by: Mapping[tuple[str, str], int] | None = None


@dataclass(frozen=True)
class Witness:
    """What somebody else states of a source's figures: standard rows of the same period.

    exact: whether they are of the very same days, too. independent: whether it comes from another house; one of the
    same may have the same columns exchanged, so that it can contradict and not confirm.
    """

    name: str
    source: str
    rows: pa.Table
    exact: bool
    independent: bool


@dataclass(frozen=True)
class Blind:
    """An exchange that nothing would tell. was, is_now: the share of `one` in both measures, where both are told.

    why: "first", no quarter before has them; "few", too few agencies; "even", the measures were near to even; "moved",
    their proportion changed about as much as an exchange would; "unread", the other column feeds no measure.
    """

    source: str
    one: str
    other: str
    why: Literal["first", "few", "even", "moved", "unread"]
    was: float | None
    is_now: float | None


@dataclass(frozen=True)
class Tried:
    """blind: proven in neither order. contradicted: nor told, but by who states them the other way round ("": the
    closing stock of the quarter before). confirmed: somebody independent states them as they are."""

    blind: dict[Pair, Blind]
    contradicted: dict[Pair, str]
    confirmed: set[Pair]


def try_out(
    now: pa.Table, before: pa.Table, dataset: Dataset, trials: Sequence[Trial], witnesses: Sequence[Witness]
) -> Tried:
    """now, before: standard rows of the sources; what is already told of them is told again of no trial."""
    if not trials:
        return Tried({}, {}, set())
    with duckdb.connect() as connection:
        lay_out(connection, now, before, list(dataset.columns))
        _register(connection, trials)
        connection.execute(_EXCHANGED)
        _stated(connection, dataset, witnesses)
        verdicts: dict[int, dict[bool, str]] = {}
        for number, name, independent, turned in connection.sql(_VERDICTS).fetchall():
            if turned or independent:
                verdicts.setdefault(int(number), {})[turned] = name
        sums = {int(number): found for number, *found in connection.sql(_SUMS).fetchall()}
        connection.execute(_TRIED.format(measures=_measures(dataset)))
        told = {(int(swap.source), swap.one, swap.other) for swap in exchanged(connection, dataset)}
    found = Tried({}, {}, set())
    for number, trial in enumerate(trials):
        pair, verdict = (trial.source, trial.one, trial.other), verdicts.get(number, {})
        if verdict.keys() == {False}:
            found.confirmed.add(pair)
        elif number in sums and (number, trial.one, trial.other) not in told:
            if verdict.keys() == {True} and trial.other:
                found.contradicted.setdefault(pair, verdict[True])
            else:
                found.blind.setdefault(pair, _why(trial, *sums[number]))
    return found


def _why(
    trial: Trial, agencies: int, one_old: float | None, other_old: float | None, one_new: float, other_new: float
) -> Blind:
    was = None if one_old is None or other_old is None else one_old / (one_old + other_old or 1)
    is_now = one_new / (one_new + other_new) if one_new + other_new else None
    why: Literal["first", "few", "even", "moved", "unread"] = "moved"
    if not trial.other:
        why = "unread"
    elif not agencies or was is None:
        why = "first"
    elif agencies < FEWEST_AGENCIES:
        why = "few"
    elif 0 < was < 1 and abs(log(was / (1 - was))) <= CLEAR:
        why = "even"
    return Blind(trial.source, trial.one, trial.other, why, was, is_now)


def _register(connection: duckdb.DuckDBPyConnection, trials: Sequence[Trial]) -> None:
    connection.register(
        "trial",
        pa.table(
            {
                "id": [f"{number}" for number in range(len(trials))],
                "source": [trial.source for trial in trials],
                "one": [trial.one for trial in trials],
                "other": [trial.other for trial in trials],
                "whole": [trial.by is None for trial in trials],
            }
        ),
    )
    parts = [(f"{n}", *place, by) for n, trial in enumerate(trials) for place, by in (trial.by or {}).items()]
    kinds = {"id": pa.string(), "agency": pa.string(), "field": pa.string(), "by": pa.int64()}
    connection.register(
        "part",
        pa.table({name: pa.array([part[at] for part in parts], kind) for at, (name, kind) in enumerate(kinds.items())}),
    )


def _stated(connection: duckdb.DuckDBPyConnection, dataset: Dataset, witnesses: Sequence[Witness]) -> None:
    """The table `stated`: who, of which source, and its figures by field."""
    connection.execute(
        "create temp table stated "
        "(name text, source text, exact boolean, independent boolean, field text, measure text, figure double)"
    )
    for opening, closing in continued(dataset).items():
        connection.execute(
            f"insert into stated select '', source, true, true, field, '{opening}', sum(figure) from before "
            f"where measure = '{closing}' group by source, field"
        )
    for witness in witnesses:
        connection.register("witness_rows", witness.rows)
        connection.execute(
            "insert into stated select ?, ?, ?, ?, coalesce(field, ''), measure, sum(figure) from "
            f"(unpivot (select field, {', '.join(dataset.columns)} from witness_rows where problem is null) "
            f"on {', '.join(dataset.columns)} into name measure value figure) group by field, measure",
            [witness.name, witness.source, witness.exact, witness.independent],
        )


def _measures(dataset: Dataset) -> str:
    stocks = " ".join(f"when '{opening}' then '{closing}'" for opening, closing in continued(dataset).items())
    return (
        f"t.one, t.other, case t.one {stocks} else '' end, case t.other {stocks} else '' end"
        if stocks
        else ("t.one, t.other")
    )


_EXCHANGED = """
create temp table placed as
select t.id, t.one, t.other, n.agency, n.field, n.figure as one_new, coalesce(m.figure, 0) as other_new,
    case when t.whole then m.figure - n.figure else coalesce(p.by, 0) end as "by"
from trial t join now n on n.source = t.source and n.measure = t.one
    left join now m on m.source = t.source and m.measure = t.other and m.agency = n.agency and m.field = n.field
    left join part p on p.id = t.id and p.agency = n.agency and p.field = n.field
where t.other = '' or m.figure is not null"""

_VERDICTS = f"""
with fields as (
    select id, one, other, field, sum(one_new) as one_new, sum(other_new) as other_new, sum("by") as "by"
    from placed group by all),
claims as (
    select id, field, one as measure, one_new as as_read, one_new + "by" as turned from fields
    union all
    select id, field, other, other_new, other_new - "by" from fields where other <> ''),
held as (
    select c.id, s.name, s.exact, s.independent, sum(abs(c.as_read - s.figure)) as as_read,
        sum(abs(c.turned - s.figure)) as turned, sum(s.figure) as volume,
        sum(s.figure) filter (c.measure = t.one) as one, sum(s.figure) filter (c.measure = t.other) as other
    from claims c join trial t using (id) join stated s
        on s.source = t.source and s.field = c.field and s.measure = c.measure
    group by all)
select id, name, independent, turned < as_read from held
where greatest(as_read, turned) >= {CLEARLY} * least(as_read, turned) and abs(as_read - turned) > {LEAST} * volume
    and (exact or (abs(as_read - turned) > {CHANCE} * sqrt(volume)
        and abs(ln((one + 0.5) / (other + 0.5))) > {CLEAR}))"""

_SUMS = """
with changed as (
    select id, sum(one_new) as one_new, sum(other_new) as other_new from placed group by id having bool_or("by" <> 0)),
agencies as (
    select source, count(distinct agency) as agencies from now semi join before using (source, agency) group by source),
sums as (
    select source, measure, sum(figure) as figure from before group by all)
select c.id, coalesce(agencies, 0), p.figure, q.figure, one_new, other_new
from changed c join trial t using (id) left join agencies a on a.source = t.source
    left join sums p on p.source = t.source and p.measure = t.one
    left join sums q on q.source = t.source and q.measure = t.other"""

_TRIED = """
create temp table was as
select t.id as source, agency, field, measure, figure from before b join trial t on b.source = t.source
where measure in ({measures});
create or replace temp table before as select * from was;
create or replace temp table now as
select id as source, agency, field, one as measure, one_new + "by" as figure from placed
union all
select id, agency, field, other, other_new - "by" from placed where other <> ''"""
