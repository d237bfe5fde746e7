"""The tables agree with the functions, and another corruption is a few lines."""

import inspect
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.corruptions.conftest import drawn

from withstand.base.errors import UserError
from withstand.corruptions import CORRUPTIONS, SEVERITIES, constants, corrupt, digital, names
from withstand.corruptions.core import function
from withstand.corruptions.random import Draws


def test_every_table_names_them_all() -> None:
    """Who adds one and forgets a table is told which."""
    assert len(names.BENCHMARK) == 15, "the benchmark is what it is"
    assert len(set(CORRUPTIONS)) == len(CORRUPTIONS) == len(names.BENCHMARK) + len(names.EXTRAS)
    assert sorted(name for members in names.FAMILIES.values() for name in members) == sorted(CORRUPTIONS)
    assert set(constants.FIELDS) == set(CORRUPTIONS), "constants.FIELDS"
    for name, preset in constants.PRESETS.items():
        assert set(preset.rows) == set(CORRUPTIONS), f"constants.PRESETS[{name!r}]"


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


def test_another_is_a_function_a_name_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """As CONTRIBUTING.md shows it. Everything else, from batches to errors, comes by itself."""

    def quantize(images: torch.Tensor, draws: Draws, *, bits: float) -> torch.Tensor:
        return images & (0xFF << (8 - int(bits)) & 0xFF)

    rows = ((6,), (5,), (4,), (3,), (2,))
    monkeypatch.setattr(digital, "quantize", quantize, raising=False)
    monkeypatch.setitem(names.FAMILY, "quantize", "digital")
    monkeypatch.setitem(constants.FIELDS, "quantize", "bits")
    monkeypatch.setitem(constants.PRESETS["cifar"].rows, "quantize", rows)
    images = drawn(200)
    assert (corrupt(images, "quantize", 2) == images // 8 * 8).all()
    assert len(np.unique(corrupt(images, "quantize", 5))) <= 4
    with pytest.raises(UserError, match="did you mean 'quantize'"):
        corrupt(images, "quantise", 1)
