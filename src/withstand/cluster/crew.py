"""A crew of Ray's workers: pieces go out to them, and what comes of these comes back to this process, which writes it.

Units of work that run side by side are threads that take turns: one of them runs at a time, and lets the others run
while it waits for its pieces. So nothing of the driver needs to know of threads.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as all_of
from contextlib import contextmanager
from typing import Any

from withstand.base.crew import Given, Job, Piece, UnfinishedError, Unit
from withstand.base.errors import UserError
from withstand.cluster.dispatch import DEATHS, Dispatch
from withstand.cluster.orders import Ended, Lost

_AT_ONCE = 64  # units, each of which holds its classifier and its images here


class _Stopped(BaseException):
    """In a unit: the command has ended."""


class RayCrew:
    """See ``withstand.base.crew.Crew``; ``withstand.cluster.opened`` makes one."""

    def __init__(self, dispatch: Dispatch, block: int) -> None:
        self.block: int | None = block
        self._dispatch = dispatch
        self._turn, self._unit = threading.Lock(), threading.local()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within, there are workers, and it is this thread's turn."""
        self._turn.acquire()
        try:
            self._dispatch.start()
            yield
        finally:
            self._dispatch.stop(_Stopped())
            self._turn.release()

    @property
    def width(self) -> int:
        return max(1, len(self._dispatch.hands.all))

    def do(self, job: Job, pieces: Sequence[Piece]) -> Iterator[tuple[int, Any]]:
        if not pieces:
            return
        left, lost = len(pieces), list[str]()
        order = self._dispatch.order(job, pieces)
        try:
            while left:
                with self._waiting():
                    number, made = order.answers.get()
                if isinstance(made, BaseException):
                    raise made
                if isinstance(made, Ended):
                    left -= 1
                    self._count(made)
                elif isinstance(made, Lost):
                    left, lost = left - 1, [*lost, pieces[number].name]
                else:
                    yield number, made
        finally:
            self._dispatch.drop(order, left + len(lost))
        if lost:
            raise UnfinishedError(
                f"{job.title}: {', '.join(lost[:5])}{', …' if len(lost) > 5 else ''}: took {DEATHS} workers down each,"
                " and is left; all else is done. Give a piece more (cluster.cpus, cluster.gpus), or lower"
                " evaluation.batch_size; the same command tries again"
            )

    def together(self, units: Sequence[Unit[Given]]) -> list[Given]:
        if len(units) < 2:
            return [unit() for unit in units]
        with self._waiting(), ThreadPoolExecutor(min(len(units), 2 * self.width + 2, _AT_ONCE)) as pool:
            running = [pool.submit(self._in_turn, unit) for unit in units]
            try:
                all_of(running)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._dispatch.stop(_Stopped())
                raise
        failed = [error for one in running if (error := one.exception()) is not None]
        for error in failed:
            if not isinstance(error, UserError | UnfinishedError):
                raise error
        if failed:
            kind = UserError if len(failed) == len(units) else UnfinishedError
            raise kind("; ".join(dict.fromkeys(map(str, failed)))) from failed[0]
        for _, spent, nodes in (one.result() for one in running):
            self._unit.__dict__.setdefault("spent", Counter()).update(spent)
            self._unit.__dict__.setdefault("nodes", set()).update(nodes)
        return [one.result()[0] for one in running]

    def costs(self) -> dict[str, Any]:
        spent: Counter[str] = self._unit.__dict__.pop("spent", Counter())
        nodes: set[str] = self._unit.__dict__.pop("nodes", set())
        if not spent["pieces"]:
            return {}
        return {
            "cluster": {
                "pieces": int(spent["pieces"]),
                "again": int(spent["again"]),
                "nodes": sorted(nodes),
                "device_seconds": {self._dispatch.hands.wanted.kind.device: spent["seconds"]},
                "loading_seconds": spent["loading"],
            }
        }

    def _count(self, ended: Ended) -> None:
        mine = self._unit.__dict__
        mine.setdefault("nodes", set()).add(ended.node)
        spent = mine.setdefault("spent", Counter())
        spent["pieces"] += 1
        spent["again"] += ended.begun - 1
        spent["seconds"] += ended.done.seconds
        spent["loading"] += ended.done.loading

    def _in_turn(self, unit: Unit[Given]) -> tuple[Given, Counter[str], set[str]]:
        """What a unit gives, and what it has spent and not told."""
        with self._turn:
            given, mine = unit(), self._unit.__dict__
            return given, mine.pop("spent", Counter()), mine.pop("nodes", set())

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Within, other units run."""
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()
