"""PDF of filled forms, by LibreOffice: its fonts embedded, and the same bytes for the same file.

LibreOffice writes the moment of printing and numbers made from it; both are replaced by what the document says of
itself. What is left to differ is the version of LibreOffice and of the fonts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from etl.errors import FormError

AT_ONCE = 200
"""Files for each start of LibreOffice: starting costs more than a page, and a call has a longest length."""
_SECONDS = 120
_SECONDS_A_FILE = 5
_VIETNAMESE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>vi-VN</value>
</prop></item></oor:items>"""
"""The profile's locale: 1.234,5 whatever the machine's language is."""
_INSTALL = "apt-get install libreoffice-calc-nogui libreoffice-writer-nogui fonts-liberation2"


def to_pdf(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Each file (by its name, which ends in .xlsx or .docx) as a PDF, in the order given.

    Raises FormError when LibreOffice is missing, fails, takes too long, or has no font with the Vietnamese letters.
    """
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise FormError(f"không đổi được biểu sang PDF: máy này chưa có LibreOffice (is missing): {_INSTALL}")
    names = list(files)
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        with tempfile.TemporaryDirectory(prefix="baocao-pdf-") as folder:
            yield from _converted(office, {name: files[name] for name in batch}, Path(folder))


def _converted(office: str, files: Mapping[str, bytes], folder: Path) -> Iterator[tuple[str, bytes]]:
    """One start of LibreOffice with a profile of its own: two that share one wait for, or fail, each other."""
    given, made = folder / "given", folder / "made"
    given.mkdir()
    for name, content in files.items():
        (given / name).write_bytes(content)
    settings = folder / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_VIETNAMESE, "utf-8")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--norestore", "--convert-to", "pdf", "--outdir", str(made)]
    _run([*command, *(str(given / name) for name in files)], _SECONDS + _SECONDS_A_FILE * len(files))
    for name in files:
        printed = made / f"{Path(name).stem}.pdf"
        if not printed.exists():
            raise FormError(f"LibreOffice không đổi được {name} sang PDF; biểu dạng văn phòng vẫn lập được: {_INSTALL}")
        yield name, _settled(name, printed)


def _run(command: list[str], seconds: int) -> None:
    """`soffice` is a script that starts the program: what does not end in time is ended with all it has started."""
    process = subprocess.Popen(  # noqa: S603 - the program found, and files of ours
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        _, told = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise FormError(f"LibreOffice không xong sau {seconds} giây (timed out): chạy lại với ít đơn vị hơn") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise FormError(f"LibreOffice dừng với mã {process.returncode}: {told.strip()[-500:]}")


def _settled(name: str, printed: Path) -> bytes:
    """Without the clock; refused when a font is not embedded or a second family had to lend letters."""
    import pikepdf

    with pikepdf.open(printed) as document:
        families = set()
        for font in _fonts(document):
            family = str(font.FontDescriptor.FontName).lstrip("/").split("+")[-1].split("-")[0]
            families.add(family)
            if not any(key in font.FontDescriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
                raise FormError(f"{name}: phông {family} không nhúng được vào PDF: {_INSTALL}")
        if len(families) > 1:
            several = ", ".join(sorted(families))
            raise FormError(f"{name}: không phông nào của máy có đủ chữ Việt, PDF phải ghép {several}: {_INSTALL}")
        for key in ("/CreationDate", "/ModDate", "/Producer"):
            if key in document.docinfo:
                del document.docinfo[key]
        if "/Metadata" in document.Root:
            del document.Root.Metadata  # the same once more, as XML with the clock
        for key in ("/DocChecksum", "/ID"):
            if key in document.trailer:
                del document.trailer[key]
        document.save(printed.with_suffix(".settled"), deterministic_id=True)
    return printed.with_suffix(".settled").read_bytes()


def _fonts(document: Any) -> Iterator[Any]:
    """The fonts that carry letters: of a composed font its descendant."""
    for page in document.pages:
        for font in page.resources.get("/Font", {}).values():
            yield from (font,) if "/FontDescriptor" in font else font.get("/DescendantFonts", ())
