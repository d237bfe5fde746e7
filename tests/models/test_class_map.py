"""A thousand outputs seen as nine classes."""

import json

import numpy as np
import pytest

from withstand.analysis.backgrounds import measures
from withstand.base.errors import UserError
from withstand.models import class_map
from withstand.results.store import Predictions

CLASS_OF = np.array([0, 0, 1, -1, 2, -1])


def predictions(n=200, seed=0):
    draw = np.random.default_rng(seed)
    return Predictions(
        np.arange(n), draw.integers(3, size=n), draw.normal(size=(n, 6)).astype(np.float32), np.full(n, -1)
    )


def test_through_the_map_is_the_class_of_the_highest_output():
    whole = predictions()
    seen = class_map.through(whole, CLASS_OF, 3)
    answers = CLASS_OF[whole.logits.argmax(axis=1)]
    assert np.array_equal(np.where(seen.logits.argmax(axis=1) == 3, -1, seen.logits.argmax(axis=1)), answers)
    assert measures.accuracy(seen).value == (answers == whole.labels).mean()
    assert measures.outside(seen).value == (answers == -1).mean()
    own = np.flatnonzero(CLASS_OF >= 0)
    among = CLASS_OF[own[whole.logits[:, own].argmax(axis=1)]]
    assert measures.accuracy(measures.restricted(seen)).value == (among == whole.labels).mean()


def test_a_map_without_anything_outside():
    seen = class_map.through(predictions(), np.array([0, 0, 1, 1, 2, 2]), 3)
    assert measures.outside(seen).value == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is damaged"),
        ("{}", "is not a map"),
        ("[1]", "a list where a group of keys belongs"),
        (json.dumps({"0": 0, "2": 1}), "is not a map"),
        (json.dumps({"0": 0, "1": 9}), "write others by name"),
        (json.dumps({"0": [0]}), "a list where a whole number"),
    ],
)
def test_a_wrong_map(tmp_path, content, message):
    (tmp_path / "map.json").write_text(content)
    with pytest.raises(UserError, match=message):
        class_map.read_map(tmp_path / "map.json", fetch=False)


def test_no_map(tmp_path):
    with pytest.raises(UserError, match=r"in_to_in9\.json"):
        class_map.read_map(tmp_path / "map.json", fetch=False)


def test_a_map_goes_by_name_whatever_the_order_of_the_classes(tmp_path):
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"0": 0, "1": 1, "2": -1, "3": 2, "4": 0, "5": 8}))
    names = class_map.read_map(path, fetch=False)
    assert names == ("dog", "bird", "", "wheeled vehicle", "dog", "fish")
    assert class_map.positions(names, class_map.NINE[:3], path).tolist() == [0, 1, -1, 2, 0, -1]
    alphabetical = ("bird", "dog", "Wheeled_vehicle")
    assert class_map.positions(names, alphabetical, path).tolist() == [1, 0, -1, 2, 1, -1]
    with pytest.raises(UserError, match=r"class 'birds' is not in .*; did you mean 'bird'"):
        class_map.positions(names, ("birds", "dog"), path)
    path.write_text(json.dumps({"0": "cat", "1": None, "2": "fish"}))
    assert class_map.positions(class_map.read_map(path, fetch=False), ("cat", "fish"), path).tolist() == [
        0,
        -1,
        1,
    ]


def test_the_official_map(shared_data):
    path = shared_data / "in_to_in9.json"
    names = class_map.read_map(path, fetch=False)
    found = class_map.positions(names, class_map.NINE, path)
    said = json.loads(path.read_text())
    assert found.tolist() == [said[str(output)] for output in range(1000)], "the release, as ever"
    assert len(found) == 1000 and (found >= 0).sum() == 370
    assert names[151] == "dog" and names[1] == "fish"  # chihuahua, goldfish
    own = class_map.positions(names, sorted(class_map.NINE), path)
    assert [sorted(class_map.NINE)[at] if at >= 0 else "" for at in own] == list(names)
