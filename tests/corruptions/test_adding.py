"""The tables agree with the functions, and a twentieth corruption is a few lines."""

import inspect
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.corruptions.conftest import drawn

from withstand.corruptions import CORRUPTIONS, SEVERITIES, constants, corrupt, digital, names
from withstand.corruptions.core import function
from withstand.corruptions.random import Draws
from withstand.errors import UserError


def test_there_are_nineteen_and_every_table_names_them_all() -> None:
    assert len(names.BENCHMARK) == 15 and len(set(CORRUPTIONS)) == 19
    assert set(names.FAMILY) == set(constants.FIELDS) == set(CORRUPTIONS)
    for preset in constants.PRESETS.values():
        assert set(preset.rows) == set(CORRUPTIONS)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_columns_of_the_constants_are_the_arguments_of_the_function(corruption: str) -> None:
    wanted = inspect.signature(function(corruption)).parameters
    assert [p for p in wanted if p not in ("images", "draws")] == [
        field.rstrip("*") for field in constants.FIELDS[corruption].split()
    ]
    for preset in constants.PRESETS.values():
        rows = preset.rows[corruption]
        assert len(rows) == 5 and all(one != next_ for one, next_ in pairwise(rows))
        for severity in SEVERITIES:
            assert set(constants.constants("cifar", corruption, severity, 32, 32)) == set(list(wanted)[2:])


def test_lengths_scale_with_the_image_and_nothing_else_does() -> None:
    at_32, at_64 = (constants.constants("cifar", "snow", 3, side, side) for side in (32, 64))
    assert {key: at_64[key] / at_32[key] for key in at_32} == {
        "mean": 1, "spread": 1, "zoom": 2, "threshold": 1, "radius": 2, "sigma": 2, "keep": 1,
    }  # fmt: skip
    assert constants.constants("cifar", "elastic_transform", 3, 64, 100)["push"] == pytest.approx(
        4 * constants.constants("cifar", "elastic_transform", 3, 32, 32)["push"]
    )
    assert constants.nearest_preset(32, 32) == constants.nearest_preset(64, 300) == "cifar"
    assert constants.nearest_preset(96, 96) == constants.nearest_preset(600, 400) == "imagenet"


def test_a_twentieth_is_a_function_a_name_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """As CONTRIBUTING.md shows it. Everything else, from batches to errors, comes by itself."""

    def posterize(images: torch.Tensor, draws: Draws, *, bits: float) -> torch.Tensor:
        return images & (0xFF << (8 - int(bits)) & 0xFF)

    rows = ((6,), (5,), (4,), (3,), (2,))
    monkeypatch.setattr(digital, "posterize", posterize, raising=False)
    monkeypatch.setitem(names.FAMILY, "posterize", "digital")
    monkeypatch.setitem(constants.FIELDS, "posterize", "bits")
    monkeypatch.setitem(constants.PRESETS["cifar"].rows, "posterize", rows)
    images = drawn(200)
    assert (corrupt(images, "posterize", 2) == images // 8 * 8).all()
    assert len(np.unique(corrupt(images, "posterize", 5))) <= 4
    with pytest.raises(UserError, match="did you mean 'posterize'"):
        corrupt(images, "posterise", 1)
