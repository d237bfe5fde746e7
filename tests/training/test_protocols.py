"""No image on both sides, whatever the sizes; and the leak of the published rows, measured."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from withstand.base.errors import UserError
from withstand.config.schema import FinetuneConfig
from withstand.corruptions import CORRUPTIONS, FAMILIES
from withstand.images.imageset import Dataset, ImageSet
from withstand.results.conditions import Condition
from withstand.training.protocols import TuningPlan, last_of_each_class, name, plan, some

EVERY = [Condition("corruption", c, s) for c in CORRUPTIONS for s in range(1, 6)]


def images(n, first, classes, seed=0):
    draw = np.random.default_rng(seed)
    ids = first + draw.permutation(n)
    named = tuple(f"class {k}" for k in range(classes))
    return ImageSet(np.zeros((n, 1, 1, 3), np.uint8), draw.integers(classes, size=n), ids, named)


def dataset(n_train=60, n_test=200, classes=10, seed=0):
    return Dataset("drawn", images(n_train, 10**6, classes, seed), images(n_test, 0, classes, seed + 1))


def planned(protocol, data, tested=EVERY, *, validation=0.1, seed=42, **more):
    more = FinetuneConfig(protocol=protocol, **more)
    return plan(more, data, tested, tested, validation=validation, seed=seed)


def pairs_of(one, pairs):
    """Every pair spelt out as (id, variant, severity)."""
    rows, numbers = np.divmod(pairs, len(one.trained))
    return {
        (int(one.pool.ids[r]), one.trained[k].variant, one.trained[k].severity)
        for r, k in zip(rows, numbers, strict=True)
    }


sizes = st.tuples(st.integers(2, 80), st.integers(10, 150), st.integers(1, 12))


@given(
    sizes=sizes,
    protocol=st.sampled_from(["grouped", "train_images", "held_out"]),
    severities=st.sets(st.integers(1, 5), min_size=1),
    share=st.floats(0.001, 0.999),
    validation=st.floats(0.001, 0.999),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=150, deadline=None)
def test_no_image_is_on_two_sides(sizes, protocol, severities, share, validation, seed):
    n_train, n_test, classes = sizes
    data = dataset(n_train, n_test, classes, seed % 1000)
    tested = [Condition("corruption", c, s) for c in ("fog", "contrast", "shot_noise") for s in severities]
    out = ["noise"] if protocol == "held_out" else []
    one = planned(protocol, data, tested, validation=validation, seed=seed, test=share, held_out=out)
    train, val = ({i for i, _, _ in pairs_of(one, part)} for part in (one.train, one.val))
    test = set(one.test.ids.tolist())
    assert train and val and test
    assert not train & val and not train & test and not val & test
    assert vars(one.leak(one.train, one.val)) == {"rows": 0.0, "images": 0.0}
    # Every source image is shown under every condition, so no condition has source images of its own.
    assert len(pairs_of(one, one.train)) == len(one.train) == len(train) * len(one.trained)
    whole = set(data.train.ids.tolist() if protocol == "train_images" else data.test.ids.tolist())
    assert train | val | (set() if protocol == "train_images" else test) == whole
    assert all(c.variant != "shot_noise" for c in one.trained) == bool(out)
    assert set(one.tested) == set(tested)


@pytest.mark.parametrize("protocol", ["grouped", "train_images", "held_out"])
@pytest.mark.parametrize("sides", [("train", "val"), ("train", "test"), ("val", "test")])
def test_a_plan_with_a_image_on_two_sides_is_refused(protocol, sides):
    one = planned(protocol, dataset(), held_out=["noise"] if protocol == "held_out" else [])
    one_side, other = sides
    if other == "test":
        row = getattr(one, one_side)[0] // len(one.trained)
        broken = {"test": replace(one.test, ids=np.r_[one.test.ids[:-1], one.pool.ids[row]])}
    else:
        # The same source image under another condition: no pair is shared, and it leaks all the same.
        moved = one.train[-len(one.trained) + 1 :]
        broken = {"train": one.train[: -len(one.trained) + 1], "val": np.r_[one.val, moved]}
    with pytest.raises(AssertionError, match="share 1 source images"):
        replace(one, **broken)


def test_a_pair_in_training_and_validation_is_refused_even_where_images_may_be_shared():
    one = planned("published", dataset())
    with pytest.raises(AssertionError, match="1 pairs are in training and validation"):
        replace(one, val=np.r_[one.val, one.train[:1]])


def test_the_studys_rows_and_what_they_leak():
    """Rows 0 to 44,999 of each file against the last 1,000 of each severity, counted without the code's arithmetic."""
    test = ImageSet(
        np.zeros((10_000, 1, 1, 3), np.uint8), np.arange(10_000) % 10, np.arange(10_000), tuple("0123456789")
    )
    one = planned("published", Dataset("cifar10", images(20, 10**6, 10), test))
    files = len(CORRUPTIONS)
    assert len(one.train) + len(one.val) == 45_000 * files and len(one.val) == 4_500 * files
    file = [(i, s) for s in range(1, 6) for i in range(10_000)]
    rows = {(i, c, s) for c in ("fog", "saturate") for i, s in file[:45_000]}
    used = pairs_of(one, one.train) | pairs_of(one, one.val)
    assert {pair for pair in used if pair[1] in ("fog", "saturate")} == rows
    assert one.test.ids.tolist() == list(range(9_000, 10_000))
    assert vars(one.leak(one.train, one.val)) == {"rows": 0.8, "images": 1.0}


@given(tenths=st.integers(1, 20), severities=st.sets(st.integers(1, 5), min_size=1), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_small_limits_keep_the_ratio_of_the_leak(tenths, severities, seed):
    tested = [Condition("corruption", c, s) for c in ("fog", "frost") for s in sorted(severities)]
    one = planned("published", dataset(n_test=10 * tenths), tested, seed=seed)
    used = pairs_of(one, one.train) | pairs_of(one, one.val)
    asked = {(int(i), c.variant, c.severity) for i in one.test.ids for c in tested}
    leak = one.leak(one.train, one.val)
    assert leak.rows == pytest.approx(len(used & asked) / len(asked))
    assert leak.rows == pytest.approx(1 - 1 / len(severities))
    assert leak.images == (1.0 if len(severities) > 1 else 0.0)
    assert one.leak(one.train[:0]) == replace(leak, rows=0.0, images=0.0)


@given(labels=st.lists(st.integers(0, 5), min_size=10, max_size=120), share=st.floats(0.01, 0.99))
@settings(max_examples=100, deadline=None)
def test_the_last_of_each_class_are_as_many_as_asked_and_shared_out_evenly(labels, share):
    labels = np.array(labels)
    rows = last_of_each_class(labels, share)
    assert len(rows) == min(max(1, round(share * len(labels))), len(labels) - 2)
    assert np.array_equal(rows, np.unique(rows))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        taken = rows[np.isin(rows, own)]
        assert np.array_equal(taken, own[len(own) - len(taken) :])
        assert abs(len(taken) - len(rows) * len(own) / len(labels)) < 1


def test_every_seed_tests_the_same_images_and_nearly_those_of_the_published_protocol():
    data = dataset(n_test=1000)
    first, second = (planned("grouped", data, seed=seed) for seed in (1, 2))
    assert np.array_equal(first.test.ids, second.test.ids)
    assert not np.array_equal(first.val, second.val)
    theirs = planned("published", data)
    assert len(np.intersect1d(first.test.ids, theirs.test.ids)) > 0.75 * len(first.test)


def test_families_are_spelt_out_and_train_images_may_hold_out_too():
    one = planned("held_out", dataset(), held_out=["weather", "pixelate"])
    assert {c.variant for c in one.trained} == set(CORRUPTIONS) - {*FAMILIES["weather"], "pixelate"}
    one = planned("train_images", dataset(), held_out=["blur"])
    assert {c.variant for c in one.trained} == set(CORRUPTIONS) - set(FAMILIES["blur"])
    assert set(one.ids(one.train)) | set(one.ids(one.val)) == set(dataset().train.ids)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"protocol": "held_out"}, "families: noise, blur, weather, digital"),
        ({"protocol": "held_out", "held_out": ["nois"]}, "unknown 'nois'; did you mean 'noise'?"),
        ({"protocol": "held_out", "held_out": list(FAMILIES)}, "leaves no corruption to train under"),
        ({"protocol": "grouped", "held_out": ["fog"]}, "use finetune.protocol=held_out"),
    ],
)
def test_mistakes(words, told):
    words = dict(words)
    with pytest.raises(UserError, match=re.escape(told)):
        planned(words.pop("protocol"), dataset(), **words)


def test_too_few_images():
    with pytest.raises(UserError, match="splits 9 test images three ways"):
        planned("grouped", dataset(n_test=9))


def test_names():
    named = [("grouped", []), ("published", []), ("held_out", ["noise", "fog"]), ("train_images", ["blur"])]
    assert [name(FinetuneConfig(protocol=p, held_out=h)) for p, h in named] == [
        "grouped",
        "published",
        "held_out-noise-fog",
        "train_images-held_out-blur",
    ]
    assert name(FinetuneConfig(name="mine")) == "mine"


def test_some_are_drawn_without_replacement_and_all_where_fewer():
    pairs = np.arange(50)
    assert sorted(some(pairs, 80, [1])) == list(range(50))
    drawn = some(pairs, 20, [1])
    assert len(set(drawn.tolist())) == 20 and np.array_equal(drawn, some(pairs, 20, [1]))
    assert not np.array_equal(drawn, some(pairs, 20, [2]))


def test_plan_is_over_its_own_pool():
    one = planned("grouped", dataset())
    assert isinstance(one, TuningPlan) and one.leak(np.arange(len(one.pool) * len(one.trained))).images == 1.0
