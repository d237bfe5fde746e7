"""What a person sees while work is running: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from withstand.base.errors import of_system
from withstand.base.names import printed


class _Console(Console):
    """Whose output may end before the work does: a pipe that is closed, a log on a disk that is full."""

    hush = False
    """Whether bars are shown by somebody else."""

    @contextmanager
    def hushed(self) -> Iterator[None]:
        """Within, no further bar is shown."""
        before, self.hush = self.hush, True
        try:
            yield
        finally:
            self.hush = before

    def print(self, *objects: Any, **how: Any) -> None:
        try:
            super().print(*objects, **how)
        except OSError as error:
            raise of_system("write the output", error) from error

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


console = _Console(highlight=False, markup=False, emoji=False)  # a name in brackets is no style
errors = _Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)

_PLAIN_EVERY = 10.0  # seconds between lines where the output is no terminal


def say(message: str) -> None:
    """One line for the user; wraps at the terminal's width, never in a log."""
    console.print(printed(message), soft_wrap=not console.is_terminal, markup=False)


class Bar:
    """Counts what is done of a known amount of work; ``images`` feeds the rate."""

    def __init__(self, title: str, total: int, done: int, live: Progress | None) -> None:
        self.title, self.total, self.done, self.images = title, total, done, 0
        self._live = live
        self._task = live.add_task(title, total=total, completed=done, images=0) if live else None
        self._started = self._said = time.monotonic()
        self._begun = done

    def expect(self, more: int) -> None:
        """There are ``more`` steps to do, or fewer."""
        self.total += more
        if self._live is not None and self._task is not None:
            self._live.update(self._task, total=self.total)

    def advance(self, steps: int = 1, images: int = 0, note: str = "") -> None:
        """``steps`` more are done, with ``images`` images; ``note`` follows the title."""
        self.done += steps
        self.images += images
        if self._live is not None and self._task is not None:
            self._live.update(
                self._task,
                advance=steps,
                images=self.images,
                description=printed(f"{self.title} {note}".rstrip()),
            )
        elif time.monotonic() - self._said >= _PLAIN_EVERY and self.done < self.total:
            self._said = time.monotonic()
            say(
                f"{self.title}: {self.done}/{self.total} {note}".rstrip()
                + f", {self.rate:,.0f} images/s{self._left}"
            )

    @property
    def rate(self) -> float:
        """Images a second since the bar began."""
        return self.images / max(time.monotonic() - self._started, 1e-9)

    @property
    def _left(self) -> str:
        pace = (time.monotonic() - self._started) / max(self.done - self._begun, 1)
        return f", {pace * (self.total - self.done):,.0f} s left"


class _Silent(Bar):
    """Counts, and says nothing."""

    def advance(self, steps: int = 1, images: int = 0, note: str = "") -> None:
        self.done += steps
        self.images += images


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        elapsed = task.elapsed or 0
        return Text(f"{task.fields['images'] / elapsed:,.0f} images/s" if elapsed else "", style="cyan")


@contextmanager
def progress(title: str, total: int, done: int = 0) -> Iterator[Bar]:
    """A bar over ``total`` steps, of which ``done`` were done before this run."""
    if console.hush:
        yield _Silent(title, total, done, None)
        return
    if not console.is_terminal:
        yield Bar(title, total, done, None)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as live:
        yield Bar(title, total, done, live)
