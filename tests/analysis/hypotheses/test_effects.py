"""The size of a difference: no interval holds what cannot be, and no p-value is smaller than the images allow."""

from __future__ import annotations

import numpy as np

from withstand.analysis.hypotheses.confounders import confounders
from withstand.analysis.hypotheses.effects import Measured, contrasts, effect
from withstand.analysis.hypotheses.subjects import Subject

IDS = np.arange(12)


def subject(name: str) -> Subject:
    return Subject(name, {}, {}, (), IDS, lambda _: ())


def test_a_difference_without_bounds_is_not_taken_to_be_positive() -> None:
    draw = np.random.default_rng(0)
    values = {"b": draw.uniform(0, 1, 12)}
    values["a"] = values["b"] + draw.uniform(0.01, 0.9, 12)  # NLL: all of twelve images above
    pair = ([subject("a")], [subject("b")])
    found, p, _ = effect([pair], Measured(values, IDS, None))
    mirrored, same_p, _ = effect([pair[::-1]], Measured(values, IDS, None))
    assert 2 * 0.5**12 < p < 0.05 and np.isclose(p, same_p)
    assert np.allclose([found.low, found.high], [-mirrored.high, -mirrored.low])


def test_over_seeds_a_difference_of_shares_stays_within_one() -> None:
    values = {"a": np.ones(12), "a1": np.zeros(12), "b": np.zeros(12), "b1": np.ones(12)}
    pair = ([subject("a"), subject("a1")], [subject("b"), subject("b1")])
    measured = Measured(values, IDS, 1)
    for found in (effect([pair], measured)[0], *contrasts([pair], measured)):
        assert (found.low, found.high) == (-1, 1)


def test_what_makes_an_architecture_is_no_confounder_of_a_claim_about_it() -> None:
    sides = (
        {"architecture": "vit", "model.name": "vit", "model.args.depth": "3", "train.epochs": "5"},
        {"architecture": "cnn", "model.name": "cnn", "model.args.channels": "[8]", "train.epochs": "9"},
    )
    assert [one.fact for one in confounders([sides], {"family"})] == ["train.epochs"]
    assert "model.args.depth" in [one.fact for one in confounders([sides], {"corpus"})]
