"""One loop fills a store: what is there is left, what is partly there is completed, and a block at a time is read."""

import errno
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import withstand
from withstand.base.errors import UserError
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells, Elsewhere
from withstand.evaluation.evaluate import evaluate
from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier
from withstand.results.conditions import CLEAN, Condition
from withstand.results.folder import RunFolder
from withstand.results.store import Store

CPU = torch.device("cpu")
N = 410


@dataclass
class Negative:
    """A shift that turns black into white, and notes how many rows it is asked for at once."""

    test: ImageSet
    name = "negative"
    source = "turned round"
    notes = ("white is black",)
    asked: list[int] = field(default_factory=list)

    def groups(self) -> dict[str, list[str]]:
        return {"both": ["half", "whole"]}

    def conditions(self) -> list[Condition]:
        return [Condition("negative", "half"), Condition("negative", "whole")]

    def images(self, condition: Condition) -> Blocks:
        def make(rows: np.ndarray, device: torch.device) -> torch.Tensor:
            self.asked.append(len(rows))
            clean = gather(self.test.images, rows, device)
            return 255 - clean if condition.variant == "whole" else 255 - clean // 2

        return Blocks.made(self.test, make)

    def digest(self, condition: Condition) -> str:
        return self.test.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        return {"negative": 1}


@pytest.fixture
def images() -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), np.uint8)
    return ImageSet(pixels, np.arange(N) % 3, np.arange(N)[::-1] * 3, ("a", "b", "c"))


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    return Classifier(network, Preprocessing(8, "bilinear", (0.5,) * 3, (0.25,) * 3, 1.0), "made here")


@pytest.fixture
def predictor(classifier: Classifier) -> Predictor:
    return Predictor.of(classifier, CPU, torch.float32, 8)


def test_in_a_call_to_a_run(images, classifier, tmp_path, capsys):
    run = evaluate(classifier, images, [Negative(images)], tmp_path / "mine")
    assert run.shifts == ("clean", "negative") and run.classes == ("a", "b", "c")
    told = capsys.readouterr().out
    assert "mine: 3 conditions × 410 images, 0 done; negative: turned round" in told
    assert "white is black" in told
    both = withstand.compare(run, shift="negative")
    assert both.groups["both"] == both.groups["corrupted"] and "noise" not in both.groups
    frame = run.frame()
    assert frame.n.tolist() == [N] * 3 and frame.variant.tolist() == ["clean", "half", "whole"]
    predicted = run.predictions(Condition("negative", "whole"))
    turned = Predictor.of(classifier, CPU, torch.float32, 0)(
        ImageSet(255 - images.images, images.labels, images.ids, images.classes)
    )
    plain = classifier.logits(torch.from_numpy(255 - images.images)).numpy()
    assert np.allclose(predicted.logits, plain, atol=1e-5) and plain.dtype == np.float32
    assert np.array_equal(predicted.logits, turned.logits) and np.array_equal(predicted.ids, images.ids)
    assert run.provenance["weights_digest"] == classifier.digest()
    evaluate(classifier, images, [shift := Negative(images)], tmp_path / "mine")
    assert shift.asked == [] and "3 done" in capsys.readouterr().out


def test_no_condition_is_ever_whole_in_memory(images, classifier, predictor, tmp_path, monkeypatch):
    monkeypatch.setitem(withstand.engines.predictor._CHUNK, "cpu", 16 * 192)
    shift = Negative(images)
    run = evaluate(classifier, images, [shift], tmp_path, predictor=predictor)
    assert shift.asked == ([16] * 25 + [10]) * 2
    whole = evaluate(classifier, images, [Negative(images)], tmp_path / "other")
    for condition in run.conditions:
        assert np.allclose(run.predictions(condition).logits, whole.predictions(condition).logits, atol=1e-5)


def test_written_while_more_is_predicted_it_is_the_same(images, classifier, predictor, tmp_path, monkeypatch):
    """As on a GPU; here on the processor."""
    stores = [Store(tmp_path / name) for name in ("in turn", "behind")]
    written_by, original = set(), Store.write

    def write(self, *args):
        written_by.add(threading.current_thread().name)
        original(self, *args)

    monkeypatch.setattr(Store, "write", write)
    for store, overlaps in zip(stores, (False, True), strict=True):
        monkeypatch.setattr(Predictor, "overlaps", overlaps)
        work = Cells.of(classifier, predictor, images, [Negative(images)], store)
        assert work.fill("all").images == 3 * N and not work.missing
    assert len(written_by) == 2 and "behind_0" in written_by
    for cell in work.cells.values():
        first, second = (store.read(cell) for store in stores)
        assert np.array_equal(first.logits, second.logits) and np.array_equal(first.ids, second.ids)


def test_what_cannot_be_written_behind_stops_the_work(images, classifier, predictor, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Predictor, "overlaps", True)
    monkeypatch.setattr(Store, "write", full)
    shift = Negative(images)
    work = Cells.of(classifier, predictor, images, [shift], Store(tmp_path / "store"))
    with pytest.raises(OSError, match="No space left"):
        work.fill("all")
    assert sum(shift.asked) <= N  # the last condition was not begun


def test_a_sample_is_completed_in_the_order_of_the_images(images, classifier, tmp_path):
    first = evaluate(classifier, images, [Negative(images)], tmp_path, precision=20)
    assert first.sampled is not None and 0 < first.sampled.evaluated < 2 * N
    shift = Negative(images)
    run = evaluate(classifier, images, [shift], tmp_path)
    assert run.sampled is None and sum(shift.asked) == 2 * N - first.sampled.evaluated
    assert all(np.array_equal(run.predictions(c).ids, images.ids) for c in run.conditions)
    assert not list((tmp_path / "predictions").glob("*.part.parquet"))


def test_predictions_are_taken_over_from_another_store(images, classifier, predictor, tmp_path):
    evaluate(classifier, images, [Negative(images)], tmp_path / "all", predictor=predictor)
    there = RunFolder(tmp_path / "all").store
    some = images.take(np.array([40, 2, 17]))
    for shift, store, digest in (
        (Negative(some), "part", images.digest),
        (Negative(images), "same", None),
    ):
        known = [Elsewhere(there, digest)]
        cells = Cells.of(classifier, predictor, shift.test, [shift], Store(tmp_path / store), known)
        spent = cells.fill("work")
        assert (spent.images, shift.asked, cells.missing) == (0, [], [])
        read = cells.store.read(cells.cells[CLEAN])
        assert np.array_equal(read.ids, shift.test.ids)
    other = Negative(images.take(np.array([1])))
    cells = Cells.of(
        classifier, predictor, other.test, [other], Store(tmp_path / "x"), [Elsewhere(there, "of others")]
    )
    assert cells.fill("work", [CLEAN]).images == 1 and len(cells.missing) == 2


def test_cells_under_other_shifts_stay_and_samples_are_not_mixed(images, classifier, tmp_path):
    class Again(Negative):
        name = "again"

        def conditions(self) -> list[Condition]:
            return [Condition("again", "half")]

    evaluate(classifier, images, [Negative(images)], tmp_path)
    run = evaluate(classifier, images, [Again(images)], tmp_path)
    assert set(run.shifts) == {"clean", "negative", "again"} and len(run.conditions) == 4
    with pytest.raises(UserError, match=r"on all images under again; leave evaluation\.precision out"):
        evaluate(classifier, images, [Negative(images)], tmp_path, precision=10)
    sample = tmp_path / "sample"
    evaluate(classifier, images, [Negative(images)], sample, precision=20)
    with pytest.raises(UserError, match="is a sample under negative; give that command again"):
        evaluate(classifier, images, [Again(images)], sample)


def test_what_was_predicted_is_found_by_id():
    from withstand.results.store import Predictions

    read = Predictions(np.array([5, 1, 9]), np.array([0, 1, 2]), np.eye(3, dtype=np.float32))
    found = read.at(np.array([9, 5]))
    assert found.labels.tolist() == [2, 0]
    for ids in ([2], [9, 10], [0]):
        with pytest.raises(ValueError, match="not among"):
            read.at(np.array(ids))
    empty = read.take(np.arange(0))
    assert len(empty.at(np.empty(0, np.int64))) == 0
    with pytest.raises(ValueError, match="not among"):
        empty.at(np.array([1]))
