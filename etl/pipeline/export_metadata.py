"""What describes an export: CSVW beside CSV and Parquet, an SDMX data structure definition beside SDMX-CSV."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from etl.catalog import Catalog
from etl.model import Text
from etl.periods import Period
from etl.warehouse.export import PLAIN, SDMX, STATUSES

AGENCY, VERSION = "BAOCAO", "1.0"
DATAFLOW: Final = f"{AGENCY}:FACTS({VERSION})"
NO_LICENCE: Final = "chưa nêu / not stated"
_SCHEMA = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/2.0.0/"
    "sdmx-json-structure-schema.json"
)
_SOURCE = Text("Kho số liệu báo cáo định kỳ (Báo cáo ETL)", "Warehouse of periodic reports (Báo cáo ETL)")
_TIERS = {"province": "Province", "district": "District", "commune": "Commune", "all": "All tiers"}
_STATUS_NAMES = {"A": "final", "P": "preliminary", "R": "revised", "U": "moving", "O": "no value: see NO_VALUE_REASON"}
_CODED = {"UNIT": "CL_UNIT", "INDICATOR": "CL_INDICATOR", "TIER": "CL_TIER", "OBS_STATUS": "CL_OBS_STATUS"}
_CONCEPTS = {
    "UNIT": "Administrative unit on the last day of the period",
    "INDICATOR": "Indicator",
    "TIER": "Tier that resolves dossiers",
    "FIELD": "Field of procedures, or procedure; all: every one",
    "PERIOD": "Reporting period; quarters run from the 15th to the 14th, not by the calendar",
    "OBS_VALUE": "Value; empty where there is none, which is not 0",
    "OBS_STATUS": "State of the figure",
    "NO_VALUE_REASON": "Why there is no value",
    "REVISION": "Number of the revision",
}


@dataclass(frozen=True)
class Column:
    """datatype: of XML Schema."""

    name: str
    datatype: str
    title: Text


COLUMNS: Final = tuple(
    Column(name, datatype, Text(vi, en))
    for name, (datatype, vi, en) in zip(
        PLAIN,
        (
            ("string", "Kỳ báo cáo", "Reporting period"),
            ("string", "Mã đơn vị vào ngày cuối kỳ", "Code of the unit on the last day of the period"),
            ("string", "Tên đơn vị", "Name of the unit"),
            ("string", "Cấp của đơn vị", "Level of the unit"),
            ("string", "Mã tỉnh", "Code of the province"),
            ("string", "Mã chỉ tiêu", "Code of the indicator"),
            ("string", "Cấp giải quyết", "Tier that resolves"),
            ("string", "Mã lĩnh vực hoặc thủ tục", "Code of the field or procedure"),
            ("decimal", "Giá trị; trống là chưa có, không phải 0", "Value; empty where there is none, which is not 0"),
            ("string", "Vì sao không có giá trị", "Why there is no value"),
            ("string", "Tình trạng", "State: preliminary, final, revised, moving"),
            ("integer", "Lần ghi thứ mấy", "Number of the revision"),
            ("dateTime", "Thời điểm ghi vào kho", "Moment of recording"),
        ),
        strict=True,
    )
)


def csvw(name: str, period: Period, at: dt.datetime, sha256: str, licence: str | None) -> dict[str, Any]:
    """CSV on the Web metadata (W3C) of the file `name`, with its sha256."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "vi"}],
        "url": name,
        "dc:title": [{"@value": f"Số liệu kỳ {period.key}", "@language": "vi"},
                     {"@value": f"Figures of {period.key}", "@language": "en"}],
        "dc:source": _SOURCE.both,
        "dc:license": licence or NO_LICENCE,
        "dc:temporal": f"{period.first_day.isoformat()}/{period.last_day.isoformat()}",
        "dc:date": at.isoformat(),
        "dc:identifier": f"sha256:{sha256}",
        "tableSchema": {
            "columns": [
                {"name": one.name, "titles": {"vi": one.title.vi, "en": one.title.en}, "datatype": one.datatype}
                for one in COLUMNS
            ],
            "primaryKey": ["period", "unit", "indicator", "tier", "field"],
        },
    }  # fmt: skip


def structure(catalog: Catalog, period: Period) -> dict[str, Any]:
    """The data structure definition, its concepts, code lists and dataflow, as an SDMX-JSON 2.0 structure message."""
    units = {unit.code: unit.name for unit in catalog.tree(period)}
    indicators = {one.code: one.title.en for one in catalog.indicators.values()}
    lists: dict[str, Mapping[str, str]] = {
        "CL_UNIT": units,
        "CL_INDICATOR": indicators,
        "CL_TIER": _TIERS,
        "CL_OBS_STATUS": {status: _STATUS_NAMES[status] for status in STATUSES.values()},
    }
    dimensions = [{**_component(name), "position": at} for at, name in enumerate(SDMX[:5])]
    attributes = [
        {**_component(name), "usage": "optional", "attributeRelationship": {"observation": {}}} for name in SDMX[6:]
    ]
    components = {
        "dimensionList": {"id": "DimensionDescriptor", "dimensions": dimensions},
        "measureList": {"id": "MeasureDescriptor", "measures": [{**_component("OBS_VALUE"), "usage": "optional"}]},
        "attributeList": {"id": "AttributeDescriptor", "attributes": attributes},
    }
    scheme = [{"id": name, "name": title} for name, title in _CONCEPTS.items()]
    return {
        "meta": {"schema": _SCHEMA, "id": f"BAOCAO_{period.key}", "test": False, "sender": {"id": AGENCY},
                 "contentLanguages": ["en"], "prepared": period.end.isoformat()},
        "data": {
            "codelists": [
                {**_named(id_, id_), "codes": [{"id": code, "name": name} for code, name in codes.items()]}
                for id_, codes in lists.items()
            ],
            "conceptSchemes": [{**_named("CS_BAOCAO", "Concepts"), "concepts": scheme}],
            "dataStructures": [{**_named("FACTS_DSD", "Figures"), "dataStructureComponents": components}],
            "dataflows": [
                {**_named("FACTS", "Figures"), "structure": _urn("datastructure.DataStructure", "FACTS_DSD")}
            ],
        },
    }  # fmt: skip


def _named(id_: str, name: str) -> dict[str, Any]:
    return {"id": id_, "agencyID": AGENCY, "version": VERSION, "name": name}


def _component(name: str) -> dict[str, Any]:
    formats = {"OBS_VALUE": "Decimal", "REVISION": "Integer"}
    if name in _CODED:
        told: dict[str, Any] = {"enumeration": _urn("codelist.Codelist", _CODED[name])}
    else:
        told = {"format": {"dataType": formats.get(name, "String")}}
    concept = _urn("conceptscheme.Concept", "CS_BAOCAO") + f".{name}"
    return {"id": name, "conceptIdentity": concept, "localRepresentation": told}


def _urn(kind: str, id_: str) -> str:
    return f"urn:sdmx:org.sdmx.infomodel.{kind}={AGENCY}:{id_}({VERSION})"
