"""What is counted of a list of single records, as SQL over all of them: no loop, and out of core where it must be.

The tables asked: record and party (`etl.parsing.listing`), page (number, payload, uri, at, fetched_at), code (name,
written, code), skipped (agency, skip) for those outside the report, agency (written, unit, tier) and field (written,
code). The table made is `counted`, a row a record and agency: `why` it is left out ("" where it counts), what is
`wrong` with it, what is only `warned` of, and a truth value for each count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl.model import COUNTS, Codes, Documents, Dossiers, FaultyDossiers, Moment
from etl.parsing.listing import Kind, codes_of
from etl.periods import Period
from etl.tables import COUNTED

_ZONE = "Asia/Ho_Chi_Minh"
_DIGITS = {"Y": r"\d{4}", "f": r"\d{1,6}", "z": r"[+-]\d{2}:?\d{2}"} | dict.fromkeys("mdHMS", r"\d{2}")
_SHOWN = 3
_NTH = "page << 32 | place"
"""Where a record stands in the whole list, as a number."""
_OUTSIDE = "ngoài phạm vi báo cáo"
_RECORD = "READ-RECORD"
"""The rule of whatever has no rule of its own."""
_STATUS = "'trạng thái không có trong danh mục'"
_NOTHING_WRONG = 'null::struct(rule varchar, "column" varchar, value varchar, why varchar)'
_BEYOND = "ngoài kỳ báo cáo"


LEFT_OUT_OF = """select g.payload, g.at || '/' || place as pointer, why as reason, coalesce(agency, '') as agency
from counted join page g on g.number = counted.page where why <> '' order by counted.page, place"""
"""The records that count for no row, once for each agency that they name."""


def counting(kind: Kind, period: Period) -> str:
    """The statement that makes `counted`."""
    if isinstance(kind, Documents):
        return documents(kind, period)
    return dossiers(kind, period) if isinstance(kind, Dossiers) else faulty_dossiers(kind)


def day_of(moment: Moment, column: str) -> str:
    """The calendar day in Vietnam of a text column, null where it is not written exactly as declared."""
    pattern = re.sub(
        r"%([YmdHMSfz])", lambda found: _DIGITS[found[1]], re.sub(r"[.+*?(){}|\[\]]", r"\\\g<0>", moment.format)
    )
    parsed = f"try_strptime({column}, {_text(moment.format)})"
    day = {
        "local": f"{parsed}::date",
        "utc": f"(({parsed} at time zone 'UTC') at time zone '{_ZONE}')::date",
        "written": f"({parsed} at time zone '{_ZONE}')::date",
    }[moment.zone]
    return f"case when regexp_full_match({column}, {_text(pattern)}) then {day} end"


def dossiers(kind: Dossiers, period: Period) -> str:
    """`counted` by the definitions of form II.06a: by calendar date, statuses as they are in the list.

    1 and 3 are no dossiers of the report; 7, 9 and 10 are closed, 7 (returned) always on time; 5 waits, and is in time.
    A dossier without a channel is received, and neither online nor direct.
    """
    first, last = f"date '{period.first_day}'", f"date '{period.last_day}'"
    wrong = _wrong(
        (_RECORD, "lacks is not null", _text(""), "lacks", "'thiếu cột ' || lacks"),
        ("READ-STATUS", "status is null", _text(kind.status.column), "status_written", _STATUS),
        (_RECORD, "channel is null and channel_written is not null", _text(kind.channel.column), "channel_written",
         "'kênh thực hiện không có trong danh mục'"),
        *([(_RECORD, "level is null and level_written is not null", _text(kind.level.column), "level_written",
            "'mức độ dịch vụ không có trong danh mục'")] if kind.level else []),
        ("READ-UNRECEIVED", "received is null", _text(kind.received.column), "''", "'không có ngày tiếp nhận'"),
        ("READ-UNENDED", "closed and finished is null", _text(kind.finished.column), "''",
         "'đã kết thúc mà không có ngày kết thúc'"),
        ("READ-END", "finished < received", _text(kind.finished.column), "finished::varchar",
         "'kết thúc trước ngày tiếp nhận'"),
        ("READ-DUE", "due < received", _text(kind.due.column), "due::varchar", "'hạn trả trước ngày tiếp nhận'"),
        *(("READ-FUTURE", f"{name} > seen", _text(moment.column), f"{name}::varchar", "'ngày ở tương lai'")
          for name, moment in (("received", kind.received), ("finished", kind.finished))),
    )  # fmt: skip
    low = "level = '2' and channel = '2' and fresh" if kind.level else "false"
    warned = _wrong(
        ("READ-CHANNEL", "fresh and channel is null and channel_written is null", _text(kind.channel.column), "'null'",
         "''"),
        ("READ-LEVEL-2", low, _text(kind.level.column if kind.level else ""), "'2'", "''"),
    )  # fmt: skip
    level, join = ("", "") if kind.level is None else (
        ", l.code as level, r.level as level_written", "left join code l on l.name = 'level' and l.written = r.level"
    )  # fmt: skip
    return f"""create temp table counted as
with life as (
    select r.page, r.place, r.key, r.field, r.lacks, p.agency, p.skip, s.code as status, c.code as channel,
        r.status as status_written, r.channel as channel_written{level},
        (g.fetched_at at time zone '{_ZONE}')::date as seen,
        {day_of(kind.received, "nullif(r.received, '')")} as received,
        {day_of(kind.due, "nullif(r.due, '')")} as due,
        {day_of(kind.finished, "nullif(r.finished, '')")} as finished
    from record r join party p using (page, place) join page g on g.number = r.page
    left join code s on s.name = 'status' and s.written = r.status
    left join code c on c.name = 'channel' and c.written = r.channel
    {join}
), known as (
    select *, coalesce(status in ('7', '9', '10'), false) as closed from life
), judged as (
    select *,
        case when status in ('1', '3') then 'chưa hoặc không được tiếp nhận (trạng thái 1, 3)'
            when received > {last} and coalesce(finished >= received, true) then '{_BEYOND}'
            when closed and finished < {first} and received <= finished then '{_BEYOND}'
            when (agency, skip) in (select (agency, skip) from skipped) then '{_OUTSIDE}'
            else '' end as why,
        {wrong} as wrong,
        closed and finished between {first} and {last} as resolved,
        received <= {last} and (not closed or finished > {last}) as pending,
        received between {first} and {last} as fresh
    from known
)
select page, place, key, agency, field, why, wrong, {warned} as warned,
    resolved or pending as handled,
    fresh and channel = '2' as online,
    fresh and channel in ('1', '3') as direct_postal,
    received < {first} and (not closed or finished >= {first}) as old,
    resolved,
    resolved and status <> '7' and finished < due as early,
    resolved and (status = '7' or due is null or finished = due) as on_time,
    resolved and status <> '7' and finished > due as late,
    pending,
    pending and (status = '5' or due is null or due >= {last}) as in_time,
    pending and status <> '5' and due < {last} as overdue
from judged"""


def faulty_dossiers(kind: FaultyDossiers) -> str:
    """`counted`: the checks that the vendor names, made again; a dossier that breaks none is unexplained."""
    wrong = _wrong(
        (_RECORD, "lacks is not null", _text(""), "lacks", "'thiếu cột ' || lacks"),
        ("READ-STATUS", "status is null", _text(kind.status.column), "status_written", _STATUS),
        *(
            (_RECORD, f"{name} is null and {name}_written is not null", _text(codes.column),
             f"{name}_written", "'mã không có trong danh mục'")
            for name, codes in codes_of(kind).items()
        ),
    )  # fmt: skip
    checks = {
        "level_2_online": "level = '2' and channel = '2'",
        "no_receive_date": "received is null and status <> '5'",
        "done_no_end": "status in ('9', '10') and finished is null",
        "receive_in_future": "received > seen",
        "end_in_future": "finished > seen",
        "end_before_receive": "finished < received",
    }
    made = "".join(f", coalesce({check}, false) as {name}" for name, check in checks.items())
    return f"""create temp table counted as
with life as (
    select r.page, r.place, r.key, r.field, r.lacks, p.agency, p.skip,
        s.code as status, c.code as channel, l.code as level,
        r.status as status_written, r.channel as channel_written, r.level as level_written,
        (g.fetched_at at time zone '{_ZONE}')::date as seen,
        {day_of(kind.received, "nullif(r.received, '')")} as received,
        {day_of(kind.finished, "nullif(r.finished, '')")} as finished
    from record r join party p using (page, place) join page g on g.number = r.page
    left join code s on s.name = 'status' and s.written = r.status
    left join code c on c.name = 'channel' and c.written = r.channel
    left join code l on l.name = 'level' and l.written = r.level
), judged as (select *, {wrong} as wrong{made} from life)
select page, place, key, agency, field, wrong, {_wrong()} as warned,
    case when (agency, skip) in (select (agency, skip) from skipped) then '{_OUTSIDE}' else '' end as why,
    true as listed, {", ".join(checks)}, not ({" or ".join(checks)}) as unexplained
from judged"""


def documents(kind: Documents, period: Period) -> str:
    """`counted`: a document is one sent, and one received for each recipient, on the day of its `time`.

    What is on paper is counted apart; only an electronic document must say whether it is signed.
    """
    names = codes_of(kind)
    electronic = "coalesce(form = 'electronic', false)" if kind.form is not None else "true"
    needed = {name: f" and {electronic}" if name == "signature" else "" for name in names}
    wrong = _wrong(
        (_RECORD, "lacks is not null", _text(""), "lacks", "'thiếu cột ' || lacks"),
        (_RECORD, "day is null", _text(kind.time.column), "''", "'không có ngày gửi, nhận'"),
        *(
            (
                _RECORD,
                f"{name} is null{needed[name]}",
                _text(codes.column),
                f"{name}_written",
                "'mã không có trong danh mục'",
            )
            for name, codes in names.items()
        ),
    )
    signed = "coalesce(signature = 'signed', false)" if kind.signature is not None else "false"
    made = "".join(
        f", counts = '{way}' and {is_} as {way}{end}"
        for way in ("sent", "received")
        for end, is_ in (("", electronic), ("_signed", f"{electronic} and {signed}"), ("_paper", f"not {electronic}"))
    )
    taken = "".join(f", {name}.code as {name}, r.{name} as {name}_written" for name in names)
    joined = " ".join(
        f"left join code {name} on {name}.name = '{name}' and {name}.written = r.{name}" for name in names
    )
    others = [name for name in names if name.startswith("code_") and names[name].column != kind.status]
    left_out = "".join(
        f" when {name} = '' then {_text(f'không tính theo {codes.column} = ')} || {name}_written"
        for name, codes in names.items()
        if name.startswith("code_")
    )
    return f"""create temp table counted as
with sheet as (
    select r.page, r.place, r.key, r.field, r.lacks, p.agency, p.skip, p.counts, p.other,
        {day_of(kind.time, "nullif(r.time, '')")} as day{taken}
    from record r join party p using (page, place) {joined}
)
select page, place, key, agency, field, skip, counts, other, day, {wrong} as wrong, {_wrong()} as warned,
    {" and ".join(["true", *(f"coalesce({name} = 'counts', false)" for name in others)])} as document,
    case{left_out}
        when day not between date '{period.first_day}' and date '{period.last_day}' then '{_BEYOND}'
        when (agency, skip) in (select (agency, skip) from skipped) then '{_OUTSIDE}'
        else '' end as why{made}
from sheet"""


def answered(kind: Kind, columns: Mapping[str, tuple[str, ...]]) -> str:
    """One row for each agency and field, with the dataset's `columns`. It cites the page of its first record.

    told: what is wrong in it, or to be warned of: of each rule how many records, and the first of them.
    """
    summed = {name: f"count(*) filter ({name} and c.wrong is null)" for name in COUNTS[type(kind)]}
    figures = "".join(f", {' + '.join(summed[part] for part in parts)} as {name}" for name, parts in columns.items())
    return f"""with doubted as (
    select agency, field, coalesce(wrong, warned).rule as rule, count(*) as times,
        arg_min({{'page': page, 'place': place, 'key': key, 'why': coalesce(wrong, warned)}}, {_NTH}) as first
    from counted where why = '' and (wrong is not null or warned is not null) group by all
), told as (
    select agency, field, list({{'rule': rule, 'times': times, 'payload': g.payload, 'page': first.page,
        'place': first.place, 'key': first.key, 'column': first.why.column, 'value': first.why.value,
        'why': first.why.why}} order by first.page, first.place) as told
    from doubted join page g on g.number = first.page group by agency, field
), summed as (
    select c.agency as written, c.field as field_raw, min(page) as page, count(*) as records,
        arg_min({{'page': page, 'place': place, 'key': key}}, {_NTH}, {_SHOWN}) as first{figures}
    from counted c where why = '' group by c.agency, c.field
), cited as (
    select written, field_raw, to_json({{'records': any_value(records),
        'keys': list(one.key order by one.page, one.place),
        'pointers': list(p.uri || '#' || p.at || '/' || one.place order by one.page, one.place)}})::varchar as raw
    from (select written, field_raw, records, unnest(first) as one from summed)
    join page p on p.number = one.page group by written, field_raw
)
select g.payload, '{COUNTED}' || coalesce(s.written, '') || '/' || coalesce(s.field_raw, 'all') as pointer,
    coalesce(s.written, '') as agency, a.unit, a.tier, f.code as field, s.field_raw,
    c.raw, s.* exclude (written, field_raw, page, records, first), t.told,
    t.told is not null or a.unit is null or f.code is null as flagged
from summed s join page g on g.number = s.page
join cited c on c.written is not distinct from s.written
    and c.field_raw is not distinct from s.field_raw
left join agency a on a.written is not distinct from s.written
left join field f on f.written is not distinct from s.field_raw
left join told t on t.agency is not distinct from s.written and t.field is not distinct from s.field_raw
order by s.written nulls first, s.field_raw"""


def mirrored(kind: Documents, period: Period) -> str:
    """DELIVERIES of lists of sent and of received documents, by who is at either end."""
    parted = f"unnest(string_split(other, {_text(kind.recipient.separator)}))" if kind.recipient.separator else "other"
    return f"""with told as (
    select c.counts as way, c.agency, a.unit, c.skip as own, {parted} as other, why <> '' as fallen,
        day = case counts when 'sent' then date '{period.last_day}' else date '{period.first_day}' end as at_edge,
        c.wrong is not null as wrong, g.payload, g.at || '/' || c.place as pointer, c.page, c.place
    from counted c join page g on g.number = c.page left join agency a on a.written is not distinct from c.agency
    where other is not null and (c.agency, c.skip) not in (select (agency, skip) from skipped) and (c.wrong is not null
        or document and day between date '{period.first_day}' and date '{period.last_day}'))
select way, min(agency) as agency, min(unit) as unit, case way when 'sent' then own else other end as sender,
    case way when 'sent' then other else own end as recipient, count(*) filter (not fallen) as documents,
    count(*) filter (fallen) as fallen, count(*) filter (at_edge and not fallen) as at_edge,
    bool_or(wrong) as wrong, first(payload order by page, place) as payload,
    first(pointer order by page, place) as pointer
from told group by way, own, other order by all"""


def code_rows(codes: Mapping[str, Codes]) -> list[tuple[str, str, str]]:
    """The rows of `code`."""
    return [(name, one, national) for name, column in codes.items() for one, national in column.codes.items()]


def _wrong(*cases: tuple[str, str, str, str, str]) -> str:
    """The first condition that holds, as a struct of rule, source column, value and why; null where none does.

    cases: rule, condition, and the SQL of the other three.
    """
    told = " ".join(
        f"when {when} then {{'rule': {_text(rule)}, 'column': {column}, 'value': {value}, 'why': {why}}}"
        for rule, when, column, value, why in cases
    )
    return f"case {told} end" if cases else _NOTHING_WRONG


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
