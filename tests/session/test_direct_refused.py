"""``withstand.evaluate``: what does not fit together is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.session.conftest import FEW, PLAIN, Net
from torchvision.transforms import ColorJitter, Compose, Normalize, Resize, ToTensor

import withstand
from withstand.base.errors import UserError
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Scaled
from withstand.models.objects import of_object
from withstand.results.conditions import CLEAN, Condition
from withstand.shifts.shown import Shown


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda x, y: (x / 255.0, y), r"images are float64, .* give \(images \* 255\)\.round\(\) as uint8"),
        (lambda x, y: (x[..., 0], y), "is wanted"),
        (lambda x, y: (x, y[:-1]), "there are 60 images, and labels are int64 of shape"),
        (lambda x, y: (x, y.astype(float)), "give a whole number an image"),
        (lambda x, y: (x, y - 1), "labels lie between -1 and 1"),
        (lambda x, y: (x, None), "labels are missing"),
        (lambda x, y: (x, np.eye(3)[y]), r"give the number of the class, labels\.argmax\(1\)"),
        (lambda x, y: (x, y.astype(str)), "labels are text .* classes=NAMES in the order of the numbers"),
        (lambda x, y: (x, [None] * 60), "labels are objects .* give a whole number an image"),
        (lambda x, y: (x, y + 10**9), "number the classes from 0"),
        (lambda x, y: ([(one, 1.5) for one in x], None), "item 0 of the data set has the label 1.5, where"),
        (lambda x, y: ([(one, np.eye(3)[0]) for one in x], None), "where a whole number is wanted"),
        (lambda x, y: ({"train": x, "test": x}, None), "images are a dict of train, test; give one of them"),
        (lambda x, y: ("nowhere", None), "there is no folder nowhere"),
        (lambda x, y: ("nowhere", y), "leave labels out"),
    ],
)
def test_what_cannot_be_read_is_one_line(images: Any, change: Any, line: str) -> None:
    with pytest.raises(UserError, match=line):
        withstand.evaluate(Net(), *change(*images), **PLAIN)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"groups": "median"}, r"groups=median is not known; did you mean 'mean'\?"),
        ({"among": "opn"}, r"among=opn is not known; did you mean 'open'\?"),
        ({"precision": 0}, "precision=0 must lie between 0 and 50"),
        ({"precision": "half"}, "must be numbers"),
        ({"batch_size": -1}, "batch_size=-1 must be 0 or more"),
        ({"batch_size": 2.5}, "must be numbers"),
        ({"classes": "rgb"}, "must be a list of names"),
        ({"classes": ["r", "g", "g"]}, "each another"),
        ({"ids": [1] * 60}, "ids tell images apart, and 59 of 60 are those of others"),
        ({"ids": np.arange(60.0)}, "ids are float64"),
        ({"ids": np.arange(59)}, r"ids are int64 of shape \(59,\)"),
        ({"outputs": ["r", "g"]}, "2 outputs are named, and the classifier has 3"),
    ],
)
def test_a_word_that_does_not_fit_is_one_line(images: Any, words: Any, line: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=line):
        withstand.evaluate(Net(), *images, **PLAIN, **words, out=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_nothing_that_is_said_is_passed_over(images: Any, tmp_path: Path) -> None:
    pixels, labels = images
    source, made = "timm:resnet18", of_object(Net())
    whole = ImageSet(pixels, labels, np.arange(60), ("r", "g", "b"))
    for model, shown, words, line in (
        (
            source,
            (pixels, labels),
            {"outputs": ["r"], "version": "1"},
            "brings its own; leave outputs and version out",
        ),
        (
            made,
            (pixels, labels),
            {"preprocess": Scaled()},
            "a Classifier brings its own; leave preprocess out",
        ),
        (
            Net(),
            (tmp_path,),
            {"classes": ["r"], "ids": [1]},
            "a folder has them .* leave classes and ids out",
        ),
        (Net(), (whole, labels), {}, "an ImageSet brings its own; leave labels out"),
    ):
        with pytest.raises(UserError, match=line):
            withstand.evaluate(model, *shown, **PLAIN, **words)
    items = list(zip(pixels, labels.tolist(), strict=True))
    numbered = withstand.evaluate(Net(), items, ids=np.arange(60) + 7, **PLAIN)
    assert numbered.run.scores.ids.tolist() == [*range(7, 67)]


def test_shifts_of_ones_own_are_told_apart_and_have_the_same_classes(images: Any, tmp_path: Path) -> None:
    pixels, labels = images
    turned = ImageSet(pixels, labels, np.arange(60), ("2", "1", "0"))
    with pytest.raises(
        UserError, match=r"classes of march are in another order .* \(2, 1, 0; clean: 0, 1, 2\)"
    ):
        withstand.evaluate(Net(), pixels, labels, shifts=Shown("march", turned, "a camera"), device="cpu")
    for place in ("a", "b"):
        for name in "012":
            (tmp_path / place / "photos" / name).mkdir(parents=True)
            Image.fromarray(pixels[0]).save(tmp_path / place / "photos" / name / "0.png")
    both = [{"collection": {"folder": str(tmp_path / place / "photos")}} for place in ("a", "b")]
    with pytest.raises(UserError, match="two shifts are called 'photos'"):
        withstand.evaluate(Net(), pixels, labels, shifts=both, device="cpu", out=tmp_path / "kept")
    both[1]["collection"] |= {"label": "later, or so", "class_map": None}
    told = withstand.evaluate(Net(), pixels, labels, shifts=both, device="cpu")
    assert set(told.run.shifts) == {"clean", "photos", "later, or so"}


@pytest.mark.parametrize("taken", ["clean", "corrupted", "soft"])
def test_a_variant_does_not_take_the_name_of_a_mean(images: Any, taken: str) -> None:
    pixels, labels = images
    own = ImageSet(pixels, labels, np.arange(60), ("0", "1", "2"))

    class Lenses(Shown):
        def groups(self) -> dict[str, Any]:
            return {"soft": ["old", "cheap"]}

        def conditions(self) -> list[Condition]:
            return [Condition("lens", "old"), Condition("lens", taken)]

    with pytest.raises(UserError, match=f"lens calls a variant '{taken}', which is the name of a mean"):
        withstand.evaluate(Net(), own, shifts=Lenses("lens", own, "lenses"), device="cpu")


def test_outputs_that_are_not_the_classes_are_refused_and_mapped(images: Any, tmp_path: Path) -> None:
    pixels, labels = images
    with pytest.raises(UserError, match="has 3 outputs, and the data set has 2 classes"):
        withstand.evaluate(Net(), pixels[labels < 2], labels[labels < 2], classes=["r", "g"], **PLAIN)
    named: dict[str, Any] = {"classes": ["g", "r"], "outputs": ["r", "g", "b"], **PLAIN}
    kept = labels < 2
    closed = withstand.evaluate(Net(), pixels[kept], 1 - labels[kept], **named)
    opened = withstand.evaluate(Net(), pixels[kept], 1 - labels[kept], among="open", **named)
    logits = opened.run.predictions(CLEAN).logits
    assert logits.shape[1] == 3 and np.array_equal(logits[:, :2], closed.run.predictions(CLEAN).logits)
    (tmp_path / "map.csv").write_text("0,warm\n1,cold\n2,cold\n", encoding="utf-8")
    grouped = withstand.evaluate(
        Net(),
        pixels,
        (labels > 0).astype(int),
        classes=["warm", "cold"],
        class_map=tmp_path / "map.csv",
        **PLAIN,
    )
    chances = np.exp(grouped.run.predictions(CLEAN).logits)
    assert chances.shape == (60, 2) and (chances[:, 0] + 2 * chances[:, 1]) == pytest.approx(1, abs=1e-5)


def test_transforms_that_do_more_are_refused(images: Any) -> None:
    steps = Compose([Resize(16), ColorJitter(0.1), ToTensor(), Normalize((0.5,) * 3, (0.5,) * 3)])
    with pytest.raises(UserError, match="and only resize, centre crop and normalisation are known here"):
        withstand.evaluate(Net(), *images, preprocess=steps, **PLAIN)
    with pytest.raises(UserError, match="is no preprocessing"):
        withstand.evaluate(Net(), *images, preprocess=3, **PLAIN)


def test_a_folder_is_of_one_way_to_make_images_ready(images: Any, tmp_path: Path) -> None:
    pixels, labels = images
    ways = [withstand.Preprocessing(16, "bilinear", (mean,) * 3, (0.5,) * 3) for mean in (0.5, 0.1)]
    first, again = (
        withstand.evaluate(Net(), pixels, labels, preprocess=ways[0], out=tmp_path / "o", **PLAIN)
        for _ in range(2)
    )
    assert np.array_equal(first.run.predictions(CLEAN).logits, again.run.predictions(CLEAN).logits)
    with pytest.raises(UserError, match="made ready in another way"):
        withstand.evaluate(Net(), pixels, labels, preprocess=ways[1], out=tmp_path / "o", **FEW)
    assert withstand.load_run(first.run.folder).conditions == (CLEAN,)
