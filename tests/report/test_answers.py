"""What a run answered: a row that is not a number is sure, and wrong."""

from __future__ import annotations

import numpy as np
from tests.report.conftest import SOME, write_run

from withstand.analysis.backgrounds.measures import pull
from withstand.report.answers import answers
from withstand.results.conditions import CLEAN
from withstand.results.metrics import NO_NUMBER, answered, confidence
from withstand.results.reading import load_run
from withstand.results.store import Predictions

BROKEN = Predictions(
    np.arange(3),
    np.array([0, 0, 1]),
    np.array([[np.nan, 1], [2, 0], [0, np.inf]], np.float32),
    background=np.array([1, 1, 0]),
)


def test_an_answer_that_is_not_a_number_is_no_class_and_sure() -> None:
    assert answered(BROKEN).tolist() == [NO_NUMBER, 0, NO_NUMBER]
    assert np.allclose(confidence(BROKEN), [1, np.exp(2) / (1 + np.exp(2)), 1])


def test_it_is_in_the_order_of_the_images_asked_for(tmp_path) -> None:
    run = load_run(write_run(tmp_path, "small_cnn", conditions=SOME, sheet=False))
    ids = run.scores.ids[::-1][:20]
    found = answers(run, ids)
    read = run.predictions(SOME[3]).at(ids)
    assert found.chosen[:, 3].tolist() == read.logits.argmax(axis=1).tolist()
    assert found.confidence[:, 3].tolist() == confidence(read).tolist()
    part = found.under([SOME[1], SOME[4]])
    assert (part.chosen == found.chosen[:, [1, 4]]).all() and part.confidence.shape == (20, 2)
    assert CLEAN in found.conditions


def test_it_names_neither_object_nor_background() -> None:
    found = pull(BROKEN)
    assert found is not None
    assert [round(3 * one.value) for one in (found.foreground, found.background, found.other)] == [1, 0, 2]
