"""The nouns: frozen dataclasses, standard library only.

Those of `platforms`, `requests` and `reports` are read from YAML by `etl.catalog`, which refuses an unknown key, so
their fields are the complete vocabulary of those files.
"""

from etl.model.base import ALL, NATION, Level, Severity, Text, Tier, Unit
from etl.model.flow import Fact, Finding, Hole, Page, Receipt
from etl.model.platforms import (
    Days,
    Encoding,
    FieldRule,
    Identity,
    Numbers,
    Platform,
    Source,
    Table,
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
from etl.model.requests import ApiKey, Budget, OAuth2, Paging, Parameter, Request, Signature, Value
from etl.model.states import PULL_STATES, Proof, PullState

__all__ = [
    "ALL",
    "NATION",
    "PULL_STATES",
    "ApiKey",
    "Budget",
    "Calendar",
    "Dataset",
    "DatasetColumn",
    "Days",
    "Due",
    "Encoding",
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
    "Numbers",
    "OAuth2",
    "Page",
    "Paging",
    "Parameter",
    "Platform",
    "Proof",
    "PullState",
    "Ratio",
    "Receipt",
    "Regime",
    "Request",
    "Rule",
    "Severity",
    "Signature",
    "Source",
    "Suite",
    "Table",
    "Text",
    "Tier",
    "TotalRule",
    "Uniqueness",
    "Unit",
    "UnitRule",
    "Value",
]
