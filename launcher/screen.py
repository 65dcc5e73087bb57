"""What a person sees of a long run: stages with their progress, and nothing of what the libraries say.

Airflow, Alembic and Great Expectations write to standard output by the hundred lines; all that goes to a log.
On a terminal the progress moves; elsewhere (CI, a file) it is plain lines.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_PLAIN_EVERY = 10.0
"""Seconds between two plain progress lines of one stage."""


class Stage:
    """One stage: `advance` says that one more part of it is done."""

    def __init__(self, screen: Screen, title: str, total: int | None) -> None:
        self._screen, self.title, self.total, self.done = screen, title, total, 0
        self._said = time.monotonic()
        self._bar = screen.progress.add_task(title, total=total) if screen.progress else None

    def advance(self, count: int = 1) -> None:
        self.done += count
        if self._screen.progress is not None and self._bar is not None:
            self._screen.progress.update(self._bar, completed=self.done)
        elif time.monotonic() - self._said > _PLAIN_EVERY:
            self._said = time.monotonic()
            self._screen.say(f"  {self.title}: {self.done}/{self.total}")

    def note(self, text: str) -> None:
        """A line of its own above the progress."""
        self._screen.say(f"  {text}")

    def finish(self) -> None:
        if self._screen.progress is not None and self._bar is not None:
            self._screen.progress.update(self._bar, total=max(self.done, 1), completed=max(self.done, 1))


class Screen:
    """Owns standard output and error while it is open; everybody else's lines go to `log`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        sys.stdout.flush()
        sys.stderr.flush()
        self._kept = [os.dup(1), os.dup(2)]
        target = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.close(target)
        self._out = os.fdopen(os.dup(self._kept[0]), "w", encoding="utf-8", errors="replace")
        terminal = self._out.isatty()
        self.console = Console(file=self._out, width=None if terminal else 120, highlight=False)
        self.progress: Progress | None = None
        if self.console.is_terminal:
            columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(bar_width=30))
            self.progress = Progress(*columns, MofNCompleteColumn(), TimeElapsedColumn(), console=self.console)
            self.progress.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.settle()
        sys.stdout.flush()
        sys.stderr.flush()
        for kept, number in zip(self._kept, (1, 2), strict=True):
            os.dup2(kept, number)
            os.close(kept)
        self._out.close()

    def say(self, text: str = "") -> None:
        self.console.print(text, markup=False, soft_wrap=True)
        self._out.flush()

    def settle(self) -> None:
        """No more moving parts: what follows is plain text."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None

    @contextlib.contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Stage]:
        """Shows a stage while it lasts, and remembers how long that was."""
        began = time.monotonic()
        if self.progress is None:
            self.say(f"{title} …")
        stage = Stage(self, title, total)
        try:
            yield stage
        finally:
            self.seconds[title] = time.monotonic() - began
        stage.finish()
        if self.progress is None:
            self.say(f"  xong / done: {self.seconds[title]:.1f} s")
