"""Many classifiers on the same images: who is surely ahead of whom, and the ranks that this leaves to each.

All pairs are judged at once by the interval of ``bounded``, each with the level at which all of them hold together.
Where they do, every model's true rank lies between one more than those surely ahead of it and the number of models less
those surely behind; models that are truly equal may stand in any order.

What an image gives is a whole number, under how many conditions it was right, so the differences of two models take few
values, and all pairs are worked out side by side in one array.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from withstand.statistics.estimate import LEVEL
from withstand.statistics.multiple import DRAWS

Counts = NDArray[np.integer]
"""M×N: under how many conditions each of M models was right on each of N images."""

_BLOCK = 1000  # draws at a time: what is worked on stays in the processor's cache
_ROWS = 2000  # pairs at a time
_STEPS = 200


def ranks(ahead: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best and the worst rank of each model: int64 M each, from 1 on.

    Args:
        ahead: M×M, whether the model of the row is surely ahead of the one of the column.
    """
    return 1 + ahead.sum(axis=0), len(ahead) - ahead.sum(axis=1)


def surely_ahead(counts: Counts, of: int, level: float = LEVEL, seed: int = 0) -> NDArray[np.bool_]:
    """M×M: whether the model of the row has a higher mean than that of the column, all answers right at once.

    Args:
        of: how many conditions there are.
        level: how surely.
        seed: of the draws that the simultaneous level comes from.
    """
    models, images = counts.shape
    ahead = np.zeros((models, models), bool)
    if models < 2 or not images:
        return ahead
    tail = (1 - pairs_level(counts, level, seed)) / 2
    totals = counts.sum(axis=1, dtype=np.int64)
    order = np.argsort(-totals, kind="stable")
    values = np.arange(-of, of + 1) / of
    for rows, columns, tallies in _tallies(counts[order], of):
        ahead[order[rows], order[columns]] = greater_p_each(tallies, values) < tail
    return ahead


def pairs_level(counts: Counts, level: float = LEVEL, seed: int = 0) -> float:
    """What ``simultaneous_level`` gives of the differences of all pairs, from the models' covariance alone."""
    models, n = counts.shape
    pairs = models * (models - 1) // 2
    least = 1 - (1 - level) / max(pairs, 1)
    if pairs < 2 or n < 3:
        return least
    centred = counts - counts.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T / n
    spread = np.diag(covariance)[:, None] + np.diag(covariance) - 2 * covariance
    moving = spread > 1e-9 * max(1.0, float(covariance.max()))
    if not moving.any():
        return least
    weights = np.where(moving, 1 / np.sqrt(np.where(moving, spread, 1)), 0).astype(np.float32)
    roots, axes = np.linalg.eigh(covariance)
    spanned = (axes * np.sqrt(np.maximum(roots, 0))).T
    draw, largest = np.random.default_rng(seed), []
    for start in range(0, DRAWS, _BLOCK):
        normal = draw.standard_normal((min(_BLOCK, DRAWS - start), models)) @ spanned
        largest.append(_furthest(normal.T.astype(np.float32), weights))
    scale = np.sqrt(draw.chisquare(n - 1, DRAWS) / (n - 1))
    reach = float(np.quantile(np.concatenate(largest) / scale, level))
    return float(np.clip(1 - 2 * special.stdtr(n - 1, -reach), level, least))


def _furthest(normal: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest standardised difference of two of the M rows in each of the D draws."""
    found = np.zeros(normal.shape[1], np.float32)
    for one in range(len(normal) - 1):
        apart = np.abs(normal[one + 1 :] - normal[one])
        apart *= weights[one, one + 1 :, None]
        np.maximum(found, apart.max(axis=0), out=found)
    return found


def _tallies(
    counts: Counts, of: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Pairs of rows, the upper first, with how often each difference from −of to of is seen: K×(2 of + 1)."""
    models, images = counts.shape
    wide, held = 2 * of + 1, max(1, 20_000_000 // max(images, 1))
    counts = counts.astype(np.int32)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    tallies: list[NDArray[np.float64]] = []
    for one in range(models - 1):
        for start in range(one + 1, models, held):
            others = np.arange(start, min(start + held, models))
            place = (
                counts[one] - counts[others] + (of + wide * np.arange(len(others), dtype=np.int32))[:, None]
            )
            tallies.append(
                np.bincount(place.ravel(), minlength=wide * len(others)).reshape(-1, wide).astype(np.float64)
            )
            rows.append(np.full(len(others), one))
            columns.append(others)
        if sum(map(len, rows)) >= _ROWS or one == models - 2:
            yield np.concatenate(rows), np.concatenate(columns), np.concatenate(tallies)
            rows, columns, tallies = [], [], []


def greater_p_each(tallies: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``greater_p`` of each of K tallies: the p-value of "the mean is at most 0".

    Args:
        tallies: K×V, how many images have each value.
        values: V, ascending, from the lower bound to the upper one.
    """
    counts = tallies.copy()
    counts[:, 0] += 1  # the image that was not seen and may lie at the bound
    found = np.ones(len(counts))
    rows = np.flatnonzero((counts[:, values > 0] > 0).any(axis=1))  # where none is above, nothing is shown
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        z = np.where(counts[some] > 0, values / np.abs(values).max(), 0.0)
        found[some] = special.ndtr(-_signed_root(z, counts[some]))
    return found


def _signed_root(z: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """K: the normal deviate whose lower tail is the chance that the weighted mean is above 0 (Lugannani and Rice)."""
    t = _saddles(z, counts)
    left = 1 - t[:, None] * z
    w = np.copysign(np.sqrt(np.maximum(0.0, 2 * (counts * np.log(left)).sum(axis=1))), t)
    moved = z / left
    second = (counts * moved**2).sum(axis=1)
    near = np.abs(w) < 1e-4
    safe = np.where(near, 1.0, w)
    u = np.where(near, 1.0, t * np.sqrt(second))
    limit = -(counts * moved**3).sum(axis=1) / (3 * second**1.5)
    return np.where(near, limit, -(safe + np.log(u / safe) / safe))


def _saddles(z: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """K: where the sum of counts z / (1 − t z), which rises with t, is 0; by Newton's steps within a bracket."""
    inner = 1 - 1e-13
    low, high = inner / z.min(axis=1), inner / z.max(axis=1)
    t = np.zeros(len(z))
    active = np.arange(len(z))
    for _ in range(_STEPS):
        own, many = z[active], counts[active]
        moved = own / (1 - t[active][:, None] * own)
        slope = (many * moved).sum(axis=1)
        low[active] = np.where(slope < 0, t[active], low[active])
        high[active] = np.where(slope > 0, t[active], high[active])
        step = t[active] - slope / (many * moved**2).sum(axis=1)
        inside = (step > low[active]) & (step < high[active])
        following = np.where(inside, step, (low[active] + high[active]) / 2)
        done = np.abs(following - t[active]) <= 1e-13 * np.maximum(1e-3, np.abs(following))
        t[active] = following
        active = active[~done]
        if not len(active):
            break
    return t
