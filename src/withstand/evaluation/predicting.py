"""Predictions as pieces of work: some rows of a condition, by whoever does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from withstand.base.crew import Piece, crew
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


@dataclass(frozen=True, eq=False)
class Predicting:
    """One classifier's predictions (a ``withstand.base.crew.Job``).

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

    def do(self, what: Asked) -> Iterator[Predictions]:
        found = self.predictors.get(what.condition.shift, self.predictor)(self._images(what))
        yield found if self.answer is None else self.answer(found)

    def again(self, piece: Piece, last: Predictions) -> Piece:
        return piece

    def sent(self, piece: Piece) -> Piece:
        what: Asked = piece.what
        blocks = self._images(what)
        given = blocks.images() if isinstance(blocks, Blocks) else blocks
        return replace(piece, what=replace(what, rows=None, images=given))

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

    def _images(self, what: Asked) -> Blocks | ImageSet:
        if what.images is not None:
            return what.images
        blocks = self.sources[what.condition]()
        return blocks if what.rows is None else blocks.take(what.rows)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Several parts, one after the other."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.join(part)
    return whole
