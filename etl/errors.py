"""The errors, grouped by what the reader should do.

    BaocaoError
    ├── SettingsError        set the named environment variable
    ├── CatalogError         mend the named file at the named line
    ├── PeriodError          ask for another period
    ├── ReceiptsError        mend the list of receipts
    ├── RestatementError     see `baocao restatements`: it waits no longer, or was never there
    ├── ReviewError          a reviewer is still to decide, or decided that nothing is to be loaded
    ├── SourceError          one portal, one period; the others go on
    │   ├── SourceUnavailable    wait: it is down, slow or over its budget     (retried)
    │   ├── SourceRefused        renew the credential                          (not retried)
    │   └── SourceBroken         call the portal, or mend the platform's YAML  (not retried)
    ├── MailError            a letter that did not go out; the others do
    │   ├── MailUnavailable      wait: the mail server is down, or asks to wait    (retried)
    │   └── MailRefused          mend the address, or the connection               (not retried)
    ├── QualityError         a dataset could not be judged: mend its rules; its figures are withheld
    ├── OutdatedError        another run loaded newer answers meanwhile: read again what was landed
    ├── FormError            a form does not agree with its own figures, or a cell holds none
    └── TraceError           the landed bytes are not those the figure came from

An error holds facts and does nothing: it writes no row, logs no line, reads no clock.
"""

from __future__ import annotations

from typing import ClassVar

from etl.model import PullState


class BaocaoError(Exception):
    """Root of every error raised on purpose; its text is one sentence a person can act on."""


class SettingsError(BaocaoError):
    """An environment variable is missing or unusable."""


class CatalogError(BaocaoError):
    """A file of the catalog or of the expectations is wrong.

    `line` is 1-based; `key` is the dotted path inside the file, such as `columns.received_total`.
    """

    def __init__(self, file: str, line: int, key: str, problem: str) -> None:
        self.file, self.line, self.key, self.problem = file, line, key, problem
        super().__init__(f"{file}:{line}: {key}: {problem}" if key else f"{file}:{line}: {problem}")

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.file, self.line, self.key, self.problem))


class PeriodError(BaocaoError):
    """A period key cannot be read, or the period is not closed yet."""


class ReceiptsError(BaocaoError):
    """A list of receipts cannot be read as a whole; single bad lines are told one by one instead."""


class RestatementError(BaocaoError):
    """A change of a locked period that cannot be decided on: none of that number, or it waits no longer."""


class ReviewError(BaocaoError):
    """Critical findings that a reviewer is still to decide on, or rejected, or a decision that cannot be kept."""


class SourceError(BaocaoError):
    """A pull that is not proven complete.

    The class decides whether another try makes sense. `state` is the finer name, which the receipt keeps;
    without it the error has that of its class. `field` is the column, header or part of the answer at
    fault, "-" where none is; `advice` says what to do.
    """

    generic: ClassVar[PullState] = "broken"

    def __init__(
        self, source: str, period: str, field: str, problem: str, advice: str, *, state: PullState | None = None
    ) -> None:
        self.source, self.period, self.field = source, period, field
        self.problem, self.advice = problem, advice
        self.state: PullState = state or self.generic
        super().__init__(f"{source}, kỳ {period}, {field}: {problem}. {advice}")

    def __reduce__(self) -> tuple[object, ...]:
        given = (self.source, self.period, self.field, self.problem, self.advice)
        return (type(self), given, {"state": self.state})


class SourceUnavailable(SourceError):
    """Down, timed out, 429 or 5xx: another try may succeed."""

    generic = "unavailable"


class SourceRefused(SourceError):
    """401 or 403: the credential is missing, wrong or expired."""

    generic = "refused"


class SourceBroken(SourceError):
    """The answer is not what the platform's YAML declares: HTML, truncated, empty, renamed field."""

    generic = "broken"


class MailError(BaocaoError):
    """A letter did not go out."""


class MailUnavailable(MailError):
    """The mail server is down, slow or asks to wait: another try may succeed."""


class MailRefused(MailError):
    """No address, no connection, a login that is refused or a mailbox that does not exist: a person must act."""


class QualityError(BaocaoError):
    """A dataset could not be judged at all: this withholds every figure of it."""


class OutdatedError(BaocaoError):
    """A load rests on answers older than those of a load before it, and would take back what that one brought."""


class FormError(BaocaoError):
    """The figures of a form contradict each other, or an address is not one of its figures."""


class TraceError(BaocaoError):
    """Landed bytes are missing or no longer have their sha256."""
