"""Outputs and classes brought together: by name, wnid, number or file; some of them, or groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from withstand.base.errors import UserError
from withstand.models import imagenet
from withstand.models.answers import bring_together
from withstand.results.answering import ClassMap

NO: dict[str, Any] = {"file": None, "open": False, "groups": "mean"}
WNIDS = imagenet.wnids()


def test_the_same_names_in_the_same_order_need_no_map() -> None:
    assert bring_together(["Cat", "wheeled_vehicle"], 2, ["cat", "Wheeled vehicle"], NO) is None
    assert bring_together([], 3, ["a", "b", "c"], NO) is None
    assert bring_together(WNIDS, 1000, WNIDS, NO) is None


def test_another_order_is_put_right_by_name() -> None:
    found = bring_together(["dog", "cat"], 2, ["cat", "dog"], NO)
    assert found is not None and np.array_equal(found(np.array([[1.0, 2.0]], np.float32)), [[2.0, 1.0]])


@pytest.mark.parametrize(
    "classes",
    [
        ["n01443537", "n01440764"],
        ["goldfish", "tench"],
        ["Carassius auratus", "Tinca tinca"],
        ["goldfish, Carassius auratus", "tench, Tinca tinca"],
    ],
)
def test_imagenet_is_known_by_wnid_and_by_name(classes: list[str]) -> None:
    found = bring_together(WNIDS, 1000, classes, NO)
    assert found is not None and found.of[1] == 0 and found.of[0] == 1 and (found.of >= 0).sum() == 2


def test_imagenet_is_known_by_number_only_where_all_are_numbers() -> None:
    """Folders 0 to 9 of digits are no fish; those of ImageNet-V2, in any order, are ImageNet's."""
    numbers = sorted(map(str, range(1000)))
    found = bring_together(WNIDS, 1000, numbers, NO)
    assert found is not None and [numbers[at] for at in found.of] == [*map(str, range(1000))]
    with pytest.raises(UserError, match="10 of the data set's 10 classes are not among ImageNet's 1,000"):
        bring_together(WNIDS, 1000, [*map(str, range(10))], NO)


def test_outputs_without_names_are_imagenet_s_where_the_classes_are() -> None:
    found = bring_together([], 1000, [WNIDS[7], WNIDS[3]], NO)
    assert found is not None and found.of[7] == 0 and found.of[3] == 1
    with pytest.raises(UserError, match="has 1,000 outputs, and the data set has 10 classes"):
        bring_together([], 1000, [*"abcdefghij"], NO)


@pytest.mark.parametrize(
    ("classes", "line"),
    [
        (["crane", "tench"], "'crane' is the name of 2 outputs (n02012849, n03126707)"),
        (
            ["tench", "unicorn"],
            "1 of the data set's 2 classes are not among ImageNet's 1,000 classes: unicorn",
        ),
        (["tench", "Tinca tinca"], "'tench' and 'Tinca tinca' are one output"),
    ],
)
def test_what_names_do_not_say_is_asked_for(classes: list[str], line: str) -> None:
    with pytest.raises(UserError) as told:
        bring_together(WNIDS, 1000, classes, NO)
    assert line in str(told.value) and "class_map=FILE" in str(told.value)


LOGITS = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
OF = np.array([0, 1, -1, 1, -1, 2])


def test_restricted_answers_are_among_the_classes_and_open_ones_among_all() -> None:
    single = np.array([2, -1, 0, -1, 1, -1])
    closed, opened = ClassMap(single, 3)(LOGITS), ClassMap(single, 3, open=True)(LOGITS)
    assert np.array_equal(closed, LOGITS[:, [2, 4, 0]])  # as they are
    assert np.array_equal(opened[:, :3], closed) and opened.shape[1] == 4
    inside = single[LOGITS.argmax(axis=1)]
    assert np.array_equal(opened.argmax(axis=1), np.where(inside < 0, 3, inside))


@pytest.mark.parametrize("groups", ["mean", "sum", "max"])
def test_a_class_of_several_outputs_has_what_its_probabilities_make(groups: str) -> None:
    chances = softmax(LOGITS.astype(np.float64), axis=1)
    expected = np.stack([getattr(chances[:, label == OF], groups)(axis=1) for label in range(3)], axis=1)
    assert np.allclose(np.exp(ClassMap(OF, 3, groups=groups)(LOGITS)), expected, rtol=1e-5)
    opened = ClassMap(OF, 3, open=True, groups=groups)(LOGITS)
    assert np.allclose(np.exp(opened[:, 3]), chances[:, OF == -1].max(axis=1), rtol=1e-5)


def test_facts_tell_maps_apart() -> None:
    maps = [
        ClassMap(OF, 3),
        ClassMap(OF, 3, open=True),
        ClassMap(OF, 3, groups="max"),
        ClassMap(OF[::-1].copy(), 3),
    ]
    assert len({json.dumps(one.facts(), sort_keys=True) for one in maps}) == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.csv", "output,class\n0,pet\n1,pet\n2,tool\n"),
        ("map.json", json.dumps({"0": "pet", "1": "pet", "2": "tool", "3": None})),
        ("map.json", json.dumps({"pet": ["cat", "dog"], "tool": ["saw"]})),
    ],
)
def test_a_file_says_it_by_number_or_by_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = bring_together(
        ["cat", "dog", "saw", "sky"], 4, ["Pet", "tool"], NO | {"file": str(tmp_path / name)}
    )
    assert found is not None and found.of.tolist() == [0, 0, 1, -1]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("not json", "is no class map"),
        ('{"0": "pet"}', "gives no output to 1 of the data set's classes: tool"),
        ('{"9": "pet"}', "names output '9', and the classifier has 4"),
        ('{"cta": "pet"}', "names output 'cta'.* did you mean 'cat'"),
        ("[1]", "is no class map"),
    ],
)
def test_a_file_that_does_not_say_it_is_refused(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "map.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=line):
        bring_together(
            ["cat", "dog", "saw", "sky"], 4, ["pet", "tool"], NO | {"file": str(tmp_path / "map.json")}
        )


def test_another_number_of_outputs_than_the_map_s_is_refused() -> None:
    with pytest.raises(UserError, match="gives 5 outputs, and its class map is for 6"):
        ClassMap(OF, 3)(LOGITS[:, :5])


def test_names_in_the_words_of_other_lists_are_imagenet_s() -> None:
    said = [", ".join(names) for names in imagenet.names()]
    said[134] = "crane bird"
    assert imagenet.is_imagenet(said) and not imagenet.is_imagenet(said[::-1])


def test_names_of_other_classes_are_said_and_an_output_of_two_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "map.csv"
    file.write_text("0,cat\n1,dgo\n2,dog\n3,dgo\n", encoding="utf-8")
    found = bring_together([], 4, ["cat", "dog"], NO | {"file": str(file)})
    assert found is not None and found.of.tolist() == [0, -1, 1, -1]
    assert f"{file} names 1 that are no classes of the data set: dgo" in capsys.readouterr().out
    file.write_text("0,cat\n0,dog\n1,dog\n", encoding="utf-8")
    with pytest.raises(UserError, match="gives output '0' to 'cat' and to 'dog'; give it to one"):
        bring_together([], 2, ["cat", "dog"], NO | {"file": str(file)})
