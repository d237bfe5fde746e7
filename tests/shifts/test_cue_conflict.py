"""Shape against texture: who decides, in what is drawn and in what was published."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from scipy.special import softmax

import withstand
from withstand import datasets, shifts
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.config.composing import compose
from withstand.evaluation.evaluate import evaluate
from withstand.images.preprocessing import AsBytes
from withstand.models import Classifier
from withstand.results.metrics import METRICS, decisions, shape_bias
from withstand.results.store import Predictions
from withstand.statistics import clopper_pearson

DRAWN = ["dataset=shapes", "dataset.n_train=1", "dataset.n_test=300", "shift=cue_conflict"]


def drawn() -> tuple[Any, Any]:
    config = compose([*DRAWN, "model=small_cnn"])
    dataset = datasets.load(config)
    return dataset, shifts.load(config.shift, dataset)


def test_drawn_images_have_another_class_s_texture_and_the_same_shape() -> None:
    dataset, shift = drawn()
    (condition,) = shift.conditions()
    images = shift.images(condition).images()
    assert np.array_equal(images.labels, dataset.test.labels) and np.array_equal(images.ids, dataset.test.ids)
    assert (images.background != images.labels).all()
    counts = np.bincount((images.background - images.labels) % 10, minlength=10)
    assert counts[0] == 0 and counts[1:].min() > 15  # each other class is as likely
    assert np.array_equal(shift.shown.masks, dataset.test.masks)
    again = drawn()[1]
    assert again.digest(condition) == shift.digest(condition) and again.facts(condition) == shift.facts(
        condition
    )


@pytest.mark.parametrize(("by", "bias"), [("shape", 1.0), ("texture", 0.0), ("neither", None)])
def test_who_decides_by_shape_has_a_bias_of_one_and_who_by_texture_of_none(
    tmp_path: Path, by: str, bias: Any
) -> None:
    dataset, shift = drawn()
    shown = shift.images(shift.conditions()[0]).images()
    assert shown.background is not None
    said = {"shape": shown.labels, "texture": shown.background}.get(
        by, (shown.labels + shown.background) % 10
    )
    if by == "neither":
        said = np.array(
            [
                next(c for c in range(10) if c not in pair)
                for pair in zip(shown.labels, shown.background, strict=True)
            ]
        )
    known = {one.tobytes(): answer for one, answer in zip(shown.images, said, strict=True)}

    class Knows(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            rows = [known.get(one.numpy().tobytes(), 0) for one in images]
            return torch.nn.functional.one_hot(torch.tensor(rows), 10).float()

    classifier = Classifier(Knows(), AsBytes(), None, rewritable=False)
    run = evaluate(classifier, dataset.test, [shift], tmp_path / "run")
    frame = withstand.compare(run, shift="cue_conflict").frame()
    found = frame[(frame.metric == "shape_bias") & (frame.group == "corrupted")]
    if bias is None:
        assert not np.isfinite(found.value).any()
    else:
        assert found.value.item() == bias and found.n.item() == len(shown)
        exact = clopper_pearson(int(bias * len(shown)), len(shown))
        assert (found.low.item(), found.high.item()) == pytest.approx((exact.low, exact.high))
    assert "shape_bias" not in set(frame[frame.group == "clean"].metric)
    assert run.frame().shape_bias.isna().tolist()[0]  # of clean images it is not asked


def test_the_metric_is_the_share_and_its_values_average_to_it() -> None:
    draw = np.random.default_rng(0)
    labels, textures = draw.integers(0, 4, 200), draw.integers(0, 4, 200)
    read = Predictions(np.arange(200), labels, draw.normal(size=(200, 4)).astype(np.float32), textures)
    apart, shape, texture = decisions(read)
    said = read.logits.argmax(1)
    expected = ((said == labels) & apart).sum() / (((said == labels) | (said == textures)) & apart).sum()
    values = shape_bias(read)
    assert values.mean() == pytest.approx(expected) and not (shape & texture).any()
    # The influence is the derivative: leaving an image out moves the ratio by it, to first order.
    kept = np.delete(np.arange(200), 7)
    assert shape_bias(read.take(kept)).mean() - expected == pytest.approx(
        (expected - values[7]) / 199, abs=2e-3
    )


def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Worlds of 240 images, a third of which are decided, with a bias of 0.25."""
    draw, inside, rounds = np.random.default_rng(1), 0, 400
    for _ in range(rounds):
        said = draw.choice(3, 240, p=[0.25 / 3, 0.75 / 3, 2 / 3])
        logits = np.eye(3, dtype=np.float32)[said]
        read = Predictions(np.arange(240), np.zeros(240, np.int64), logits, np.ones(240, np.int64))
        found = withstand.statistics.mean_interval(shape_bias(read), METRICS["shape_bias"].bounds)
        inside += found.low <= 0.25 <= found.high
    assert 0.91 <= inside / rounds <= 0.985


def published(root: Path) -> None:
    draw = np.random.default_rng(0)
    for shape in ("cat", "dog"):
        (root / shape).mkdir(parents=True)
        for at, texture in enumerate(("cat", "dog", "cat")):
            pixels = draw.integers(0, 256, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(root / shape / f"{shape}{at}-{texture}1.png")
    said = {"cat": ["n01440764", "n01443537"], "dog": ["n01484850"]}
    (root.parent / "map.json").write_text(json.dumps(said), "utf-8")


def test_published_images_are_judged_by_the_mean_probability_of_a_class_s_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    published(tmp_path / "cues")
    torch.manual_seed(0)
    network = timm.create_model("resnet10t", channels=(8, 8, 8, 8)).eval()
    torch.save(network.state_dict(), "w.pth")
    for wnid in ("n01440764", "n01484850"):
        Path("photos", wnid).mkdir(parents=True)
        Image.new("RGB", (40, 40), "red").save(Path("photos", wnid, "a.png"))
    words = [
        "experiment=robustness",
        "model=timm:resnet10t",
        "model.args.channels=[8,8,8,8]",
        "model.weights=w.pth",
    ]
    words += ["model.image_size=32", "model.crop=1", "model.cfg_name=net", "threads=1", "device=cpu"]
    words += ["dataset=folder", "dataset.folder=photos", "dataset.num_classes=2"]
    cues = ["shift=cue_conflict", "shift.images=cues", "shift.map=map.json", "shift.size=32"]
    assert main([*words, *cues]) == 0
    run = withstand.load_run("checkpoints/net_photos")
    (condition,) = [one for one in run.conditions if one.shift == "cue_conflict"]
    read = run.predictions(condition)
    assert len(read) == 3 and set(run.summary["shift_classes"]["cue_conflict"]) == {"cat", "dog"}
    files = [
        file for file in sorted(Path("cues").glob("*/*.png")) if file.stem[:3] != file.stem.split("-")[1][:3]
    ]
    images = np.stack([np.asarray(Image.open(file)) for file in files])
    how = withstand.Preprocessing(
        32, "bicubic", timm.data.IMAGENET_DEFAULT_MEAN, timm.data.IMAGENET_DEFAULT_STD
    )
    with torch.inference_mode():
        chances = softmax(network(how(torch.from_numpy(images))).numpy().astype(np.float64), axis=1)
    expected = np.stack([chances[:, :2].mean(1), chances[:, 2]], axis=1)
    assert np.allclose(np.sort(np.exp(read.logits), axis=0), np.sort(expected, axis=0), atol=1e-5)
    assert main(["experiment=report", "dataset=folder", "dataset.folder=photos"]) == 0
    text = Path("reports/photos/report.md").read_text(encoding="utf-8")
    assert "## Shape or texture" in text and "People name the shape in about 96%" in text
    assert len(run.scores.ids) == 2  # the clean images: those of the shift are others


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("no folder", "there is no folder"),
        ("no map", "which says which of ImageNet's wnids"),
        ("name", "is not named as SHAPE/SHAPE1-TEXTURE1"),
        ("damaged", "1 of 6 images cannot be decoded"),
    ],
)
def test_what_is_not_as_published_is_one_line(tmp_path: Path, change: str, line: str) -> None:
    root = tmp_path / "cues"
    published(root)
    if change == "no map":
        (tmp_path / "map.json").unlink()
    if change == "name":
        (root / "cat" / "cat0-cat1.png").rename(root / "cat" / "cat0-horse1.png")
    if change == "damaged":
        (root / "cat" / "cat1-dog1.png").write_bytes(b"nothing")
    folder = tmp_path / "nowhere" if change == "no folder" else root
    own = [f"shift.images={folder}", f"shift.map={tmp_path}/map.json", "shift.size=32"]
    config = compose(["dataset=cifar10", "shift=cue_conflict", *own])
    with pytest.raises(UserError, match=line):
        shifts.load(config.shift, _other())


def _other() -> Any:
    """A data set of other classes than the drawn ones."""
    dataset, _ = drawn()
    return replace(dataset, test=replace(dataset.test, classes=tuple(f"c{n}" for n in range(10))))
