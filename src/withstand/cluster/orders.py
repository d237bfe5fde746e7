"""What is asked of the workers, and what is said of it in the end."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from typing import Any

from withstand.base.crew import Job, Piece
from withstand.cluster.worker import Done


@dataclass(frozen=True)
class Ended:
    """A piece is done: by whom, in which time, and how often it was begun."""

    node: str
    done: Done
    begun: int


@dataclass(frozen=True)
class Lost:
    """A piece is left."""


@dataclass(eq=False)
class Order:
    """Pieces of one job that somebody waits for.

    Attributes:
        answers: what comes of them, each with the number of its piece; an exception ends it.
    """

    job: Job
    answers: queue.SimpleQueue[tuple[int, Any]] = field(default_factory=queue.SimpleQueue)
    wanted: bool = True


@dataclass(eq=False)
class Task:
    """A piece of an order.

    Attributes:
        begun: how often.
        deaths: of workers that did it.
        sent: whether with all that it would read.
    """

    number: int
    piece: Piece
    order: Order
    begun: int = 0
    deaths: int = 0
    sent: bool = False
