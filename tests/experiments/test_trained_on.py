"""What has no outputs for the data's classes, or was trained on others, is never evaluated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.experiments.conftest import SHAPES, TINY, refused

from withstand import models
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.config.composing import compose
from withstand.session import trained_on

pytestmark = pytest.mark.usefixtures("there")


def photos(folder: str, names: list[str]) -> list[str]:
    """A folder data set of three noisy images a class."""
    rng = np.random.default_rng(0)
    for name in names:
        (Path(folder) / name).mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(Path(folder) / name / f"{number}.png")
    return [
        "dataset=folder",
        f"dataset.folder={folder}",
        f"dataset.num_classes={len(names)}",
        "dataset.size=32",
    ]


@pytest.mark.parametrize("experiment", ["robustness", "finetune"])
@pytest.mark.parametrize(
    ("outputs", "text"), [(1000, "has 1,000 outputs"), (9, "has 9 outputs"), (0, "has no classifier layer")]
)
def test_a_head_drawn_at_random_is_never_evaluated(capsys, experiment, outputs, text):
    state = models.build(compose(SHAPES)).network.state_dict()
    rest = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    head = {"fc.weight": torch.zeros(outputs, 8), "fc.bias": torch.zeros(outputs)} if outputs else {}
    torch.save(rest | head, "w.pth")
    told = refused(capsys, *SHAPES, f"experiment={experiment}", "model.weights=w.pth")
    assert text in told and "the data set has 10 classes" in told
    assert not Path("checkpoints").exists(), "nothing half-written"


def test_nor_is_one_that_a_run_of_other_classes_left(capsys):
    assert main([*TINY, *photos("two", ["a", "b"]), "experiment=robustness"]) == 2
    run = Path("checkpoints/small_cnn_four")
    run.mkdir(parents=True)
    words = [*TINY, *photos("three", ["a", "b", "c"])]
    torch.save(models.build(compose(words)).network.state_dict(), run / "best_model.pth")
    told = refused(capsys, *TINY, *photos("four", ["a", "b", "c", "d"]), "experiment=robustness")
    assert "has 3 outputs, and the data set has 4 classes" in told


def test_training_may_begin_from_it():
    torch.save(
        {k: v for k, v in models.build(compose(SHAPES)).network.state_dict().items() if "fc." not in k},
        "w.pth",
    )
    assert main([*SHAPES, "experiment=train", "train.epochs=1", "model.weights=w.pth"]) == 0


def test_weights_of_other_classes_are_refused(capsys):
    assert main([*SHAPES, "experiment=train", "train.epochs=1"]) == 0
    best = Path("checkpoints/small_cnn_shapes/best_model.pth")
    others = photos("photos", [f"animal{number}" for number in range(10)])
    told = refused(capsys, *TINY, *others, "experiment=robustness", f"model.weights={best}")
    assert "was trained on other classes (" in told and "animal0, animal1, animal2, …" in told
    assert not Path("checkpoints/small_cnn_folder").exists()
    shutil.copy(best, "mine.pth")
    words = [
        *TINY,
        *others,
        "experiment=robustness",
        "model.weights=mine.pth",
        "shift.corruptions=[contrast]",
    ]
    assert main(words) == 0, "a file of no known classes is taken as it is"


def test_names_are_compared_from_the_first_epoch_on():
    record = Path("run")
    record.mkdir()
    (record / "provenance.json").write_text(json.dumps({"classes": ["cat", "dog"]}))
    (record / "summary.json").write_text(json.dumps({"classes": ["bird", "fish"]}))
    trained_on.check(record / "best_model.pth", ("Cat", "dog"))
    with pytest.raises(UserError, match="these classes in another order"):
        trained_on.check(record / "best_model.pth", ("dog", "cat"))
    with pytest.raises(UserError, match=r"other classes \(cat, dog, where the data has bird, fish\)"):
        trained_on.check(record / "best_model.pth", ("bird", "fish"))
    (record / "provenance.json").unlink()  # an older run
    trained_on.check(record / "best_model.pth", ("bird", "fish"))
