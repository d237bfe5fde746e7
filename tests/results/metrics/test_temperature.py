"""One temperature: scikit-learn's, and that of what was made too sure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from withstand.results.metrics import correct, losses, probabilities
from withstand.results.metrics.temperature import HIGHEST, at_temperature, temperature


class Logits(ClassifierMixin, BaseEstimator):
    """Gives back what it is shown."""

    def fit(self, features, labels):
        self.classes_ = np.unique(labels)
        return self

    def decision_function(self, features):
        return features

    def predict(self, features):
        return self.classes_[features.argmax(axis=1)]


@pytest.mark.parametrize("sharp", [0.6, 1.8, 5.0])
def test_it_is_scikit_learns(drawn, sharp: float) -> None:
    read = drawn(n=800, sharp=sharp)
    theirs = CalibratedClassifierCV(
        FrozenEstimator(Logits().fit(read.logits, read.labels)), method="temperature"
    )
    theirs.fit(read.logits.astype(np.float64), read.labels)
    ours = probabilities(at_temperature(read, temperature(read)))
    assert np.abs(ours - theirs.predict_proba(read.logits.astype(np.float64))).max() < 1e-3


def test_what_was_divided_is_found_again(drawn) -> None:
    read = drawn(n=2000)
    first = temperature(read)
    assert temperature(at_temperature(read, first)) == pytest.approx(1, abs=1e-3)
    assert temperature(at_temperature(read, 1 / 3)) == pytest.approx(3 * first, rel=1e-3)
    assert first > 1  # ``drawn`` is too sure of itself


def test_it_lowers_the_loss_and_moves_no_answer(drawn) -> None:
    read = drawn(n=2000)
    after = at_temperature(read, temperature(read))
    assert losses(after).mean() < losses(read).mean() and np.array_equal(correct(after), correct(read))
    assert probabilities(after) == pytest.approx(softmax(read.logits / temperature(read), axis=1), abs=1e-6)


def test_nothing_wrong_has_no_temperature_of_its_own(predictions) -> None:
    right = predictions(np.eye(3) * 2, [0, 1, 2])
    assert temperature(right) == 1 / HIGHEST
    assert temperature(predictions([[np.nan, 1.0], [2.0, 1.0], [1.0, 2.0]], [0, 1, 1])) > 0
