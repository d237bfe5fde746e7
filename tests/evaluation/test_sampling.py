"""A sample: looks until its aim is met, goes on in the way it began, and fills its batches."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.evaluation.test_evaluate import Negative
from torch import nn

from withstand.engines.predictor import Predictor
from withstand.evaluation import sampling
from withstand.evaluation.cells import Cells
from withstand.evaluation.evaluate import evaluate
from withstand.evaluation.looking import CLEAN_ANSWERS, Plain
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier
from withstand.results.conditions import Condition
from withstand.results.store import Store

N = 600


class Fading(Negative):
    """Images that turn black in eight steps."""

    def conditions(self) -> list[Condition]:
        return [Condition("negative", kind, step) for kind in ("half", "whole") for step in (1, 2, 3, 4)]


@pytest.fixture
def images() -> ImageSet:
    """Images whose mean tells their class, but for noise."""
    draw = np.random.default_rng(0)
    labels = np.arange(N) % 3
    pixels = 60 + 50 * labels[:, None] + draw.normal(0, 30, (N, 1)) + draw.normal(0, 20, (N, 192))
    return ImageSet(
        pixels.clip(0, 255).astype(np.uint8).reshape(N, 8, 8, 3), labels, np.arange(N) * 3, ("a", "b", "c")
    )


@pytest.fixture
def classifier() -> Classifier:
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    with torch.no_grad():
        for one, (slope, level) in enumerate(((-2.0, 0.0), (0.0, 1.0), (2.0, 0.0))):
            network[1].weight[one], network[1].bias[one] = slope / 192, level / 4
    return Classifier(network, Preprocessing(8, "bilinear", (0.5,) * 3, (0.25,) * 3, 1.0), "made here")


@pytest.fixture
def predictor(classifier: Classifier) -> Predictor:
    return Predictor.of(classifier, torch.device("cpu"), torch.float32, 64)


def digests(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "predictions").iterdir()}


def said(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text())["sample"]


def test_conditions_that_are_shown_few_images_share_batches(
    images, classifier, predictor, tmp_path, monkeypatch
):
    batches = list[int]()
    whole = evaluate(classifier, images, [Fading(images)], tmp_path / "whole", predictor=predictor)
    real = Predictor._padded
    monkeypatch.setattr(
        Predictor, "_padded", lambda self, batch: batches.append(len(batch)) or real(self, batch)
    )
    run = evaluate(classifier, images, [Fading(images)], tmp_path / "some", predictor=predictor, precision=6)
    first = batches[-(-N // 64) :][:2]
    assert first == [64, 64], "16 images of each of four conditions"
    assert run.sampled is not None and run.sampled.control == CLEAN_ANSWERS
    for condition in run.conditions:
        some, every = run.predictions(condition), whole.predictions(condition)
        assert np.allclose(some.logits, every.at(some.ids).logits, atol=1e-5)
        assert np.array_equal(some.labels, every.at(some.ids).labels)
    truth = np.mean([_right(whole, condition) for condition in _shifted(whole)])
    assert run.sampled.low <= truth <= run.sampled.high and run.sampled.mean.half_width <= 0.06


def _shifted(run: Any) -> list[Condition]:
    return [condition for condition in run.conditions if condition.shift == "negative"]


def _right(run: Any, condition: Condition) -> float:
    found = run.predictions(condition)
    return float((found.logits.argmax(1) == found.labels).mean())


def dying(kept: int) -> Any:
    """Writes so many parts, and is interrupted at the next."""
    left, real = [kept], Store.write

    def write(self: Store, *args: Any, **named: Any) -> None:
        if named.get("part"):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        real(self, *args, **named)

    return write


def test_a_sample_that_was_killed_goes_on_to_the_same(images, classifier, predictor, tmp_path, monkeypatch):
    evaluate(classifier, images, [Fading(images)], tmp_path / "once", predictor=predictor, precision=6)
    for kept in (1, 6, 9, 14):  # parts, after which it dies: in the middle of a group, too
        folder = tmp_path / str(kept)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "write", dying(kept))
            with pytest.raises(KeyboardInterrupt):
                evaluate(classifier, images, [Fading(images)], folder, predictor=predictor, precision=6)
        evaluate(classifier, images, [Fading(images)], folder, predictor=predictor, precision=6)
        assert digests(folder) == digests(tmp_path / "once") and said(folder) == said(tmp_path / "once")


def test_a_finer_precision_goes_on_from_the_looks_there_are(images, classifier, tmp_path):
    evaluate(classifier, images, [Fading(images)], tmp_path, precision=10)
    first = said(tmp_path)
    shift = Fading(images)
    run = evaluate(classifier, images, [shift], tmp_path, precision=5)
    assert run.sampled is not None and run.sampled.steps[: len(first["steps"])] == first["steps"]
    assert sum(shift.asked) == run.sampled.evaluated - first["evaluated"]


def test_an_older_version_s_sample_goes_on_without_a_control(images, classifier, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sampling, "looking", lambda before, clean, orders: Plain(len(clean)))
        evaluate(classifier, images, [Fading(images)], tmp_path, precision=10)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["sample"].pop("control") is None
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    run = evaluate(classifier, images, [Fading(images)], tmp_path, precision=5)
    assert run.sampled is not None and run.sampled.control is None
    assert run.sampled.steps[: len(summary["sample"]["steps"])] == summary["sample"]["steps"]
    assert run.sampled.value == pytest.approx(np.mean([_right(run, c) for c in _shifted(run)]))


def test_of_a_control_that_is_not_known_here_the_images_are_taken_and_the_looks_are_not(
    images, classifier, tmp_path
):
    evaluate(classifier, images, [Fading(images)], tmp_path, precision=6)
    summary = json.loads((tmp_path / "summary.json").read_text())
    once, summary["sample"]["control"] = dict(summary["sample"]), "tea leaves"
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    evaluate(classifier, images, [shift := Fading(images)], tmp_path, precision=6)
    assert said(tmp_path) == once and shift.asked == []


def test_several_blocks_are_read_as_one(images):
    first, second = Blocks.of(images.take(np.arange(5))), Blocks.of(images.take(np.arange(5, 12)))
    whole = Blocks.joined([first, second])
    cpu = torch.device("cpu")
    assert len(whole) == 12 and np.array_equal(whole.ids, images.ids[:12])
    for rows in ([0, 4, 5, 11], [11, 0, 6, 3], [7], []):
        found = whole.read(np.array(rows, np.int64), cpu).numpy() if rows else np.empty(0)
        assert np.array_equal(found, images.images[rows] if rows else found)
    assert np.array_equal(whole.take(np.array([10, 1])).images().images, images.images[[10, 1]])


def test_a_group_that_is_sent_with_its_images_is_the_same(images, classifier, predictor, tmp_path):
    shift = Fading(images)
    work = Cells.of(classifier, predictor, images, [shift], Store(tmp_path)).work
    asked = {condition: np.array([5, 2, 9 + at]) for at, condition in enumerate(shift.conditions()[:3])}
    piece = work.together(asked)
    assert (piece.name, piece.images) == ("negative-half-1 to negative-half-3", 9)
    sent = pickle.loads(pickle.dumps(work.sent(piece).what))
    (here,), (there,) = work.do(piece.what), work.do(sent)
    assert np.array_equal(here.logits, there.logits) and np.array_equal(here.ids, there.ids)
    assert here.ids.tolist() == [15, 6, 27, 15, 6, 30, 15, 6, 33]
