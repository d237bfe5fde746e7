"""Every experiment in its smallest form: what is to be there first, and the command."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tests.faults import forked

ONE = ("threads=1", "device=cpu")
SHAPES = ("dataset=shapes", "dataset.size=16", "dataset.n_train=40", "dataset.n_test=20")
NET = ("model=small_cnn", "model.image_size=16", "model.args={channels: [4, 8, 8, 16]}")
PLAIN = ("evaluation.backend=eager", "evaluation.dtype=float32")
TRAINED = ("train.epochs=2", "train.dtype=float32")
PHOTOS = ("dataset=folder", "dataset.folder=photos", "dataset.size=16", "dataset.title=photos")
FOGGED = ("shift.corruptions=[fog,shot_noise]", "shift.severities=[1,3]")

RUN = (*ONE, *SHAPES, *NET, *PLAIN)
TRAIN = ("experiment=train", *RUN, *TRAINED)
STUDY = ("experiment=study", *RUN, *TRAINED, *FOGGED)
TUNE = ("experiment=finetune", *RUN, *TRAINED, *FOGGED, "finetune.images_per_epoch=32", "finetune.test=0.3")
REPORT = ("experiment=report", "dataset=shapes")


@dataclass(frozen=True)
class Scene:
    """One command, and the commands that it goes on from."""

    name: str
    words: Sequence[str]
    first: Sequence[Sequence[str]] = ()


SCENES = (
    Scene("train", TRAIN),
    Scene("study", STUDY),
    Scene("evaluate", ("experiment=evaluate", *RUN), (TRAIN,)),
    Scene("robustness", ("experiment=robustness", *RUN, *FOGGED), (TRAIN,)),
    Scene(
        "sampled",
        ("experiment=robustness", *RUN, *FOGGED, "evaluation.precision=20", "dataset.n_test=200"),
        ((*TRAIN, "dataset.n_test=200"),),
    ),
    Scene("cue_conflict", ("experiment=robustness", *RUN, "shift=cue_conflict"), (TRAIN,)),
    Scene(
        "aside",
        ("experiment=robustness", *RUN, *FOGGED, "shift=[corruption,validation,outside]", "shift.folder=images"),
        (TRAIN,),
    ),
    Scene("finetune", TUNE, (TRAIN,)),
    Scene("background", ("experiment=background", *RUN, "background.protocol=trained"), (TRAIN,)),
    Scene(
        "background_trained",
        (
            *("experiment=background", *RUN, *TRAINED, "background.protocol=grouped"),
            *("background.folds=2", "dataset.n_test=100"),
        ),
    ),
    Scene(
        "background_published",
        (
            *("experiment=background", *RUN, *TRAINED, "background.protocol=published"),
            "dataset.n_test=100",
        ),
    ),
    Scene("corrupt", ("experiment=corrupt", *ONE, *SHAPES, *FOGGED)),
    Scene("corrupt_tree", ("experiment=corrupt", *ONE, *SHAPES, *FOGGED, "corrupt.layout=tree")),
    Scene(
        "make_backgrounds",
        (
            *("experiment=make_backgrounds", "make_backgrounds.images=images", "make_backgrounds.masks=masks"),
            *("make_backgrounds.to=made", "make_backgrounds.size=16", "threads=1"),
        ),
    ),
    Scene("folder", ("experiment=train", *ONE, *PHOTOS, *NET, *PLAIN, *TRAINED)),
    Scene(
        "gate",
        (
            *("experiment=gate", "dataset=shapes", "gate.margin=99"),
            "gate.runs=[checkpoints/small_cnn_shapes,checkpoints/other_shapes]",
        ),
        (STUDY, (*STUDY, "train.epochs=1", "model.cfg_name=other")),
    ),
    Scene("plan", ("experiment=plan", "plan.disagreement=0.1", "plan.difference=1")),
    Scene("leaderboard", ("experiment=leaderboard", "dataset=shapes"), (STUDY,)),
    Scene("export", ("experiment=export", "dataset=shapes"), (STUDY,)),
    Scene("report", REPORT, (STUDY, TUNE, ("experiment=background", *RUN, "background.protocol=trained"))),
)  # fmt: skip


def pictures(folder: Path) -> None:
    """A few photographs with masks, in two classes."""
    draw = np.random.default_rng(3)
    for label in ("cup", "hat"):
        for kind in ("images", "masks"):
            (folder / kind / label).mkdir(parents=True)
        for number in range(4):
            pixels = draw.integers(0, 256, (24, 24, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "images" / label / f"{number}.png")
            mask = np.zeros((24, 24), np.uint8)
            mask[8:16, 6:15] = 255
            Image.fromarray(mask).save(folder / "masks" / label / f"{number}.png")
    for part in ("train", "test"):
        shutil.copytree(folder / "images", folder / "photos" / part)


@contextmanager
def prepared(scene: Scene, root: Path) -> Iterator[Path]:
    """A folder in which the command can be given; goes at the end."""
    folder = root / f"{scene.name}-first"
    folder.mkdir(parents=True)
    pictures(folder)
    for words in scene.first:
        ended = forked.run(words, folder)
        assert not ended.wrong(0), (scene.name, words, ended)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
