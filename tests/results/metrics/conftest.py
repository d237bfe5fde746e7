"""Predictions that the tests of metrics share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from withstand.results.store import Predictions

Made = Callable[[object, object], Predictions]
Drawn = Callable[..., Predictions]


def _made(logits: object, labels: object) -> Predictions:
    labels = np.asarray(labels, np.int64)
    return Predictions(np.arange(len(labels)), labels, np.asarray(logits, np.float32))


@pytest.fixture(scope="session")
def predictions() -> Made:
    """Predictions from logits and labels."""
    return _made


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """Predictions of an overconfident classifier; calibrated exactly at ``sharp`` 1 and ``spread`` 0."""

    def draw_(
        n: int = 1500, classes: int = 10, sharp: float = 1.8, spread: float = 0.8, seed: int = 21
    ) -> Predictions:
        draw = np.random.default_rng(seed)
        logits = draw.normal(size=(n, classes))
        labels = draw.integers(classes, size=n)
        logits[np.arange(n), labels] += 1 + spread * draw.normal(size=n)
        return _made(sharp * logits, labels)

    return draw_
