"""The report's sections, found by discovery: each module here is one, and plug-ins bring others.

A module has ``PLACE``, a number that orders the sections, and ``section(context) -> Section | None``, a pure function;
None where the runs hold nothing for it.
"""

from __future__ import annotations

from types import ModuleType

from withstand.base import plugins
from withstand.report.section import Context, Section


def build(context: Context) -> list[Section]:
    """Every section that has something to show, in order."""
    built = (module.section(context) for module in _modules())
    return [section for section in built if section is not None]


def _modules() -> list[ModuleType]:
    found = [plugins.load("sections", name) for name in plugins.names("sections")]
    return sorted(found, key=lambda module: (module.PLACE, module.__name__))
