"""Forms as PDF, read back by poppler: every figure, one embedded font family, no clock."""

from __future__ import annotations

import io
import os
import re
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from etl.errors import FormError
from etl.forms import pdf
from etl.model import NATION
from tests.forms.calculators import program


def told_by(tool: str, package: bytes, folder: Path, *options: str) -> str:
    page = folder / "read.pdf"
    page.write_bytes(package)
    last = ["-"] if tool == "pdftotext" else []
    return subprocess.run(
        [program(tool), *options, str(page), *last], capture_output=True, text=True, check=True
    ).stdout


def restyled(package: bytes, old: bytes, new: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as changed:
        for name in source.namelist():
            content = source.read(name)
            changed.writestr(name, content.replace(old, new, 4) if name == "xl/styles.xml" else content)
    return target.getvalue()


def test_a_pdf_has_every_figure_and_the_letters_of_one_embedded_family(
    province: Any, documents: Any, tmp_path: Path
) -> None:
    program("soffice", "libreoffice")
    benches = {"II.06a.xlsx": province, "VBDT.xlsx": documents(NATION)}
    files = {name: bench.fill() for name, bench in benches.items()}
    printed = dict(pdf.to_pdf(files))
    assert list(printed) == list(files)
    for name, package in printed.items():
        text = told_by("pdftotext", package, tmp_path, "-layout")
        shown = set(re.findall(r"\d{1,3}(?:\.\d{3})*", text))
        counted = {column.indicator for column in benches[name].form.columns if not column.share}
        values = [fact.value for fact in benches[name].facts if fact.indicator in counted]
        assert len(values) > 100
        assert {f"{int(value):,}".replace(",", ".") for value in values} <= shown
        assert "TÌNH HÌNH" in text.upper()
        fonts = [line.split() for line in told_by("pdffonts", package, tmp_path).splitlines()[2:]]
        assert fonts
        assert {row[-5] for row in fonts} == {"yes"}, "emb"
        assert len({row[0].split("+")[1].split("-")[0] for row in fonts}) == 1
        assert "CreationDate" not in told_by("pdfinfo", package, tmp_path)
    time.sleep(1.1)  # the clock of a PDF counts seconds
    assert dict(pdf.to_pdf(files)) == printed


def test_letters_lent_by_another_family_are_refused(province: Any) -> None:
    program("soffice", "libreoffice")
    two = restyled(province.fill(), b'"Times New Roman"', b'"Liberation Mono"')
    with pytest.raises(FormError, match=r"a\.xlsx: .*LiberationMono, LiberationSerif.*fonts-liberation2"):
        list(pdf.to_pdf({"a.xlsx": two}))


def test_without_libreoffice_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FormError, match=r"LibreOffice.*libreoffice-calc-nogui"):
        list(pdf.to_pdf({"a.xlsx": b""}))


def test_a_program_that_hangs_is_ended_with_what_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hanging = tmp_path / "soffice"
    hanging.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/child\nwait\n", "utf-8")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(pdf, "_SECONDS", 3)
    monkeypatch.setattr(pdf, "_SECONDS_A_FILE", 0)
    with pytest.raises(FormError, match="timed out"):
        list(pdf.to_pdf({"a.xlsx": b""}))
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_a_file_that_is_no_workbook_is_named(tmp_path: Path) -> None:
    program("soffice", "libreoffice")
    with pytest.raises(FormError, match=r"hong\.xlsx|LibreOffice"):
        list(pdf.to_pdf({"hong.xlsx": b"PK\x03\x04 not a workbook"}))
