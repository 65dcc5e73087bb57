"""What the catalog says of reports in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.model.base import Level, PeriodKind


@dataclass(frozen=True)
class Section:
    """A part of a narrative report, on the figures of one form: sentences, then a table with a row each indicator.

    paragraphs: Vietnamese, with {indicator} where its figure and what changed stand.
    """

    heading: str
    form: str
    paragraphs: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Narrative:
    """A report in words, as a DOCX laid out by Decree 30/2020/NĐ-CP; what the office fills in is left blank.

    issued_by, recipients: by level; of a province its People's Committee issues. places: where it is issued, by
    unit, where that is not the unit's name without its type. title, opening, closing: with {don_vi}, {ky}, {tu_ngay},
    {den_ngay}. blank_sha256: of its blank in catalog/forms.
    """

    number: str
    levels: tuple[Level, ...]
    period_kind: PeriodKind
    issued_by: Mapping[str, str]
    recipients: Mapping[str, tuple[str, ...]]
    places: Mapping[str, str]
    title: str
    opening: str
    sections: tuple[Section, ...]
    closing: str
    law: str
    blank_sha256: str
