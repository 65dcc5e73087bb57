"""The nouns: frozen dataclasses, standard library only.

Those of `platforms` and `reports` are read from YAML by `etl.catalog`, which refuses an unknown key, so
their fields are the complete vocabulary of those files.
"""

from etl.model.base import ALL, NATION, Level, Severity, Text, Tier, Unit
from etl.model.flow import Fact, Finding, Hole, Page, Receipt
from etl.model.platforms import (
    FieldRule,
    Identity,
    Paging,
    Parameter,
    Platform,
    Request,
    Source,
    TotalRule,
    Uniqueness,
    UnitRule,
)
from etl.model.reports import (
    Calendar,
    Dataset,
    DatasetColumn,
    Due,
    Example,
    Field,
    Form,
    FormColumn,
    Indicator,
    Ratio,
    Regime,
    Rule,
    Suite,
)

__all__ = [
    "ALL",
    "NATION",
    "Calendar",
    "Dataset",
    "DatasetColumn",
    "Due",
    "Example",
    "Fact",
    "Field",
    "FieldRule",
    "Finding",
    "Form",
    "FormColumn",
    "Hole",
    "Identity",
    "Indicator",
    "Level",
    "Page",
    "Paging",
    "Parameter",
    "Platform",
    "Ratio",
    "Receipt",
    "Regime",
    "Request",
    "Rule",
    "Severity",
    "Source",
    "Suite",
    "Text",
    "Tier",
    "TotalRule",
    "Uniqueness",
    "Unit",
    "UnitRule",
]
