"""A thousand outputs seen as nine classes."""

import json

import numpy as np
import pytest

from withstand.backgrounds import mapped, measures
from withstand.errors import UserError
from withstand.store import Predictions

CLASS_OF = np.array([0, 0, 1, -1, 2, -1])


def predictions(n=200, seed=0):
    draw = np.random.default_rng(seed)
    return Predictions(
        np.arange(n), draw.integers(3, size=n), draw.normal(size=(n, 6)).astype(np.float32), np.full(n, -1)
    )


def test_through_the_map_is_the_class_of_the_highest_output():
    whole = predictions()
    seen = mapped.through(whole, CLASS_OF, 3)
    answers = CLASS_OF[whole.logits.argmax(axis=1)]
    assert np.array_equal(np.where(seen.logits.argmax(axis=1) == 3, -1, seen.logits.argmax(axis=1)), answers)
    assert measures.accuracy(seen).value == (answers == whole.labels).mean()
    assert mapped.outside(seen).value == (answers == -1).mean()
    own = np.flatnonzero(CLASS_OF >= 0)
    among = CLASS_OF[own[whole.logits[:, own].argmax(axis=1)]]
    assert measures.accuracy(mapped.restricted(seen)).value == (among == whole.labels).mean()


def test_a_map_without_anything_outside():
    seen = mapped.through(predictions(), np.array([0, 0, 1, 1, 2, 2]), 3)
    assert mapped.outside(seen).value == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no map"),
        (json.dumps({"0": 0, "2": 1}), "is no map"),
        (json.dumps({"0": 0, "1": 1}), "does not map to the 3 classes"),
        (json.dumps({"0": 0, "1": 1, "2": 7}), "does not map to the 3 classes"),
    ],
)
def test_a_wrong_map(tmp_path, content, message):
    (tmp_path / "map.json").write_text(content)
    with pytest.raises(UserError, match=message):
        mapped.read_map(tmp_path / "map.json", 3, fetch=False)


def test_no_map(tmp_path):
    with pytest.raises(UserError, match=r"in_to_in9\.json"):
        mapped.read_map(tmp_path / "map.json", 9, fetch=False)


def test_the_official_map(shared_data):
    found = mapped.read_map(shared_data / "in_to_in9.json", 9, fetch=False)
    assert len(found) == 1000 and (found >= 0).sum() == 370
    assert found[151] == 0 and found[1] == 8  # chihuahua is a dog, goldfish a fish
