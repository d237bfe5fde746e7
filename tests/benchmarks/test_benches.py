"""Every benchmark runs at tiny size, and its contenders do the same work."""

import json

import numpy as np
import pytest
import torch
from benchmarks import (
    bench_agreement,
    bench_epoch,
    bench_leaderboard,
    bench_memory,
    bench_rates,
    memory_worker,
    timm_loop,
    usual,
)
from benchmarks.frame import Options

from withstand import datasets, models
from withstand.config.composing import compose
from withstand.engines.predictor import Predictor
from withstand.images import npy

CPU = torch.device("cpu")
CONFIG = compose(["model=small_cnn", "dataset=shapes", "dataset.n_train=1", "dataset.n_test=40"])


@pytest.mark.parametrize("size", [32, 48])
def test_timms_loop_predicts_what_we_do(size):
    """Also at another size, where its own transforms resize."""
    classifier = models.build(CONFIG)
    classifier.network.eval()
    test, ready = datasets.load(CONFIG).test, classifier.preprocessing
    pictures = usual.Photographs(test.images, test.labels, None)
    tuning = usual.Tuning(16)
    batches = timm_loop.loader(pictures, size, ready.mean, ready.std, tuning, CPU)
    ours = models.Classifier(classifier.network, type(ready)(size, "bilinear", ready.mean, ready.std), None)
    expected = Predictor.of(ours, CPU, torch.float32, 0)(test).logits
    got = timm_loop.validate(classifier.network, batches, tuning, CPU)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # workers of the usual script
def test_an_epoch_trains_and_validates_on_both_sides(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_epoch, "MODEL", "small_cnn")
    threads = torch.get_num_threads()
    [found] = bench_epoch.run(Options(quick=True, data=tmp_path, device="cpu"))
    torch.set_num_threads(threads)
    assert (found.notes["n_train"], found.notes["n_val"]) == (58, 6) and found.amount == 64
    assert set(found.notes["val_top1"]) == set(found.seconds) and len(found.seconds) == 3
    assert all(0 <= value <= 100 for value in found.notes["val_top1"].values())


def test_memory_is_measured_in_a_process_that_evaluates_every_row(tmp_path):
    few, more, large = bench_memory.run(Options(quick=True, data=tmp_path))
    assert (few.amount, more.amount) == bench_memory.QUICK[32]
    assert large.amount == 2 * bench_memory.QUICK[224][0] and "224×224" in large.work
    assert few.notes["peak_mib"] >= few.notes["after_start_mib"] > 50, "of torch alone"
    assert more.notes["file_mib"] == pytest.approx(3 * few.notes["file_mib"], rel=0.1)
    assert 0.8 < more.notes["peak_over_that_of_the_fewest"] < 1.2


def test_the_worker_keeps_the_predictions_of_every_condition(tmp_path, monkeypatch, capsys):
    images = datasets.load(CONFIG).test.images
    npy.write(tmp_path / "images.npy", [images], np.dtype(np.uint8), images.shape)
    monkeypatch.setattr(memory_worker, "CONDITION", 16)
    threads = torch.get_num_threads()
    memory_worker.main(tmp_path / "images.npy", tmp_path / "predictions")
    torch.set_num_threads(threads)
    assert json.loads(capsys.readouterr().out)["images"] == 40
    assert len(list((tmp_path / "predictions").iterdir())) == 3


def test_agreement_is_counted_by_hand():
    """Two images under two conditions, of which the fast engine gets one wrong that was right."""
    labels = np.array([0, 1])
    plain = np.float32([[2, 0], [0, 2], [2, 0], [2, 0]])
    fast = np.float32([[2, 0], [0, 2], [0, 1], [2, 0]])
    found = bench_agreement._agreement({bench_agreement.PLAIN: plain, "fast": fast}, labels)
    assert found["top1_of_plain_float32"] == {"clean": 100.0, "corrupted": 50.0}
    assert found["fast"]["equal_predictions"] == 0.75
    assert found["fast"]["largest_difference_of_logits"] == 2.0
    assert found["fast"]["top1_difference_clean"]["value"] == 0.0
    assert found["fast"]["top1_difference_corrupted"]["value"] == -50.0
    assert bench_agreement.PLAIN not in found


def test_a_counted_engine_says_how_many_images_were_computed_again():
    counting = bench_agreement.Counting(lambda images: images.sum((1, 2, 3))[:, None])
    counting(torch.ones(3, 3, 2, 2))
    assert counting(torch.ones(2, 3, 2, 2)).shape == (2, 1) and counting.images == 5


def test_rates_are_of_ours_alone_and_stand_beside_what_is_aimed_at(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_rates, "NAMES", {"resnet50": ("resnet50", 32)})
    monkeypatch.setattr(bench_rates, "CORRUPTIONS", ("fog", "contrast"))
    threads = torch.get_num_threads()
    found = bench_rates.run(Options(quick=True, data=tmp_path, device="cpu"))
    torch.set_num_threads(threads)
    assert [one.work for one in found] == ["train resnet50", "evaluate resnet50", "make every corruption"]
    assert all(set(one.seconds) == {"withstand"} for one in found)
    assert found[1].notes["aim"] == 25_000 and found[2].amount == 64 * 2 * 5


def test_leaderboards_are_ranked_from_marks_and_from_cells(tmp_path):
    board, *others = bench_leaderboard.run(Options(quick=True, data=tmp_path, device="cpu"))
    assert (board.amount, [one.amount for one in others]) == (6, [2, 2, 2, 2])
    assert all(one.notes["peak_memory_gib"] > 0 and one.notes["files_mib"] > 0 for one in (board, *others))
