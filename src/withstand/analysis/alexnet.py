"""The errors of AlexNet on ImageNet-C, by which its mCE is measured; they are no measure of anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from withstand.corruptions.names import BENCHMARK, SEVERITIES
from withstand.results.conditions import Condition
from withstand.results.run import Run

NAME = "alexnet"

ERRORS = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
}
"""Means over five severities, on the 50,000 images of the validation set (Hendrycks & Dietterich, 2019)."""

_CLASSES = 1000
_WNID = re.compile(r"n\d{8}")
_WHOLE = {(name, severity) for name in BENCHMARK for severity in SEVERITIES}


def refused(run: Run, conditions: Iterable[Condition]) -> str:
    """Why these errors are not the measure of a run under some conditions; empty where they are."""
    if len({*filter(_WNID.fullmatch, run.classes)}) != _CLASSES or len(run.classes) != _CLASSES:
        return "its classes are not the 1,000 wnids of ImageNet"
    listed = list(conditions)
    if {(one.variant, one.severity) for one in listed} != _WHOLE:
        return "it was not evaluated under just the 15 corruptions of the benchmark at their five severities"
    made = [run.shown(one).get("shift") or {} for one in listed]
    if not all(map(_alike, made)):
        return "its images are neither read from ImageNet-C's layout nor made with its constants (preset imagenet)"
    return ""


def images(run: Run, conditions: Iterable[Condition]) -> str:
    """Whether the images were read or made, in words: the authors of ImageNet-C want the published files read."""
    read = {(run.shown(one).get("shift") or {}).get("layout") == "tree" for one in conditions}
    files = "read from files in ImageNet-C's layout"
    ours = "made anew by withstand with ImageNet-C's constants, not the published JPEGs"
    return files if read == {True} else ours if read == {False} else f"partly {files}, partly {ours}"


def _alike(facts: Mapping[str, Any]) -> bool:
    return facts.get("layout") == "tree" or (facts.get("preset") == "imagenet" and "constants" not in facts)
