"""What a platform says of lists of single records: every code is a national one, every count is one we make."""

from __future__ import annotations

import re

from etl.catalog.requests import Fail
from etl.model import COUNTS, Documents, Dossiers, Moment, Platform

_STATUSES = {str(number) for number in range(1, 11)}
_CHANNELS = {"1", "2", "3"}
_LEVELS = {"2", "3", "4"}
_FORMS = ("electronic", "paper")
_SIGNATURES = ("signed", "unsigned")
_DIRECTIVE = re.compile(r"%(.?)")


def check_records(platform: Platform, fail: Fail) -> None:
    """Raises CatalogError for a list that could not be counted as it is declared."""
    file, kind = f"platforms/{platform.id}.yml", platform.records_of
    paging = platform.request.paging
    if platform.absent_is_zero and (kind is None or paging is None or paging.total is None):
        raise fail(file, ("absent_is_zero",), "only a list of records whose declared total proves it whole")
    if platform.empty_is_zero and not platform.absent_is_zero:
        raise fail(file, ("empty_is_zero",), "only beside absent_is_zero: an empty list then says 0 of every unit")
    if kind is None:
        return
    for key in ("children", "unique", "table"):
        if getattr(platform, key) is not None:
            raise fail(file, (key,), "single records are counted: they have no rows of figures")
    if platform.window != "asked":
        raise fail(file, ("window",), "single records are counted by the days of the period itself")
    if platform.identities or platform.totals.axes or platform.totals.spans:
        raise fail(file, ("records_of",), "single records are counted: no identities and no totals")
    for column, parts in platform.columns.items():
        for part in parts:
            if part not in COUNTS[type(kind)]:
                raise fail(file, ("columns", column), f"{part!r} is not counted: {', '.join(COUNTS[type(kind)])}")
    if not isinstance(kind, Documents):
        levels = [("level", kind.level, _LEVELS)] if kind.level is not None else []
        for name, codes, national in (
            ("status", kind.status, _STATUSES),
            ("channel", kind.channel, _CHANNELS),
            *levels,
        ):
            for code, target in codes.codes.items():
                if target not in national:
                    raise fail(file, ("records_of", name, "codes", code), f"{target!r} is no national {name}")
        for name in ("received", "due", "finished") if isinstance(kind, Dossiers) else ("received", "finished"):
            _moment(file, name, getattr(kind, name), fail)
        return
    _moment(file, "time", kind.time, fail)
    for name, told, ours, counts in (
        ("form", kind.form, _FORMS, {"sent_paper", "received_paper"}),
        ("signature", kind.signature, _SIGNATURES, {"sent_signed", "received_signed"}),
    ):
        for code, target in told.codes.items() if told is not None else ():
            if target not in ours:
                raise fail(file, ("records_of", name, "codes", code), f"{target!r} is none of {', '.join(ours)}")
        for column, parts in platform.columns.items():
            if told is None and not counts.isdisjoint(parts):
                raise fail(file, ("columns", column), f"only where records_of has {name}: else nobody says so")
    if kind.status is not None and kind.status not in kind.counted:
        raise fail(file, ("records_of", "status"), "a column of records_of.counted")
    for name in ("sent_list", "received_list"):
        listed = getattr(kind, name)
        if (listed is None) == bool(platform.request.lists) or (listed and listed not in platform.request.lists):
            raise fail(file, ("records_of", name), "one of request.lists, exactly where the request has lists")


def _moment(file: str, name: str, moment: Moment, fail: Fail) -> None:
    path, directives = ("records_of", name, "format"), _DIRECTIVE.findall(moment.format)
    if not {*directives} <= {*"YmdHMSfz"} or not {*"Ymd"} <= {*directives}:
        raise fail(file, path, "a format of %Y %m %d, and of %H %M %S %f %z where there is a time of day")
    if (moment.zone == "written") != ("z" in directives):
        raise fail(file, path, "%z, the offset from UTC, exactly where the zone is `written`")
