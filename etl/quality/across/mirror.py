"""The matrix of document exchange: what one organisation says it sent to another, and that one that it received."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from etl.quality.across import PLACES


def pairs(deliveries: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
    """PAIRS of every sender and recipient, with PLACES of what each of the two says.

    deliveries: DELIVERIES and their `source`. value is what the recipient's list holds, other what the sender's does;
    value_least, value_most, other_least, other_most: as many as it may be, since a document at the edge of the period
    may stand in another one of the other list, and one refused or recalled counted until it was. An organisation
    that has a list and says nothing of the other one had nothing with it; where it has none, nothing is known.
    """
    with duckdb.connect() as connection:
        connection.register("deliveries", deliveries)
        connection.execute(_MATCHED)
        found = "select * exclude (payload, pointer, other_payload, other_pointer) from matched"
        here, there = (connection.sql(_PLACES.format(side=side)).to_arrow_table() for side in ("", "other_"))
        return connection.sql(found).to_arrow_table(), here.cast(PLACES), there.cast(PLACES)


_MATCHED = """create temp table matched as
with own as (
    select code, min(source) as source, min(agency) as agency, min(unit) as unit from (
        select case way when 'sent' then sender else recipient end as code, source, agency, unit from deliveries)
    group by code),
list as (select source, way, min(payload) as payload from deliveries group by all),
told as (
    select way, sender, recipient, sum(documents) as documents, sum(fallen) as fallen, sum(at_edge) as at_edge,
        bool_or(wrong) as wrong, first(payload order by source, payload) as payload,
        first(pointer order by source, payload) as pointer
    from deliveries group by all),
pair as (
    select sender, recipient, r.payload, r.pointer, s.payload as other_payload, s.pointer as other_pointer,
        case when not coalesce(r.wrong, false) then coalesce(r.documents, 0) end as received,
        case when not coalesce(s.wrong, false) then coalesce(s.documents, 0) end as sent,
        coalesce(r.fallen, 0) as received_fallen, coalesce(s.fallen, 0) as sent_fallen,
        coalesce(r.at_edge, 0) as received_at_edge, coalesce(s.at_edge, 0) as sent_at_edge
    from (from told where way = 'received') r full join (from told where way = 'sent') s using (sender, recipient))
select coalesce(o.unit, i.unit) as unit,
    [sender || ' ' || recipient] as units, [sender || ' ' || recipient] as other_units,
    'all' as tier, 'all' as field, 'received' as measure,
    case when o.code is not null then received end::decimal(20, 4) as value,
    case when i.code is not null then sent end::decimal(20, 4) as other,
    o.source, i.source as other_source,
    coalesce(i.agency || ' (' || sender || ')', sender) || ' → '
        || coalesce(o.agency || ' (' || recipient || ')', recipient) as who,
    received - received_at_edge as value_least, received + received_fallen as value_most,
    sent - sent_at_edge as other_least, sent + sent_fallen as other_most,
    coalesce(p.payload, r.payload) as payload, coalesce(pointer, '') as pointer,
    coalesce(other_payload, s.payload) as other_payload, coalesce(other_pointer, '') as other_pointer
from pair p left join own o on o.code = recipient left join own i on i.code = sender
left join list r on r.source = o.source and r.way = 'received'
left join list s on s.source = i.source and s.way = 'sent'"""
_PLACES = """select {side}source as source, units[1] as unit, tier, field, {side}payload as payload,
    {side}pointer as pointer
from matched where {side}source is not null"""
