"""Confidence after temperature scaling: the temperature is fitted on validation images, and tested on test images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import CLEAN, Condition
from withstand.results.metrics import METRICS, calibration_of, correct, losses, probabilities
from withstand.results.metrics.temperature import HIGHEST, at_temperature, temperature
from withstand.results.run import Run
from withstand.results.runs import LeftOut, of_kind_aside
from withstand.statistics import Estimate, mean_over_conditions, minus

KIND = "validation"


@dataclass(frozen=True)
class Errors:
    """Of one group of conditions: ECE (0 to 1) and NLL (nats), as they were and by how much they changed."""

    ece: Estimate
    ece_change: Estimate
    nll: Estimate
    nll_change: Estimate


@dataclass(frozen=True)
class Scaled:
    """One run at its own temperature, fitted on so many ``images``; ``groups`` as they were asked for."""

    temperature: float
    images: int
    groups: Mapping[str, Errors]


def scaled(
    run: Run, groups: Mapping[str, Sequence[Condition]], ids: NDArray[np.int64]
) -> Scaled | LeftOut | None:
    """The run with and without its temperature, on ``ids``; None where it has no validation images.

    A run whose validation images may be training images of it is left out, with the reason.
    """
    name = next(iter(of_kind_aside([run], KIND)), None)
    if name is None:
        return None
    if why := _seen_in_training(run, name):
        return LeftOut(run.folder.name, why)
    fitted = run.beside(name)
    by = temperature(fitted)
    if not 1.001 / HIGHEST < by < HIGHEST / 1.001:
        said = "its validation images say nothing of a temperature: none, or nearly none, is answered wrongly"
        return LeftOut(run.folder.name, said)
    return Scaled(by, len(fitted), {group: _errors(run, of, ids, by) for group, of in groups.items()})


def _seen_in_training(run: Run, name: str) -> str:
    """Why the images cannot be trusted to be none of its training, where the record says that they cannot."""
    if not run.trained_here:
        return _better_known(run, name)
    config, about = run.provenance.get("config") or {}, run.about(name)
    if "share" not in about:  # images of the user's own
        return ""
    trained = config.get("seed"), (config.get("train") or {}).get("validation")
    if trained == (about.get("seed"), about.get("share")):
        return ""
    return (
        f"its validation images were chosen by seed {about.get('seed')} and share {about.get('share')}, those of its"
        f" training by {trained[0]} and {trained[1]}: some were trained on; set shift.split_seed and shift.share"
    )


def _better_known(run: Run, name: str) -> str:
    """Whether a network of unknown training knows these images better than the test images, as trained-on ones."""
    shown, clean = correct(run.beside(name)), correct(run.predictions(CLEAN))
    ahead = float(shown.mean() - clean.mean())
    off = math.sqrt(shown.var() / len(shown) + clean.var() / len(clean))
    if ahead <= max(0.02, 4 * off):
        return ""
    return (
        f"it is right on {100 * shown.mean():.1f}% of its validation images and {100 * clean.mean():.1f}% of the test"
        " images: it was trained on them, so no temperature can be fitted; set shift.fitted_on=FOLDER"
    )


def _errors(run: Run, conditions: Sequence[Condition], ids: NDArray[np.int64], by: float) -> Errors:
    shape = len(ids), len(conditions)
    right = np.empty(shape, bool)
    sure, loss = np.empty((2, *shape)), np.empty((2, *shape))
    for column, condition in enumerate(conditions):
        read = run.predictions(condition).at(ids)
        right[:, column] = correct(read)
        for when, answered in enumerate((read, at_temperature(read, by))):
            sure[when, :, column] = probabilities(answered).max(axis=1)
            loss[when, :, column] = losses(answered)
    gaps = np.stack([calibration_of(one, right) for one in sure])
    ece, nll = METRICS["ece"].bounds, METRICS["nll"].bounds
    return Errors(
        mean_over_conditions(gaps[0], ece).within(0, 1),
        mean_over_conditions(minus(gaps[1], gaps[0]), (None, None)).within(-1, 1),
        mean_over_conditions(loss[0], nll),
        mean_over_conditions(minus(loss[1], loss[0]), (None, None)),
    )
