"""What a report in words says of the rest of the catalog: its forms, its indicators, the names of its bookmarks."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from etl.catalog.requests import Fail
from etl.model.bookmarks import LONGEST, names

if TYPE_CHECKING:
    from etl.catalog import Catalog


def check_narratives(catalog: Catalog, fail: Fail) -> None:
    """Raises CatalogError for a blank, form or indicator that is not there, and for a figure without a bookmark."""
    for number, report in catalog.narratives.items():
        file = f"narratives/{number}.yml"
        if number not in catalog.form_files:
            raise fail(file, (), f"the blank forms/{number}.docx is missing")
        for index, section in enumerate(report.sections):
            at = ("sections", str(index))
            if section.form not in catalog.forms:
                raise fail(file, (*at, "form"), f"no form {section.form!r}")
            named = [name for text in section.paragraphs for _, name, _, _ in Formatter().parse(text) if name]
            for code in (*section.rows, *named):
                indicator = catalog.indicators.get(code)
                if indicator is None or indicator.growth is not None:
                    raise fail(file, at, f"no indicator {code!r} whose figures are recorded")
                if indicator.dataset != catalog.forms[section.form].dataset:
                    raise fail(file, at, f"the indicator {code!r} is not of the form's dataset")
                for name in names(code):
                    if len(f"{name}_2") > LONGEST:
                        raise fail(file, at, f"{code!r} is too long: Word takes no bookmark {name}_2 (over {LONGEST})")
                    if name != code and name in catalog.indicators:
                        raise fail(file, at, f"{name!r} would be both an indicator and a change of {code!r}")
