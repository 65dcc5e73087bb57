"""The report as a PDF to attach: the page as it prints, fonts embedded, the same bytes for the same report.

Tagged for readers who listen (PDF/UA-1). What is left to differ is the version of WeasyPrint, Pango and the fonts.
"""

from __future__ import annotations

from etl.errors import FormError

_INSTALL = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation2"


def pdf(page: str) -> bytes:
    """A page of `etl.report.page` on paper. Raises FormError where the library of letters is missing."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as problem:
        raise FormError(f"không in được báo cáo: máy này chưa có Pango (is missing): {_INSTALL}") from problem
    nothing = URLFetcher(allowed_protocols=())  # whatever a source has written
    printed: bytes = HTML(string=page, url_fetcher=nothing).write_pdf(pdf_variant="pdf/ua-1")
    return printed
