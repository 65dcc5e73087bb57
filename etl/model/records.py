"""Lists of single dossiers or documents, counted by us: the vocabulary of `records_of` in `platforms/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Moment:
    """A source column that holds a date or a moment; only its calendar day in Vietnam is counted by.

    format: of %Y %m %d %H %M %S %f %z and fixed characters; every one of its digits must be there.
    zone: `local` for the time of Vietnam, `utc`, or `written` where the text ends in its offset (%z).
    """

    column: str
    format: str
    zone: Literal["local", "utc", "written"]


@dataclass(frozen=True)
class Codes:
    """A source column of codes. `codes`: the vendor's, as a text -> the national one; any other is a finding."""

    column: str
    codes: Mapping[str, str]


@dataclass(frozen=True)
class Dossiers:
    """One record is one dossier. Its agency and field are read by `unit` and `field` of the platform.

    What `columns` may be the sum of: online, direct_postal (received in the period), old (received before and not
    ended before), resolved, early, on_time, late, pending, in_time, overdue, and handled (resolved or pending).
    key: unique over all pages. status: to the national 1 to 10; 1 and 3 are no dossiers of the report, 7 is returned,
    9 and 10 are done, 5 waits for supplements. channel: to the national 1 direct, 2 online, 3 postal. level: of the
    service, to the national 2, 3 or 4; where it is told, one of level 2 filed online is a warning.
    """

    key: str
    received: Moment
    due: Moment
    finished: Moment
    status: Codes
    channel: Codes
    level: Codes | None = None

    @property
    def source_columns(self) -> tuple[str, ...]:
        """What a record is counted by, whether or not a row can do without it."""
        read = (self.received, self.due, self.finished, self.status, self.channel, self.level)
        return (self.key, *(one.column for one in read if one is not None))


@dataclass(frozen=True)
class FaultyDossiers:
    """One record is one dossier that its own system lists as spoiling the statistics; each check is made again by us,
    from the record's own columns.

    What `columns` may be the sum of: listed, every dossier; level_2_online (a level 2 service filed online);
    no_receive_date (unless status 5); done_no_end (9, 10); receive_in_future and end_in_future (after the day of the
    pull); end_before_receive; unexplained, where none of the six holds. One dossier may be in several.
    status and channel as in Dossiers; level: to the national 2, 3 or 4.
    """

    key: str
    received: Moment
    finished: Moment
    status: Codes
    channel: Codes
    level: Codes

    @property
    def source_columns(self) -> tuple[str, ...]:
        """As in Dossiers."""
        read = (self.received, self.finished, self.status, self.channel, self.level)
        return (self.key, *(one.column for one in read))


@dataclass(frozen=True)
class Recipient:
    """Who received a document. each: the list of recipients inside the record; without it the record names one.

    column, skip_column: as those of the `unit` rule, inside the element of that list or in the record.
    separator: what parts several recipients in one text, where an item of the sent list names them all.
    """

    column: str
    skip_column: str | None = None
    each: str | None = None
    separator: str | None = None


@dataclass(frozen=True)
class Documents:
    """One record is one document (or one delivery of it); its sender is read by `unit` of the platform.

    What `columns` may be the sum of: sent, an electronic document each; received, one and a recipient each; of these
    sent_signed and received_signed; beside them sent_paper and received_paper, documents on paper only.
    key: unique over all pages of a list. time: the day it is counted on. counted: source column -> each of its
    codes, and whether a record with it counts; any other code is a finding. status: of `counted`, the status of the
    document: one that does not count by that alone was on its way, until it was refused or recalled.
    form: to `electronic` or `paper`; without it every document of the list is electronic. signature: to `signed` or
    `unsigned`, asked of electronic documents only.
    sent_list, received_list: where the request is repeated over lists, in which of them each is counted.
    """

    key: str
    time: Moment
    recipient: Recipient
    counted: Mapping[str, Mapping[str, bool]]
    form: Codes | None = None
    signature: Codes | None = None
    sent_list: str | None = None
    received_list: str | None = None
    status: str | None = None

    @property
    def source_columns(self) -> tuple[str, ...]:
        """As in Dossiers."""
        to = self.recipient
        inside = () if to.each is not None or to.skip_column is None else (to.skip_column,)
        told = (codes.column for codes in (self.form, self.signature) if codes is not None)
        return (self.key, self.time.column, to.each or to.column, *inside, *self.counted, *told)

    @property
    def mirrored(self) -> bool:
        """Whether sender and recipient each list a document, so that one list must be the mirror of the other."""
        return self.sent_list != self.received_list and self.recipient.skip_column is not None


COUNTS = {
    Dossiers: (
        *("handled", "online", "direct_postal", "old", "resolved", "early", "on_time", "late"),
        *("pending", "in_time", "overdue"),
    ),
    FaultyDossiers: (
        *("listed", "level_2_online", "no_receive_date", "done_no_end", "receive_in_future", "end_in_future"),
        *("end_before_receive", "unexplained"),
    ),
    Documents: ("sent", "received", "sent_signed", "received_signed", "sent_paper", "received_paper"),
}
"""What is counted of each kind of record."""
