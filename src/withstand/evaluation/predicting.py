"""Predictions as pieces of work: some rows of a condition, by whoever does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from withstand.base.crew import Job, Piece, crew
from withstand.engines.macs import macs
from withstand.engines.predictor import Predictor
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.results.conditions import Condition
from withstand.results.store import Predictions

Answer = Callable[[Predictions], Predictions]
Rows = NDArray[np.int64]

_COSTLY = 10**8  # multiplications of an image where nobody can count them


@dataclass(frozen=True)
class Asked:
    """Which images of a condition.

    Attributes:
        rows: positions; None: all.
        images: these, where they are sent along.
    """

    condition: Condition
    rows: Rows | None
    images: ImageSet | None = None


@dataclass(frozen=True)
class Together:
    """Images of several conditions of one shift, which fill a batch: what comes of them comes as one."""

    parts: tuple[Asked, ...]


@dataclass(frozen=True, eq=False)
class Predicting(Job):
    """One classifier's predictions.

    Attributes:
        predictors: of the shifts whose images are of other classes than the data set's.
        sources: condition → gives its images.
        answer: makes of the network's predictions what is kept.
    """

    title: str
    predictor: Predictor
    predictors: Mapping[str, Predictor] = field(repr=False)
    sources: Mapping[Condition, Callable[[], Blocks]] = field(repr=False)
    answer: Answer | None = None

    def do(self, what: Asked | Together) -> Iterator[Predictions]:
        shift = _parts(what)[0].condition.shift
        found = self.predictors.get(shift, self.predictor)(self._images(what))
        yield found if self.answer is None else self.answer(found)

    def sent(self, piece: Piece) -> Piece:
        what: Asked | Together = piece.what
        if isinstance(what, Together):
            return replace(piece, what=Together(tuple(map(self._sent, what.parts))))
        return replace(piece, what=self._sent(what))

    def _sent(self, one: Asked) -> Asked:
        return replace(one, rows=None, images=self._of(one).images())

    def together(self, asked: Mapping[Condition, Rows]) -> Piece:
        """Some rows of several conditions of a shift at once."""
        parts = tuple(Asked(condition, rows) for condition, rows in asked.items())
        images, first, last = sum(map(len, asked.values())), *(str(parts[at].condition) for at in (0, -1))
        name = first if len(parts) == 1 else f"{first} to {last}"
        return Piece(name, Together(parts), self._cost * images, images)

    @property
    def whole(self) -> bool:
        """Whether images that are predicted beside others are predicted in another way than by themselves."""
        return self.predictor.plain is not None

    def pieces(self, condition: Condition, n: int, rows: Rows | None = None) -> list[Piece]:
        """Some rows of a condition that has ``n`` images, or all: cut where batches are, so that these are the same.

        Where borderline images are computed again, a condition is one piece: which they are is known of the whole.
        """
        block, batch = crew().block, self.predictor.batch_size
        if block is None or self.predictor.plain is not None:
            return [Piece(str(condition), Asked(condition, rows), images=n if rows is None else len(rows))]
        each = self._cost
        whole = np.arange(n) if rows is None else rows
        size = max(1, block // batch) * batch
        return [
            Piece(
                f"{condition}, images {at} to {at + len(some)},",
                Asked(condition, some),
                each * len(some),
                len(some),
            )
            for at in range(0, len(whole), size)
            if len(some := whole[at : at + size])
        ]

    @cached_property
    def _cost(self) -> float:
        return float(macs(self.predictor.classifier) or _COSTLY)

    def _images(self, what: Asked | Together) -> Blocks:
        parts = [self._of(one) for one in _parts(what)]
        return parts[0] if len(parts) == 1 else Blocks.joined(parts)

    def _of(self, one: Asked) -> Blocks:
        if one.images is not None:
            return replace(Blocks.of(one.images), background=one.images.background)
        blocks = self.sources[one.condition]()
        return blocks if one.rows is None else blocks.take(one.rows)


def _parts(what: Asked | Together) -> tuple[Asked, ...]:
    return what.parts if isinstance(what, Together) else (what,)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Several parts, one after the other."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.join(part)
    return whole
