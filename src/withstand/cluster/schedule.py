"""Which worker does which piece next: no clock and no worker in here, so that years of work can be simulated.

A worker stays with the job that it has loaded while that has pieces. When it has none left, the worker goes to the
job with the most work for each of its workers, and takes the longest piece there: what takes long begins early, so that
all end at about the same time.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

Key = Hashable
"""Of a job."""


@dataclass
class _Waiting:
    """The pieces of a job that nobody does yet, longest first."""

    pieces: list[tuple[float, int, Any]] = field(default_factory=list)
    work: float = 0.0
    workers: int = 0

    @property
    def pressing(self) -> float:
        """Work for each worker, were there one more."""
        return self.work / (self.workers + 1)


class Schedule:
    """Pieces that wait, and who is at which job."""

    def __init__(self) -> None:
        self._jobs: dict[Key, _Waiting] = {}
        self._at: dict[Hashable, Key] = {}
        self._number = 0

    def __len__(self) -> int:
        return sum(len(job.pieces) for job in self._jobs.values())

    def add(self, job: Key, pieces: Iterable[tuple[float, Any]]) -> None:
        """Pieces of a job, each with its weight; of equal weight, the first given is the first done."""
        waiting = self._jobs.setdefault(job, _Waiting())
        waiting.workers = (
            sum(at == job for at in self._at.values()) if not waiting.pieces else waiting.workers
        )
        for weight, piece in pieces:
            heapq.heappush(waiting.pieces, (-weight, self._number, piece))
            waiting.work += weight
            self._number += 1

    def next(self, worker: Hashable) -> tuple[Key, Any] | None:
        """The piece that a worker does next, and its job; None where none waits."""
        job = self._at.get(worker)
        if job not in self._jobs:
            job = max(self._jobs, key=lambda key: self._jobs[key].pressing, default=None)
            if job is None:
                return None
            self.gone(worker)
            self._at[worker] = job
            self._jobs[job].workers += 1
        waiting = self._jobs[job]
        weight, _, piece = heapq.heappop(waiting.pieces)
        waiting.work += weight  # which is held below zero
        if not waiting.pieces:
            del self._jobs[job]
        return job, piece

    def gone(self, worker: Hashable) -> None:
        """A worker is at no job any more."""
        job = self._at.pop(worker, None)
        if job in self._jobs:
            self._jobs[job].workers -= 1
