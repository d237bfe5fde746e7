"""Severities between the published ones, and constants of one's own."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from tests.corruptions.conftest import drawn

from withstand.base.errors import UserError
from withstand.corruptions import CORRUPTIONS, corrupt
from withstand.corruptions.constants import FIELDS, PRESETS, constants
from withstand.corruptions.severities import IDENTITY, own

IMAGES = drawn(6)


def at(severity: float, corruption: str = "fog", preset: str = "cifar") -> dict[str, float]:
    size = PRESETS[preset].size
    return constants(preset, corruption, severity, size, size)


def test_between_two_severities_constants_lie_between_theirs() -> None:
    assert at(2.25) == pytest.approx({"amount": 0.5625, "decay": 2.875})
    assert at(0.5) == {"amount": 0.1, "decay": 3}, "below 1, towards the image as it is"
    assert at(0.25, "contrast")["keep"] == pytest.approx(1 - 0.25 * 0.25)
    assert at(2.5, "gaussian_noise", "imagenet")["spread"] == pytest.approx(0.15)


def test_what_is_counted_is_a_whole_number() -> None:
    assert at(2.25, "jpeg_compression")["quality"] == 63  # 65 − 7 / 4 = 63.25
    assert [at(s, "glass_blur", "imagenet")["rounds"] for s in (1, 1.25, 1.5, 1.75, 2)] == [2, 2, 2, 1, 1]


def test_between_two_kinds_there_is_nothing_between() -> None:
    assert at(3.5, "spatter") == at(3, "spatter") and at(3.6, "spatter") == at(4, "spatter")
    assert at(4.5, "spatter") != at(4, "spatter")
    assert at(2.4, "saturate") == at(2, "saturate"), "halfway from less colour to more is the image itself"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_every_corruption_has_severities_between_and_the_whole_ones_are_as_they_were(
    corruption: str, preset: str
) -> None:
    for severity in (0.01, 0.5, 1.5, 2.75, 4.99):
        if severity < 1 and corruption not in IDENTITY:
            continue
        made = corrupt(IMAGES, corruption, severity, seed=1, preset=preset)
        assert made.shape == IMAGES.shape and made.dtype == np.uint8
    for severity in (2, 2.0, np.int64(2), np.float32(2)):
        same = corrupt(IMAGES, corruption, severity, seed=1, preset=preset)
        assert (same == corrupt(IMAGES, corruption, 2, seed=1, preset=preset)).all()


@pytest.mark.parametrize("corruption", sorted(IDENTITY))
def test_near_none_an_image_is_nearly_as_it_is(corruption: str) -> None:
    assert len(IDENTITY[corruption]) == len(FIELDS[corruption].split())
    small, one = (corrupt(IMAGES, corruption, s, seed=1).astype(int) for s in (1e-4, 1))
    assert np.abs(small - IMAGES).mean() <= 0.6, "one level, where it is cut and not rounded"
    assert np.abs(small - IMAGES).mean() < np.abs(one - IMAGES).mean()


def test_constants_of_ones_own_take_the_place_of_the_presets() -> None:
    rows = [[0.2, 3], [0.5, 3]]
    published = PRESETS["cifar"].rows["fog"]
    assert (corrupt(IMAGES, "fog", 2, constants=rows) == corrupt(IMAGES, "fog", 2)).all()
    rows[1] = [1.0, 3]
    assert (corrupt(IMAGES, "fog", 2, constants=rows) != corrupt(IMAGES, "fog", 2)).any()
    assert constants("cifar", "fog", 1.5, 32, 32, rows) == pytest.approx({"amount": 0.6, "decay": 3})
    on_a_tensor = corrupt(torch.from_numpy(IMAGES), "fog", 2, constants=published)
    assert (on_a_tensor.numpy() == corrupt(IMAGES, "fog", 2)).all()
    darker = corrupt(IMAGES, "brightness", 1, constants=[[-0.2]])
    assert darker.mean() < IMAGES.mean()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([1], "is not {NAME: [[…], […]]}"),
        ({"fogg": [[1, 2]]}, "unknown 'fogg'; did you mean 'fog'?"),
        ({"fog": []}, "fog needs a row of amount, decay for each severity"),
        ({"fog": 3}, "fog needs a row of amount, decay"),
        ({"fog": [[0.2, 3], [0.5]]}, "fog's row 2 is [0.5]; give 2 numbers: amount, decay"),
        ({"fog": [0.2, 3]}, "fog's row 1 is 0.2"),
        ({"fog": [["much", 3]]}, "amount='much', which is not a number"),
        ({"fog": [[math.inf, 3]]}, "amount=inf, which is not a number"),
        ({"fog": [[-1, 3]]}, "amount=-1; it must be at least 0"),
        ({"impulse_noise": [[2]]}, "amount=2; it must be at least 0 and at most 1"),
        ({"glass_blur": [[0.5, 1, 1.5]]}, "rounds=1.5; it must be a whole number"),
        ({"jpeg_compression": [[0]]}, "quality=0; it must be at least 1 and at most 100"),
    ],
)
def test_constants_that_mean_nothing_are_one_line(given: Any, told: str) -> None:
    with pytest.raises(UserError) as caught:
        own(given, FIELDS)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_the_published_constants_are_such_as_one_may_give() -> None:
    for preset in PRESETS.values():
        assert own(preset.rows, FIELDS) == preset.rows
