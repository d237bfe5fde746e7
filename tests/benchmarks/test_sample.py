"""The redraws that show whether a sample's interval holds, and what it saves, at tiny size."""

import numpy as np
import pytest
from benchmarks import bench_sample, sample_redraws
from benchmarks.frame import Options
from tests.statistics.test_controlled import CLASSES, KINDS, population

from withstand.base.errors import UserError
from withstand.statistics.guessing import Known


def test_redraws_count_what_they_miss():
    logits, labels, right = population()
    assert logits.shape[1] == CLASSES
    found = sample_redraws.study(Known.of(logits, labels, KINDS), right, 0.03, 5)
    assert found["redraws"] == 5 and found["missed_at_any_round"] <= 1
    assert found["percent_of_images"]["mean"] < found["percent_without_control"]
    assert abs(found["value_minus_truth_points"]["mean"]) < 3 and found["looks"] > 1
    assert found["accuracy"] == pytest.approx(100 * np.mean(right))


def test_without_trained_weights_nothing_is_measured(tmp_path):
    with pytest.raises(UserError, match="whose evaluation is measured"):
        bench_sample.run(Options(quick=True, data=tmp_path))
