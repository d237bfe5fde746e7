"""The training loop: it learns, repeats, resumes bit for bit, and stops when the loss does."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from withstand import datasets, models
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.results.folder import RunFolder
from withstand.training.loop import Progress, batch_starts, train

CONFIG = compose(
    [
        "model=small_cnn",
        "dataset=shapes",
        "dataset.n_train=260",
        "dataset.n_test=20",
        "train.epochs=3",
        "train.batch_size=32",
    ]
)


@pytest.fixture(scope="module")
def splits():
    return datasets.split(datasets.load(CONFIG).train, 0.1, seed=0)


def run(splits, settings=CONFIG.train, resume=None, seed=1):
    classifier = models.build(CONFIG)
    states = train(
        classifier,
        *splits,
        settings,
        seed=seed,
        device=torch.device("cpu"),
        dtype=torch.float32,
        eval_batch_size=64,
        resume=resume,
    )
    return [copy.deepcopy(state) for state in states]


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_same_seed_repeats_and_another_differs(splits):
    first, second, other = run(splits), run(splits), run(splits, seed=2)
    assert same(first[-1].network, second[-1].network)
    assert not same(first[-1].network, other[-1].network)
    assert first[-1].history[-1]["train_loss"] < first[-1].history[0]["train_loss"]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_resuming_after_any_epoch_gives_the_same_weights(splits, tmp_path, optimizer, schedule):
    settings = replace(CONFIG.train, optimizer=optimizer, schedule=schedule, learning_rate=0.01)
    whole = run(splits, settings)
    folder = RunFolder(tmp_path)
    whole[0].save(folder)
    rest = run(splits, settings, resume=Progress.load(folder))
    assert len(rest) == 2
    assert same(whole[-1].network, rest[-1].network)
    for mine, theirs in zip(whole[-1].history, rest[-1].history, strict=True):
        assert {k: v for k, v in mine.items() if k != "seconds"} == {
            k: v for k, v in theirs.items() if k != "seconds"
        }


def test_the_best_epoch_is_the_first_of_the_highest():
    history = [{"epoch": i + 1, "val_top1": v} for i, v in enumerate([50.0, 70.0, 70.0, 60.0])]
    assert Progress(4, {}, {}, history).best["epoch"] == 2


def test_the_best_weights_are_those_of_the_best_epoch(splits, tmp_path):
    folder = RunFolder(tmp_path)
    states = run(splits)
    for state in states:
        state.save(folder)
    best = states[int(states[-1].best["epoch"]) - 1].network
    assert same(torch.load(folder.best, weights_only=True), best)


def test_a_loss_that_is_not_finite_stops_with_one_line_and_keeps_the_last_state(splits):
    with pytest.raises(UserError, match=r"no longer finite in epoch 1.*smaller train.learning_rate"):
        run(splits, replace(CONFIG.train, optimizer="sgd", learning_rate=1e12))


def test_batches_cover_every_image_but_a_last_one_on_its_own():
    assert [len(range(s, min(s + 4, n))) for n in (8, 10) for s in batch_starts(n, 4)] == [4, 4, 4, 4, 2]
    assert list(batch_starts(9, 4)) == [0, 4]
    assert list(batch_starts(1, 4)) == [0]


def test_the_splits_share_no_image_and_are_decided_by_the_seed():
    whole = datasets.load(CONFIG).train
    train_set, val_set = datasets.split(whole, 0.1, seed=0)
    assert len(val_set) == 26 and len(train_set) == 234
    assert not set(train_set.ids) & set(val_set.ids)
    assert np.array_equal(datasets.split(whole, 0.1, seed=0)[1].ids, val_set.ids)
    assert not np.array_equal(datasets.split(whole, 0.1, seed=1)[1].ids, val_set.ids)
