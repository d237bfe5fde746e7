"""Every number of a report, worked out again from the Parquet files: NumPy, SciPy and a reader, nothing of the package.

Read it from top to bottom: statistics of one column of values, metrics of one set of answers, then the tables. It is
written from the definitions: distributions are integrated where the package approximates, influences are numerical
derivatives, simultaneous levels have draws of their own. ``recompute_tables`` makes the tables of it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from scipy import optimize, special, stats

Array = np.ndarray[Any, Any]
Interval = tuple[float, float, float]


# --- the mean of one value an image ----------------------------------------------------------------------------------


def chance_not_negative(z: Array) -> float:
    """The chance that a sum of independent exponential variables times z is not below 0 (Gil-Pelaez, 1951)."""
    if z.min() >= 0 or z.max() <= 0:
        return float(z.min() >= 0)
    z, count = np.unique(z / np.sqrt((z**2).sum()), return_counts=True)
    t = np.exp(np.arange(-22, 12, 0.06))
    size = np.exp(-0.5 * np.log1p(np.outer(t, z) ** 2) @ count)
    t, size = t[size > 1e-13], size[size > 1e-13]
    return 0.5 + float((size * np.sin(np.arctan(np.outer(t, z)) @ count)).sum()) * 0.06 / np.pi


def mean_interval(values: Array, low: float = 0, high: float | None = 1, level: float = 0.95) -> Interval:
    """Gaffke (2005): the mean under random Dirichlet weights with one value more, at the bound; its quantiles."""
    values, tail = np.asarray(values, float), (1 - level) / 2
    low, high = min(low, values.min()), max(values.max(), values.max() if high is None else high)

    def end(extreme: float, chance: float) -> float:
        if extreme == values.mean():
            return extreme
        every = np.append(values, extreme)
        excess = lambda at: chance_not_negative(every - at) - chance  # noqa: E731
        inside = extreme + 1e-12 * (values.mean() - extreme)
        if np.sign(excess(inside)) == np.sign(excess(values.mean())):
            return extreme if abs(excess(inside)) < abs(excess(values.mean())) else float(values.mean())
        return float(optimize.brentq(excess, inside, values.mean(), xtol=1e-7))

    return float(values.mean()), end(low, 1 - tail), end(high, tail)


def p_of_zero(values: Array, reach: float = 1) -> float:
    """Two-sided: the level at which that interval of a difference begins to exclude 0."""
    below = 1 - chance_not_negative(np.append(values, -reach))
    return min(1.0, 2 * min(below, chance_not_negative(np.append(values, reach))))


def exact(right: int, n: int) -> Interval:
    """Clopper and Pearson (1934)."""
    low = stats.beta.ppf(0.025, right, n - right + 1) if right else 0.0
    high = stats.beta.ppf(0.975, right + 1, n - right) if right < n else 1.0
    return right / n, float(low), float(high)


def over_seeds(sides: list[Array], level: float = 0.95) -> Interval:
    """Crossed effects: S×N values of each side; what seeds and images add to the variance, each with its quantile."""
    n, difference = sides[0].shape[1], sides[0].mean(axis=0) - sum(side.mean(axis=0) for side in sides[1:])
    images = difference.var(ddof=1) / n
    reach = 0.0
    for side in sides:
        s, by_seed = len(side), side.mean(axis=1)
        left = side - by_seed[:, None] - side.mean(axis=0) + side.mean()
        images -= (left**2).sum() / ((s - 1) * (n - 1) * s * n)
        reach += stats.t.ppf((1 + level) / 2, s - 1) ** 2 * by_seed.var(ddof=1) / s
    reach = np.sqrt(reach + stats.t.ppf((1 + level) / 2, n - 1) ** 2 * max(0.0, images))
    return float(difference.mean()), float(difference.mean() - reach), float(difference.mean() + reach)


def seeds_p(sides: list[Array]) -> float:
    value = over_seeds(sides)[0]
    if value == 0:
        return 1.0
    beyond = lambda p: over_seeds(sides, 1 - p)[2] - value - abs(value)  # noqa: E731
    return float(optimize.brentq(beyond, 1e-12, 1 - 1e-12, xtol=1e-12))


def all_at_once(differences: Array, draws: int = 400_000) -> float:
    """The level of each of K intervals for which all hold with 95%: the largest of K correlated Student variables."""
    n, k = differences.shape
    if k == 1:
        return 0.95
    own = np.random.default_rng(12345)
    alike = np.nan_to_num(np.corrcoef(differences, rowvar=False))
    root = np.linalg.svd(alike)
    normal = own.standard_normal((draws, k)) * np.sqrt(root.S) @ root.U.T
    largest = np.quantile(np.abs(normal).max(axis=1) / np.sqrt(own.chisquare(n - 1, draws) / (n - 1)), 0.95)
    return float(np.clip(1 - 2 * stats.t.sf(largest, n - 1), 0.95, 1 - 0.05 / k))


def holm(p: list[float]) -> list[float]:
    order, found, most = np.argsort(p), [0.0] * len(p), 0.0
    for place, at in enumerate(order):
        most = max(most, min(1.0, (len(p) - place) * p[at]))
        found[at] = most
    return found


# --- metrics of the answers under one condition: one value an image --------------------------------------------------


def about_needed(values: Array, alpha: float) -> float:
    """Images that a mean of this size takes to be shown with 80% power, by the normal distribution; inf for no mean."""
    mean = abs(float(values.mean()))
    z = stats.norm.ppf(1 - alpha) + stats.norm.ppf(0.8)
    return float((z * values.std() / mean) ** 2) if mean > 1e-12 else np.inf


def selective(sure: Array, right: Array) -> Array:
    """Accuracy on the surest 80%; an image's value is that of those at the threshold, and more where it is answered."""
    place, n = np.argsort(np.argsort(-sure)), len(sure)
    assert len(np.unique(sure)) == n, "tied confidences: this script does not share ranks"
    answered = np.clip(0.8 * n - place, 0, 1)
    last = np.ceil(0.8 * n) - 1
    there = right[(np.abs(n - 1 - place - 0.2 * n) <= max(5, n**0.6 / 2)) | (place == last)].mean()
    return np.asarray(there + answered / 0.8 * (right - there), float)


def aurc(sure: Array, wrong: Array) -> Array:
    """Risk at each coverage, averaged; an image's value is that plus N times its derivative by the image's weight."""
    order, n = np.argsort(-sure, kind="stable"), len(sure)
    assert len(np.unique(sure)) == n, "tied confidences: this script does not share ranks"
    bad = wrong[order].astype(float)

    def area(weights: Array) -> Array:
        risk = np.cumsum(weights * bad, axis=-1) / np.cumsum(weights, axis=-1)
        return (weights * risk).sum(axis=-1) / weights.sum(axis=-1)

    step = 1e-4 * np.eye(n)
    values = np.empty(n)
    values[order] = area(np.ones(n)) + n * (area(1 + step) - area(1 - step)) / 2e-4
    return values


def ece(chance: Array, happened: Array, image: Array) -> tuple[float, Array]:
    """Columns of M probabilities: calibration error in 15 bins of equal mass (ten answers at least), less chance.

    All true gaps are the seen ones times one factor: that at which the mean of the folded normal gaps is what is seen.

    Returns:
        The error, and M values with that mean, whose spread says how far it may be off.
    """
    m, k = chance.shape
    bins, gaps, noise, weight, values = max(1, min(15, m // 10)), [], [], [], np.zeros((m, k))
    starts = np.arange(bins) * m // bins
    for column in range(k):
        middle = stats.rankdata(chance[:, column], method="average") - 1
        place = np.searchsorted(starts, middle, side="right") - 1
        for one in np.unique(place):
            here = place == one
            c, h, n = chance[here, column].mean(), happened[here, column].mean(), here.sum()
            share = (h * n + c) / (n + 1)
            gaps.append(abs(c - h))
            noise.append(np.sqrt(share * (1 - share) / n))
            weight.append(n / (m * k))
            values[here, column] = np.sign(c - h) * (chance[here, column] - happened[here, column])
    gap, sd, w, moved = np.array(gaps), np.array(noise), np.array(weight), values.mean(axis=1)
    seen, sums = float(w @ gap), np.bincount(image, moved)
    spread = max(float(sums.std() * np.sqrt(len(sums)) / m), 1e-12)
    together = spread / max(float(np.sqrt(w**2 @ sd**2)), 1e-12)

    def excess(factor: float, deviations: float) -> float:
        scaled = np.where(sd > 0, sd, 1)
        mean = np.where(sd > 0, stats.foldnorm.mean(factor * gap / scaled, scale=scaled), factor * gap)
        var = np.where(sd > 0, stats.foldnorm.var(factor * gap / scaled, scale=scaled), 0)
        return float(w @ mean + deviations * together * np.sqrt(w**2 @ var) - seen)

    def limit(deviations: float) -> float:
        most = 1 + 8 * spread / max(seen, 1e-12)
        if excess(0, deviations) >= 0 or excess(most, deviations) <= 0:
            return 0.0 if excess(0, deviations) >= 0 else seen * most
        return seen * float(optimize.brentq(excess, 0, most, args=(deviations,), xtol=1e-13))

    value, least, largest = limit(0), limit(1.96), limit(-1.96)
    wider = max(1.0, max(value - least, largest - value) / 1.96 / spread)
    return value, value + (moved - moved.mean()) * wider


class Run:
    """One run folder: N images (rows), conditions (variant, severity) in columns, ``("clean", "")`` among them."""

    def __init__(self, folder: Path) -> None:
        self.summary = json.loads((folder / "summary.json").read_text())
        self.made = json.loads((folder / "provenance.json").read_text())
        self.history = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
        self.model, self.folder = self.summary["model"], folder.name
        self.values: dict[str, dict[tuple[str, str], Array]] = {}
        self.sure, self.chosen = {}, {}
        for cell in self.summary["cells"]:
            self._read(folder / "predictions" / cell["file"], (cell["variant"], str(cell["severity"] or "")))
        self.shifted = sorted(one for one in self.sure if one[0] != "clean")

    def _read(self, path: Path, condition: tuple[str, str]) -> None:
        table = pq.read_table(path).to_pydict()
        order = np.argsort(table["id"])
        logits, self.labels = np.array(table["logits"], float)[order], np.array(table["label"])[order]
        chance, n = special.softmax(logits, axis=1), len(logits)
        truth = np.zeros_like(chance)
        truth[np.arange(n), self.labels] = 1
        rank = np.argsort(np.argsort(-logits, axis=1, kind="stable"), axis=1)[np.arange(n), self.labels]
        self.chosen[condition], self.sure[condition] = logits.argmax(axis=1), chance.max(axis=1)
        error, error_values = ece(self.sure[condition][:, None], (rank == 0)[:, None], np.arange(n))
        of_classes, class_values = ece(chance, truth, np.arange(n))
        assert np.isclose(error, error_values.mean()) and np.isclose(of_classes, class_values.mean())
        for metric, value in {
            "top1": rank == 0,
            "top5": rank < 5,
            "nll": -np.log(chance[np.arange(n), self.labels]),
            "brier": ((chance - truth) ** 2).sum(axis=1),
            "ece": error_values,
            "classwise_ece": class_values,
            "aurc": aurc(self.sure[condition], rank > 0),
            "selective": selective(self.sure[condition], rank == 0),
        }.items():
            self.values.setdefault(metric, {})[condition] = np.asarray(value, float)

    def of(self, conditions: list[tuple[str, str]], metric: str = "top1") -> Array:
        """One value an image: its mean over the conditions."""
        return np.mean([self.values[metric][one] for one in conditions], axis=0)
