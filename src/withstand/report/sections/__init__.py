"""The report's sections, found by discovery: each module here is one, and plug-ins bring others.

A module has ``PLACE``, a number that orders the sections, and ``section(context) -> Section | None``, a pure function;
None where the runs hold nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from withstand.base import plugins
from withstand.report.section import Context, Section


def builders() -> list[Callable[[Context], Section | None]]:
    """What builds each section, in order."""
    return [module.section for module in _modules()]


def _modules() -> list[ModuleType]:
    found = [plugins.load("sections", name) for name in plugins.names("sections")]
    return sorted(found, key=lambda module: (module.PLACE, module.__name__))
