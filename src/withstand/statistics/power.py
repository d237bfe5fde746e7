"""How many images a paired comparison needs, and what a number of images can show.

The test is that of ``greater_p``: the end of its interval is as far from the mean as the values of a pilot, or
assumed ones, put it for the number of images asked about. The power is the chance that a normal mean of so many
clears it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from withstand.base.root import root
from withstand.statistics.bounded import Tally, Values, upper_end

POWER = 0.8
MOST = 100_000_000
"""Images beyond which the answer is "no number of images that anybody has"."""


@dataclass(frozen=True, eq=False)
class Pilot:
    """How the difference of two classifiers varies from image to image.

    Attributes:
        values: the distinct differences, one for each image (or cluster of images), and ``counts`` how many have each.
        images: images to each of these values: more than one where they come in clusters.
        bounds: the lowest and the highest value possible.
    """

    values: NDArray[np.float64]
    counts: NDArray[np.float64]
    images: float = 1.0
    bounds: tuple[float, float] = (-1.0, 1.0)

    @classmethod
    def of(cls, values: Values, images: float = 1.0, bounds: tuple[float, float] = (-1.0, 1.0)) -> Pilot:
        """From a pilot's values, one for each image or cluster.

        Raises:
            ValueError: there are fewer than two.
        """
        if len(values) < 2:
            raise ValueError("a pilot needs two images")
        tally = Tally.of(values)
        return cls(tally.values, tally.counts, images, bounds)

    @classmethod
    def assumed(cls, disagreement: float, conditions: int = 1, alike: float = 1.0) -> Pilot:
        """From rates, without a pilot.

        Args:
            disagreement: the share of images under a condition that only one of the two gets right.
            conditions: how many are averaged over.
            alike: the correlation of an image's differences under two conditions: 1 is the same under all.

        Raises:
            ValueError: a rate is not between 0 and 1.
        """
        if not (0 < disagreement <= 1 and 0 <= alike <= 1 and conditions >= 1):
            raise ValueError("rates lie between 0 and 1")
        reach = math.sqrt(alike + (1 - alike) / conditions)
        half = disagreement / 2
        return cls(np.array([-reach, 0.0, reach]), np.array([half, 1 - disagreement, half]))

    @property
    def turned(self) -> Pilot:
        """The same of the difference the other way round."""
        low, high = self.bounds
        return replace(self, values=-self.values, bounds=(-high, -low))

    @cached_property
    def mean(self) -> float:
        return float(self.counts @ self.values / self.counts.sum())

    @cached_property
    def deviation(self) -> float:
        """The standard deviation of a value."""
        spread = self.counts @ (self.values - self.mean) ** 2 / self.counts.sum()
        return math.sqrt(float(spread))

    def reach(self, n: float, alpha: float, upwards: bool = False) -> float:
        """How far the end of the interval of ``n`` images is from the mean: below it, or above.

        Args:
            alpha: the chance, on that side alone, that the truth lies beyond.
        """
        counts = self.counts * (n / self.images / self.counts.sum())
        sign = 1.0 if upwards else -1.0
        end = sign * (self.bounds[1] if upwards else self.bounds[0])
        highest = max(end, float((sign * self.values).max()))
        return max(
            0.0, upper_end(Tally(sign * self.values, counts).with_one(highest), alpha) - sign * self.mean
        )

    def power(self, n: float, distance: float, alpha: float) -> float:
        """The chance that ``n`` images show the mean to be above a value that is ``distance`` below the truth."""
        return self._clears(distance, self.reach(n, alpha), n)

    def power_within(self, n: float, difference: float, margin: float, alpha: float) -> float:
        """The chance that ``n`` images show a mean of ``difference`` to be within ± ``margin``: two one-sided tests."""
        above = self._clears(margin + difference, self.reach(n, alpha), n)
        below = self._clears(margin - difference, self.reach(n, alpha, upwards=True), n)
        return max(0.0, above + below - 1)

    def _clears(self, distance: float, reach: float, n: float) -> float:
        error = self._error(n)
        if error == 0:
            return float(distance > reach)
        return float(special.ndtr((distance - reach) / error))

    def _error(self, n: float) -> float:
        """The standard error of the mean of ``n`` images."""
        return self.deviation / math.sqrt(n / self.images)

    def needed(self, distance: float, alpha: float, power: float = POWER) -> int | None:
        """The images that show a mean to be above a value ``distance`` below it; None: more than anybody has."""
        return self._least(lambda n: self.power(n, distance, alpha), power) if distance > 0 else None

    def needed_within(
        self, difference: float, margin: float, alpha: float, power: float = POWER
    ) -> int | None:
        """The images that show a mean of ``difference`` to lie within ± ``margin``."""
        if abs(difference) >= margin:
            return None
        return self._least(lambda n: self.power_within(n, difference, margin, alpha), power)

    def detectable(self, n: float, alpha: float, power: float = POWER) -> float:
        """The smallest distance that ``n`` images show with that power; at most what can be."""
        widest = self.bounds[1] - self.bounds[0]
        reach = self.reach(n, alpha)
        return min(widest, reach + self._error(n) * float(special.ndtri(power)))

    def _least(self, chance: Callable[[float], float], power: float) -> int | None:
        high = max(2.0, 2 * self.images)
        while chance(high) < power:
            high *= 2
            if high > MOST:
                return None
        if chance(high / 2) >= power:
            return math.ceil(high / 2)
        found = math.ceil(root(lambda n: chance(n) - power, high / 2, high, xtol=0.01, rtol=1e-5))
        return found if chance(found) >= power else found + 1


def cluster_values(values: Values, clusters: NDArray[np.generic]) -> NDArray[np.float64]:
    """One value for each cluster of images that are alike (a patient's, a camera's), whose mean is that of the images.

    It is the mean plus what the cluster moves it by, so large clusters weigh as their images do.

    Args:
        values: N, one for each image; ``clusters`` says which cluster each is of.
    """
    given = np.asarray(values, np.float64)
    _, place, counts = np.unique(clusters, return_inverse=True, return_counts=True)
    moved = np.bincount(place.reshape(-1), given - given.mean(), minlength=len(counts))
    return np.asarray(given.mean() + moved * len(counts) / len(given))
