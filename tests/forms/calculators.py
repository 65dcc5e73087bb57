"""Two calculators nobody here wrote, LibreOffice and HyperFormula: each is given the formulas without their values.

Where one is not installed a test is skipped on a desk and says so; in CI it fails.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook

HERE = Path(__file__).parent / "hyperformula"
Values = dict[str, dict[str, Any]]
"""Of each form, by the address of a formula cell, what a calculator made of it."""


def program(name: str, *others: str) -> str:
    found = next((path for one in (name, *others) if (path := shutil.which(one)) is not None), None)
    if found is None:
        told = f"{name} không có trên máy này ({name} is missing: the forms were NOT recalculated by it)"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return found


def formulas(package: bytes) -> dict[str, str]:
    sheet = openpyxl.load_workbook(io.BytesIO(package)).worksheets[0]
    return {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}


def without_values(package: bytes) -> bytes:
    """The package without the value that stands beside each formula, so that nothing can be taken from there."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as stripped:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content, count = re.subn(rb"</f><v>[^<]*</v>", b"</f>", content)
                assert count == len(formulas(package))
            stripped.writestr(name, content)
    return target.getvalue()


def by_libreoffice(packages: Mapping[str, bytes], folder: Path) -> Values:
    """All in one start of the program; its own workbook is read with a third parser."""
    office = program("soffice", "libreoffice")
    given, made = folder / "given", folder / "made"
    given.mkdir()
    for name, package in packages.items():
        (given / f"{name}.xlsx").write_bytes(without_values(package))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(made)]
    paths = sorted(str(path) for path in given.glob("*.xlsx"))
    done = subprocess.run([*command, *paths], capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stderr
    found: Values = {}
    for name, package in packages.items():
        rows = CalamineWorkbook.from_path(made / f"{name}.xlsx").get_sheet_by_index(0).to_python(skip_empty_area=False)
        cells = {
            f"{get_column_letter(col + 1)}{row + 1}": cell
            for row, line in enumerate(rows)
            for col, cell in enumerate(line)
        }
        found[name] = {address: cells[address] for address in formulas(package)}
    return found


def by_hyperformula(packages: Mapping[str, bytes], folder: Path) -> Values:
    """Installed from the lock file beside its program, into a folder of the test."""
    npm, node = program("npm"), program("node")
    installed = folder / "hyperformula"
    shutil.copytree(HERE, installed)
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(install, cwd=installed, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = json.dumps({name: _cells(package) for name, package in packages.items()})
    command = [node, "calculate.cjs"]
    done = subprocess.run(command, cwd=installed, input=told, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return {
        name: {
            f"{get_column_letter(int(col))}{row}": value for row, line in rows.items() for col, value in line.items()
        }
        for name, rows in json.loads(done.stdout).items()
    }


def _cells(package: bytes) -> list[list[Any]]:
    """As HyperFormula reads them: a text behind an apostrophe is a text."""
    sheet = openpyxl.load_workbook(io.BytesIO(package)).worksheets[0]
    return [
        [f"'{cell.value}" if isinstance(cell.value, str) and cell.data_type != "f" else cell.value for cell in row]
        for row in sheet.iter_rows()
    ]
