"""Packages that a source needs and that do not come with withstand."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from withstand.base.errors import UserError


def needed(package: str, source: str, extra: str) -> ModuleType:
    """The package, imported now.

    Raises:
        UserError: it is not installed; says how to install it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise UserError(
            f'model={source}:… needs {package}: pip install "withstand[{extra}]" ({" ".join(str(error).split())[:120]})'
        ) from error
