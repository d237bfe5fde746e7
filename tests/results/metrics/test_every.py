"""What holds for every metric: one value an image, within its bounds, influences that sum to nothing, and intervals."""

from dataclasses import replace

import numpy as np
import pytest

from withstand.base.errors import UserError
from withstand.results.metrics import METRICS, find
from withstand.results.store import Predictions
from withstand.statistics import mean_interval


def shown(name: str, read: Predictions) -> Predictions:
    """What a metric may be asked of: for one of shape and texture, images that show two classes."""
    if not METRICS[name].only:
        return read
    return replace(read, background=(read.labels + 1) % read.logits.shape[1])


OF_THE_SET = sorted(name for name, metric in METRICS.items() if metric.of_the_set)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("n", [1, 11, 300])
def test_it_gives_one_value_an_image_whose_mean_is_within_its_bounds(drawn, name: str, n: int) -> None:
    metric = METRICS[name]
    values = np.asarray(metric.per_image(shown(name, drawn(n, 6))), float)
    if metric.only and np.isnan(values).all():
        assert n == 1  # the one answer names neither class
        return
    assert values.shape == (n,) and np.isfinite(values).all()
    low, high = metric.bounds
    assert metric.low - 1e-12 <= values.mean() <= (np.inf if metric.high is None else metric.high) + 1e-12
    if not metric.of_the_set:
        assert low <= values.min() and values.max() <= (np.inf if high is None else high)
    assert metric.share == (metric.unit == "%") and metric.title


@pytest.mark.parametrize("name", METRICS)
def test_one_answer_that_is_not_a_number_makes_it_worse_and_no_nan(predictions, drawn, name: str) -> None:
    whole = shown(name, drawn(200, 4))
    logits = whole.logits.copy()
    logits[:10] = np.nan
    lost = shown(name, predictions(logits, whole.labels))
    before, after = (np.asarray(METRICS[name].per_image(one), float) for one in (whole, lost))
    assert not np.isnan(after).any()
    if METRICS[name].only:
        return  # an answer that is no number names neither class
    if name != "top5":  # of four classes, every other answer is right
        assert (after.mean() < before.mean()) == (METRICS[name].better == "higher")
    else:
        assert after.mean() == 0.95


def test_a_misspelt_name_is_a_line() -> None:
    assert find("ece").of_the_set
    with pytest.raises(UserError, match=r"unknown metric 'ecee'.*'ece'"):
        find("ecee")


@pytest.mark.parametrize("name", OF_THE_SET)
def test_an_influence_is_what_one_more_image_moves(drawn, name: str) -> None:
    # Each image's value less the mean is n times what a hair more weight of it moves the metric by: check with half of
    # the images counted twice, the linear prediction against the metric of the enlarged set.
    given_ = shown(name, drawn(n=1500))
    values, n = METRICS[name].per_image(given_), 1500
    chosen = np.random.default_rng(2).permutation(n)[:750]
    twice = given_.take(np.sort(np.concatenate([np.arange(n), chosen])))
    moved = METRICS[name].per_image(twice).mean() - values.mean()
    predicted = (values.sum() + values[chosen].sum()) / (n + 750) - values.mean()
    assert moved == pytest.approx(predicted, abs=0.35 * abs(predicted) + 0.003)


@pytest.mark.parametrize("name", ["ece", "classwise_ece", "aurc", "brier", "nll"])
@pytest.mark.parametrize("n", [60, 300])
def test_the_interval_covers_the_limit(drawn, name: str, n: int) -> None:
    metric, rounds = METRICS[name], 120
    limit = metric.per_image(drawn(200_000, 4, 2.5, 0)).mean()
    covered = 0
    for seed in range(rounds):
        found = mean_interval(metric.per_image(drawn(n, 4, 2.5, 0, seed)), metric.bounds)
        covered += found.low <= limit <= found.high
    assert covered / rounds >= 0.89  # three standard errors of 120 rounds below 95%
