"""Extensions, found by name: modules of ours, and those that installed distributions offer as entry points.

A distribution offers a module by an entry point of the group ``withstand.KIND``:

    [project.entry-points."withstand.datasets"]
    digits = "my_package.digits"

Nothing is imported before it is asked for by its name.
"""

from __future__ import annotations

import ast
import functools
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from withstand.base.errors import UserError, nearest

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Kind:
    """One kind of extension.

    Attributes:
        called: what a person calls one.
        room: the package of ours whose modules are some, below ``withstand``; empty: ours are elsewhere.
        defines: what a module of this kind has, by which it is told from a helper; empty: every module is one.
    """

    called: str
    room: str
    defines: str


KINDS: dict[str, Kind] = {
    "adaptations": Kind("adaptation", "adaptations", "wrap"),
    "datasets": Kind("dataset", "datasets", "from_config"),
    "experiments": Kind("experiment", "experiments", "run"),
    "metrics": Kind("metric", "", "METRIC"),
    "sections": Kind("section", "report.sections", "section"),
    "shifts": Kind("shift", "shifts", "from_config"),
    "sources": Kind("source of classifiers", "models.sources", "from_config"),
    "trackers": Kind("tracker", "trackers", "start"),
}


@dataclass(frozen=True)
class Found:
    """A module that goes by a name, and in words where it comes from; ``entry`` where that is a plug-in."""

    module: str
    origin: str
    entry: EntryPoint | None = None


def names(kind: str) -> list[str]:
    """The names of a kind, ours and those of plug-ins. Imports nothing."""
    return sorted({name for name, _ in _found(kind)})


def offered(kind: str) -> list[str]:
    """The names of a kind that plug-ins offer. Imports nothing."""
    return sorted({entry.name for entry in _entries(kind)})


def load(kind: str, name: str) -> ModuleType:
    """The module of that name.

    Raises:
        UserError: there is none, or there are two, or a plug-in's cannot be imported or is not of this kind.
    """
    there = [one for known, one in _found(kind) if known == name]
    called = KINDS[kind].called
    if not there:
        raise UserError(f"unknown {called} '{name}'; {nearest(name, names(kind))}")
    if len(there) > 1:
        raise UserError(
            f"two go by the name of {called} '{name}': {there[0].origin} and {there[1].origin}; uninstall one"
        )
    return _imported(KINDS[kind], name, there[0])


def said(kind: str, name: str, word: str) -> str:
    """The text that a module of ours gives to ``word``, read from its source; where a plug-in's comes from."""
    room = KINDS[kind].room
    file = _PACKAGE.joinpath(*room.split("."), f"{name}.py")
    if not (room and file.is_file()):
        return origin(kind, name)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    given = [node.value for node in tree.body if isinstance(node, ast.Assign) and _names(node) == [word]]
    return str(ast.literal_eval(given[0])) if given else ""


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def origin(kind: str, name: str) -> str:
    """Where what goes by that name comes from, for a message: ``withstand``, or a distribution and its version."""
    return " and ".join(one.origin for known, one in _found(kind) if known == name)


def config_folders() -> list[Path]:
    """The folders ``configs`` in the packages of all plug-ins. Imports none of them."""
    packages = dict.fromkeys(entry.module.partition(".")[0] for kind in KINDS for entry in _entries(kind))
    places = (Path(place) / "configs" for package in packages for place in _places(package))
    return [place for place in places if place.is_dir()]


def _found(kind: str) -> Iterator[tuple[str, Found]]:
    for name in _ours(KINDS[kind]):
        yield name, Found(f"withstand.{KINDS[kind].room}.{name}", "withstand")
    for entry in _entries(kind):
        yield entry.name, Found(entry.module, _distribution(entry), entry)


def _ours(kind: Kind) -> Iterator[str]:
    """The modules of the room that have what the kind asks for, as their source says."""
    if not kind.room:
        return
    wanted = re.compile(rf"^(?:def {kind.defines}\(|{kind.defines}\s*[:=])", re.MULTILINE)
    folder = _PACKAGE.joinpath(*kind.room.split("."))
    for module in pkgutil.iter_modules([str(folder)]):
        file = folder / module.name / "__init__.py" if module.ispkg else folder / f"{module.name}.py"
        if not kind.defines or wanted.search(file.read_text(encoding="utf-8")):
            yield module.name


def _entries(kind: str) -> list[EntryPoint]:
    return _installed(tuple((place, _changed(place)) for place in sys.path))[kind]


@functools.lru_cache(maxsize=4)
def _installed(places: tuple[tuple[str, int], ...]) -> dict[str, list[EntryPoint]]:
    """What all distributions offer, by kind. Looking takes as long as everything else in a command that does little,
    so it is done once, and again where a place has changed.
    """
    every = entry_points()
    return {
        kind: sorted(every.select(group=f"withstand.{kind}"), key=lambda one: (one.name, one.value))
        for kind in KINDS
    }


def _changed(place: str) -> int:
    """When something was last put into a folder; 0 where there is none."""
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return 0


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _places(package: str) -> list[str]:
    """Where a package lies; a plug-in that is one file alone has no folder."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return []
    return list(spec.submodule_search_locations or ()) if spec else []


def _imported(kind: Kind, name: str, found: Found) -> ModuleType:
    if found.entry is None:
        return import_module(found.module)
    whose = f"the {kind.called} '{name}' of {found.origin}"
    remedy = f"fix it, or uninstall {found.origin.split(' ')[0]}"
    if found.entry.attr:
        raise UserError(f"{whose} names {found.entry.value}, which is not a module; write {found.module}")
    try:
        module = import_module(found.module)
    except Exception as error:  # a plug-in may fail in any way
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"{whose} cannot be imported ({why}); {remedy}") from error
    if kind.defines and not hasattr(module, kind.defines):
        raise UserError(f"{whose} has no {kind.defines} in {found.module}; {remedy}")
    return module
