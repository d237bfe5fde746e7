"""Samples of other images stand side by side only where they have images in common."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from withstand.analysis.pairing import _apart
from withstand.results.conditions import Condition

FOG = Condition("corruption", "fog", 3)


def sample(seed: int | None, *ids: int) -> Any:
    sampled = None if seed is None else SimpleNamespace(seed=seed)
    read = SimpleNamespace(ids=np.array(ids))
    return SimpleNamespace(model="cnn", sampled=sampled, conditions=(FOG,), predictions=lambda _: read)


def test_samples_without_a_common_image_do_not_compare() -> None:
    assert "shares no image with that of cnn under corruption-fog-3" in _apart(
        sample(1, 4, 5), [sample(0, 1, 2)]
    )
    assert not _apart(sample(1, 2, 5), [sample(0, 1, 2)])
    assert not _apart(sample(1, 4, 5), [sample(None, 1, 2)]) and not _apart(
        sample(None, 4, 5), [sample(0, 1, 2)]
    )
