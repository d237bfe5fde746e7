"""Worlds whose truth is known: images that are easy or hard for everybody, and classifiers that err on them."""

from __future__ import annotations

import numpy as np
from scipy import stats

from benchmarks.coverage.line import Draw, Values
from withstand.results.store import Predictions

N, C = 1000, 20  # images and conditions of a simulated evaluation
SPREAD = 1.5


def steps() -> Values:
    return np.linspace(0.8, -0.4, C)


def clustered(draw: Draw, ability: float = 0.0, hard: Values | None = None) -> Values:
    """N×C right or wrong; an image is easy or hard under all conditions, and conditions differ. Truth: ``truth``."""
    image = draw.normal(size=(N, 1)) if hard is None else hard
    return (draw.random((N, C)) < stats.norm.cdf(SPREAD * (ability + steps() + image))).astype(float)


def truth(ability: float = 0.0) -> Values:
    """The accuracy under each condition in the world that ``clustered`` draws from."""
    return np.asarray(stats.norm.cdf(SPREAD * (ability + steps()) / np.sqrt(1 + SPREAD**2)))


def wrong(draw: Draw, hard: Values, shares: Values, severities: int = 1) -> Values:
    """N×V errors of each image, mean over severities, that happen with the V ``shares``; ``hard`` is N×1."""
    place = stats.norm.ppf(shares) * np.sqrt(1 + SPREAD**2)
    chance = stats.norm.cdf(place + SPREAD * hard)
    drawn = draw.random((len(hard), len(shares), severities)) < chance[:, :, None]
    return np.asarray(drawn.mean(axis=-1))


def both_wrong(one: float, other: float) -> float:
    """How often two err on one image, who err with these shares in the world that ``wrong`` draws from."""
    hard, weight = np.polynomial.hermite_e.hermegauss(80)
    a, b = (stats.norm.cdf(stats.norm.ppf(s) * np.sqrt(1 + SPREAD**2) + SPREAD * hard) for s in (one, other))
    return float(weight @ (a * b) / weight.sum())


def predictions(draw: Draw, n: int, sharp: float, skill: float = 1.0) -> Predictions:
    """Of 4 classes. At ``sharp`` 1 it is calibrated exactly: the logits are log likelihoods."""
    return two(draw, n, (sharp, sharp), skill)[0]


def two(
    draw: Draw, n: int, sharp: tuple[float, float], skill: float = 1.0
) -> tuple[Predictions, Predictions]:
    """Two classifiers on the same images, half of whose noise is the images' own."""
    shared, labels = draw.normal(size=(n, 4)), draw.integers(4, size=n)
    shared[np.arange(n), labels] += skill * np.sqrt(2)
    found = [skill * by * (shared + draw.normal(size=(n, 4))) / np.sqrt(2) for by in sharp]
    one, other = (Predictions(np.arange(n), labels, logits.astype(np.float32)) for logits in found)
    return one, other
