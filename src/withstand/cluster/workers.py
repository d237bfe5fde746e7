"""The workers of a crew: as many on each node as it has room for, all of one kind; lost ones are replaced."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from withstand.base.console import say
from withstand.cluster.nodes import Kind


@dataclass(frozen=True)
class Wanted:
    """What a worker is.

    Attributes:
        device: ``cpu``, ``cuda`` or ``mps``.
        cpus: cores, and threads.
        gpus: or a part of one.
        most: workers in all; None: as many as there is room for.
        moved: where files lie on this machine, and on the nodes.
        kind: what they must compute with.
        sheets: a reference to the ice that frost lays over images here.
    """

    device: str
    cpus: int
    gpus: float
    most: int | None
    moved: tuple[str, str] | None
    kind: Kind
    sheets: Any = None

    @property
    def room(self) -> str:
        """What it takes up of a node, in words."""
        cores = f"{self.cpus} core{'s' if self.cpus > 1 else ''}"
        return f"{cores}{f' and {self.gpus:g} GPU' if self.gpus else ''}"


@dataclass(eq=False)
class Hand:
    """A worker.

    Attributes:
        node: the id of its node.
        name: of its node, for people; empty before it has said what it is.
        doing: what it does now; None: nothing, or it is not ready.
        asked: the answer that is waited for: what it is, or what comes of its piece.
    """

    actor: Any
    node: str
    name: str = ""
    doing: Any = None
    asked: Any = None


class Hands:
    """Those that are there."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.all = wanted, list[Hand]()
        self.left_out: dict[str, str] = {}

    def recruit(self) -> None:
        """One more wherever there is room."""
        import ray

        for node in ray.nodes():
            if not node["Alive"] or node["NodeID"] in self.left_out:
                continue
            here = sum(hand.node == node["NodeID"] for hand in self.all)
            for _ in range(self._room(node["Resources"]) - here):
                if self.wanted.most is not None and len(self.all) >= self.wanted.most:
                    return
                self.all.append(self._started(node["NodeID"]))

    def could_come(self) -> bool:
        """Whether a node is there, or may come, that has not been left out."""
        import ray

        return any(
            node["Alive"] and node["NodeID"] not in self.left_out and self._room(node["Resources"])
            for node in ray.nodes()
        )

    def alive(self, node: str) -> bool:
        """Whether a node is still there."""
        import ray

        return any(one["NodeID"] == node and one["Alive"] for one in ray.nodes())

    def welcome(self, hand: Hand, said: dict[str, Any]) -> bool:
        """Take a worker that has said what it is, or leave its node out."""
        name = said.pop("name")
        said.pop("process")
        if unlike := self.wanted.kind.unlike(Kind(**said)):
            self.leave_out(hand, name, f"it has {unlike}, and would compute other last bits")
            return False
        hand.name, hand.asked = name, None
        return True

    def leave_out(self, hand: Hand, name: str, why: str) -> None:
        """Use a node no more."""
        if hand.node not in self.left_out:
            say(f"  {name} takes no part: {why}")
        self.left_out[hand.node] = why
        for one in [one for one in self.all if one.node == hand.node and one.doing is None]:
            self.let_go(one)

    def let_go(self, hand: Hand) -> None:
        """Be without a worker."""
        import ray

        if hand in self.all:
            self.all.remove(hand)
        ray.kill(hand.actor)

    def idle(self) -> Iterator[Hand]:
        """Those that could do something."""
        return (hand for hand in [*self.all] if hand.name and hand.doing is None)

    @property
    def ready(self) -> list[Hand]:
        return [hand for hand in self.all if hand.name]

    def _room(self, resources: dict[str, float]) -> int:
        room = int(resources.get("CPU", 0) // self.wanted.cpus)
        if self.wanted.gpus:
            room = min(room, int(resources.get("GPU", 0) / self.wanted.gpus + 1e-6))
        return room

    def _started(self, node: str) -> Hand:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from withstand.cluster.worker import Worker

        wanted = self.wanted
        make: Callable[..., Any] = (
            ray.remote(Worker)
            .options(
                num_cpus=wanted.cpus,
                num_gpus=wanted.gpus,
                max_restarts=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
                runtime_env={"env_vars": _environment(wanted.cpus)},
            )
            .remote
        )
        actor = make(wanted.device, wanted.cpus, wanted.moved, os.getcwd(), wanted.sheets)
        return Hand(actor, node, asked=actor.kind.remote())


def _environment(threads: int) -> dict[str, str]:
    """Libraries count their threads when they are loaded."""
    return {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} | {
        name: value for name in ("WITHSTAND_CACHE",) if (value := os.environ.get(name))
    }
