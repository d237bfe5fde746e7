"""Trackers: where curves and final figures go beside the run's own files.

Each module here is one tracker, known by its file's name; plug-ins bring others. It has ``start(...) -> Tracker``
and, where it needs a package that withstand does not install by itself, ``PACKAGE``. A tracker is a convenience:
whatever goes wrong in it is said in one line, and the run goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from withstand.base import plugins
from withstand.base.console import errors
from withstand.base.errors import UserError


class Tracker(Protocol):
    """What a tracker must be able to do. It may raise: `Guarded` stands between it and the run."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One point of each named curve; ``step`` (the epoch, from 1) may repeat, but never goes back."""

    def finish(self, summary: Mapping[str, float]) -> None:
        """The final figures; nothing is logged after them."""


class Guarded:
    """A tracker that cannot hurt the run: its first exception becomes one line, and it is used no more."""

    def __init__(self, name: str, start: Callable[[], Tracker]) -> None:
        self._name = name
        self._tracker: Tracker | None = None
        self._guard(lambda: setattr(self, "_tracker", start()))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """See `Tracker.log`. Never raises."""
        if tracker := self._tracker:
            self._guard(lambda: tracker.log(step, values))

    def finish(self, summary: Mapping[str, float]) -> None:
        """See `Tracker.finish`. Never raises."""
        if tracker := self._tracker:
            self._guard(lambda: tracker.finish(summary))
        self._tracker = None

    def _guard(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # a tracker may fail in any way its package knows
            self._tracker = None
            reason = " ".join(str(error).split()) or type(error).__name__
            errors.print(f"tracker {self._name}: {reason}; the run goes on without it", markup=False)


def names() -> list[str]:
    """The trackers there are."""
    return plugins.names("trackers")


def check(name: str) -> None:
    """Refuse a tracker that cannot be used, before any work is done. Imports nothing heavy.

    Raises:
        UserError: there is no such tracker, or the package it needs is not installed.
    """
    _module(name)


def start(
    name: str, *, project: str, run: str, tags: list[str], config: dict[str, Any], folder: Path
) -> Guarded:
    """Begin to track a run.

    Args:
        name: a tracker, see `names`.
        project: what the tracker files the run under.
        run: the run's name, e.g. ``resnet50_cifar10``.
        tags: words to find the run by.
        config: the resolved configuration, plain values.
        folder: the run's folder; what the tracker keeps on this machine may go there.

    Raises:
        UserError: as `check`. Nothing else: a tracker that cannot begin is said in one line and left out.
    """
    module = _module(name)
    return Guarded(
        name, lambda: module.start(project=project, run=run, tags=tags, config=config, folder=folder)
    )


def _module(name: str) -> ModuleType:
    module = plugins.load("trackers", name)
    package = getattr(module, "PACKAGE", None)
    # Asked of the installation, not of import: a folder ./wandb of offline runs imports as an empty package.
    if package is not None and not _installed(package):
        wanted = f'"withstand[{name}]"' if module.__name__ == f"{__name__}.{name}" else package
        raise UserError(f"tracker={name} needs a package that is not installed; pip install {wanted}")
    return module


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
