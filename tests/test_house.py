"""The plan of the house: few modules at the root, no room that needs itself, and not too many floors."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1] / "src" / "withstand"
ROOT_MODULES, FLOORS = 5, 12
Graph = Mapping[str, set[str]]


def rooms() -> list[str]:
    """The packages directly under ``withstand``."""
    return sorted(init.parent.name for init in HOUSE.glob("*/__init__.py"))


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it; of ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def room_of(module: str) -> str:
    return module.split(".")[1] if module.startswith("withstand.") else ""


def needs() -> Graph:
    """Room → the other rooms that its modules import."""
    return {
        room: {room_of(one) for file in (HOUSE / room).rglob("*.py") for one in imported(file)}
        & {*rooms()} - {room}
        for room in rooms()
    }


def longest_chain(graph: Graph) -> list[str]:
    """The rooms of the longest chain of imports, the upper first."""
    chains: dict[str, list[str]] = {}
    for room in TopologicalSorter(graph).static_order():
        chains[room] = [room, *max((chains[one] for one in sorted(graph[room])), key=len, default=[])]
    return max(chains.values(), key=len)


def test_few_modules_lie_at_the_root() -> None:
    found = sorted(file.name for file in HOUSE.glob("*.py"))
    assert len(found) <= ROOT_MODULES, found


def test_no_room_needs_itself() -> None:
    try:
        TopologicalSorter(needs()).prepare()
    except CycleError as error:
        raise AssertionError(
            f"rooms import each other in a circle: {' → '.join(error.args[1][::-1])}"
        ) from None


def test_the_floors_are_few() -> None:
    chain = longest_chain(needs())
    assert len(chain) <= FLOORS, f"{len(chain)} floors: {' → '.join(chain)}"


def test_the_longest_chain_is_found() -> None:
    graph = {"roof": {"hall", "cellar"}, "hall": {"stairs"}, "stairs": {"cellar"}, "cellar": set()}
    assert longest_chain(graph) == ["roof", "hall", "stairs", "cellar"]
