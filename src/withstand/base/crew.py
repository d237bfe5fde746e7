"""Who does the work: this process, piece by piece, or a crew of workers on other cores, devices and machines.

Whoever has work to give asks ``crew()``, and knows nothing of who does it. What many pieces share is a *job*; it is
sent to a worker once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Given = TypeVar("Given")
Unit = Callable[[], Given]


class UnfinishedError(Exception):
    """Some pieces could not be done, all others are: one line names them. The command ends with exit code 1."""


class AbsentHereError(Exception):
    """Files that are not on the machine where a piece is done; its images are sent along instead."""


@dataclass(frozen=True)
class Piece:
    """A part of a job that is done at once, by one worker.

    Attributes:
        name: for people.
        what: what the job is told of it.
        weight: how long it takes, beside the other pieces of all jobs; of images, their multiplications.
        images: how many images it is about, for the rate.
    """

    name: str
    what: Any
    weight: float = 1.0
    images: int = 0


class Job(ABC):
    """What pieces share; it can be pickled.

    Attributes:
        title: for people.
    """

    title: str

    @abstractmethod
    def do(self, what: Any) -> Iterator[Any]:
        """Do a piece; gives what comes of it as it comes: mostly one thing."""

    def again(self, piece: Piece, last: Any) -> Piece:
        """The piece, where a worker was lost after it gave ``last``."""
        return piece

    def sent(self, piece: Piece) -> Piece:
        """The piece with all that it would read from files, for a machine that has them not."""
        return piece


class Crew(Protocol):
    """Does pieces."""

    @property
    def width(self) -> int:
        """How many pieces are done at a time."""

    @property
    def block(self) -> int | None:
        """About how many images make a piece; None: however many there are."""

    def do(self, job: Job, pieces: Sequence[Piece]) -> Iterator[tuple[int, Any]]:
        """Do all pieces, in any order; gives the number of a piece and what comes of it, as it comes.

        Raises:
            UnfinishedError: at the end, where some pieces could not be done.
        """

    def together(self, units: Sequence[Unit[Given]]) -> list[Given]:
        """Do units of work that do not need each other, each of which may give out pieces.

        Raises:
            UnfinishedError: at the end, where some could not be done.
        """

    def costs(self) -> dict[str, Any]:
        """For ``provenance.json``: who did this unit's pieces since it last asked; empty where this process did."""


class Alone:
    """This process does each piece in its turn."""

    width = 1
    block: int | None = None

    def do(self, job: Job, pieces: Sequence[Piece]) -> Iterator[tuple[int, Any]]:
        for number, piece in enumerate(pieces):
            for made in job.do(piece.what):
                yield number, made

    def together(self, units: Sequence[Unit[Given]]) -> list[Given]:
        return [unit() for unit in units]

    def costs(self) -> dict[str, Any]:
        return {}


_now: Crew = Alone()


def crew() -> Crew:
    """Who does the work."""
    return _now


@contextmanager
def led(by: Crew) -> Iterator[None]:
    """Within, ``by`` does the work."""
    global _now
    before, _now = _now, by
    try:
        yield
    finally:
        _now = before


def in_order(job: Job, pieces: Iterable[Piece]) -> Iterator[Any]:
    """What comes of pieces, in their order; few are under way or wait for their turn, so memory does not grow."""
    waiting, ahead = list(pieces), 2 * crew().width
    for start in range(0, len(waiting), ahead):
        some = waiting[start : start + ahead]
        made: dict[int, list[Any]] = {}
        following = 0
        for number, one in crew().do(job, some):
            made.setdefault(number, []).append(one)
            while following in made:
                yield from made.pop(following)
                following += 1
