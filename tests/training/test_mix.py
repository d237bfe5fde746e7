"""The training mix shows what the corruptions give for each pair, whatever the batches, and nothing but its pairs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from withstand import datasets
from withstand.config.composing import compose
from withstand.corruptions import corrupt
from withstand.shifts.corruption.shift import Corruption
from withstand.training import mix
from withstand.training.mix import Mix, image_set, make

CONFIG = compose(
    [
        "dataset=shapes",
        "model=small_cnn",
        "dataset.n_train=10",
        "dataset.n_test=30",
        "shift.corruptions=[fog,shot_noise,contrast]",
        "shift.severities=[1,4]",
    ]
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def shift():
    return Corruption.of(CONFIG.shift, "shapes", datasets.load(CONFIG).test)


def shown(one, epoch=1, batch_size=8):
    batches = list(one.batches(epoch, batch_size, torch.Generator()))
    return torch.cat([images for images, _ in batches]), torch.cat([labels for _, labels in batches])


def every(shift, **more):
    conditions = shift.conditions()
    settings = {"per_epoch": 10**6, "seed": 5, "device": CPU} | more
    return Mix(shift.origin, shift.origin.test, conditions, np.arange(30 * len(conditions)), **settings)


def test_each_pair_is_what_corrupt_gives_for_that_image_alone(shift):
    one = every(shift, per_epoch=25)
    images, labels = shown(one)
    test = datasets.load(CONFIG).test
    for image, label, pair in zip(images, labels, one.order(1), strict=False):
        row, number = divmod(int(pair), 6)
        condition = shift.conditions()[number]
        alone = corrupt(
            test.images[row : row + 1],
            condition.variant,
            condition.severity,
            seed=CONFIG.shift.seed,
            ids=test.ids[row : row + 1],
        )
        assert np.array_equal(image.numpy(), alone[0])
        assert label == test.labels[row]


def test_an_epoch_shows_its_pairs_once_each_in_another_order_than_the_next(shift):
    one = every(shift)
    assert len(one) == 180
    assert sorted(one.order(1).tolist()) == sorted(one.order(2).tolist()) == list(range(180))
    assert not np.array_equal(one.order(1), one.order(2))
    part = every(shift, per_epoch=40)
    assert len(part) == len(set(part.order(3).tolist())) == 40
    assert set(part.order(3).tolist()) != set(part.order(4).tolist())


@pytest.mark.parametrize("chunk", [1, 20, 10_000])
def test_what_is_shown_does_not_depend_on_batch_or_chunk(shift, monkeypatch, chunk):
    whole = shown(every(shift), batch_size=180)
    monkeypatch.setattr(mix, "_CHUNK", chunk)
    parts = shown(every(shift), batch_size=7)
    assert torch.equal(whole[0], parts[0]) and torch.equal(whole[1], parts[1])


def test_a_last_batch_of_one_is_left_out_as_the_loop_expects(shift):
    sizes = [len(labels) for _, labels in every(shift, per_epoch=17).batches(1, 8, torch.Generator())]
    assert sizes == [8, 8]


def test_fresh_corruptions_differ_between_epochs_and_repeat_within_one(shift):
    noisy = [shift.conditions().index(c) for c in shift.conditions() if c.variant == "shot_noise"]
    pairs = np.array([row * 6 + number for row in range(30) for number in noisy])
    one = replace(every(shift, fresh=True), pairs=pairs)
    first, again, second = (dict_of(one, epoch) for epoch in (1, 1, 2))
    assert all(np.array_equal(first[pair], again[pair]) for pair in first)
    assert all(not np.array_equal(first[pair], second[pair]) for pair in first)
    fixed = replace(one, fresh=False)
    assert all(np.array_equal(dict_of(fixed, 1)[p], image) for p, image in dict_of(fixed, 2).items())


def dict_of(one, epoch):
    images, _ = shown(one, epoch, batch_size=len(one))
    return dict(zip(one.order(epoch).tolist(), images.numpy(), strict=True))


def test_the_validation_set_knows_its_images(shift):
    pairs = np.array([3, 50, 179])
    found = image_set(shift.origin, shift.origin.test, shift.conditions(), pairs)
    test = datasets.load(CONFIG).test
    assert found.ids.tolist() == test.ids[pairs // 6].tolist()
    assert found.labels.tolist() == test.labels[pairs // 6].tolist()
    images, _ = make(shift.origin, shift.origin.test, shift.conditions(), pairs, CPU)
    assert np.array_equal(found.images, images.numpy())
