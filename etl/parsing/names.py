"""Columns that one portal calls otherwise than its platform (`renamed` of its source), once it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from etl.model import Codes, Documents, Dossiers, FaultyDossiers, Moment, Platform, Recipient
from etl.parsing.body import MISSING, Answer, Record, path_of, value_at
from etl.parsing.listing import Kind

Part = TypeVar("Part", Moment, Codes, Recipient)


def under_its_names(answer: Answer, records: Sequence[Record]) -> Answer:
    """The answer read by the names that its portal uses: a renamed column counts where no record has the platform's
    own name for it. An answer from before the change keeps that, and is read as it was."""
    now = {
        old: new for old, new in answer.source.renamed.items() if _absent(records, old) and not _absent(records, new)
    }
    return replace(answer, platform=_renamed(answer.platform, now)) if now else answer


def _absent(records: Iterable[Record], column: str) -> bool:
    return all(value_at(record.data, path_of(column)) is MISSING for record in records)


def _renamed(platform: Platform, now: dict[str, str]) -> Platform:
    def new(name: str) -> str:
        return now.get(name, name)

    def all_of(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(new, names))

    unit, field, totals, unique = platform.unit, platform.field, platform.totals, platform.unique
    skipped = unit.skip_column and new(unit.skip_column)
    return replace(
        platform,
        columns=platform.columns
        if platform.records_of is not None
        else {measure: all_of(names) for measure, names in platform.columns.items()},
        identities=tuple(replace(one, total=new(one.total), parts=all_of(one.parts)) for one in platform.identities),
        unit=replace(unit, column=new(unit.column), skip_column=skipped),
        field=field and replace(field, column=field.column and new(field.column), name=field.name and new(field.name)),
        totals=replace(totals, axes=all_of(totals.axes), spans=all_of(totals.spans)),
        unique=unique and replace(unique, day_column=new(unique.day_column)),
        ignore=all_of(platform.ignore),
        records_of=platform.records_of and _renamed_kind(platform.records_of, new),
    )


def _renamed_kind(kind: Kind, new: Callable[[str], str]) -> Kind:
    def of(part: Part) -> Part:
        return replace(part, column=new(part.column))

    if isinstance(kind, Documents):
        to = kind.recipient
        return replace(
            kind,
            key=new(kind.key),
            time=of(kind.time),
            recipient=replace(to, each=new(to.each)) if to.each is not None else of(to),
            counted={new(column): codes for column, codes in kind.counted.items()},
            form=kind.form and of(kind.form),
            signature=kind.signature and of(kind.signature),
            status=kind.status and new(kind.status),
        )
    if isinstance(kind, FaultyDossiers):
        codes = of(kind.status), of(kind.channel), of(kind.level)
        return FaultyDossiers(new(kind.key), of(kind.received), of(kind.finished), *codes)
    return Dossiers(
        new(kind.key), of(kind.received), of(kind.due), of(kind.finished), of(kind.status), of(kind.channel)
    )
