"""Several commands started at once on the same folders: each ends well, and all is as if they had come one by one."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults import forked, trees
from tests.faults.scenes import FOGGED, ONE, PLAIN, REPORT, RUN, SHAPES, STUDY, TRAIN, TUNE, pictures
from tests.faults.table import Row

BACKGROUND = ("experiment=background", *RUN, "background.protocol=trained")
MADE = (
    *("experiment=make_backgrounds", "make_backgrounds.images=images", "make_backgrounds.masks=masks"),
    *("make_backgrounds.to=made", "make_backgrounds.size=16", "threads=1"),
)
COMMANDS: dict[str, Sequence[str]] = {
    "corrupt": ("experiment=corrupt", *ONE, *SHAPES, *FOGGED),
    "train": TRAIN,
    "study": STUDY,
    "finetune": TUNE,
    "evaluate": ("experiment=evaluate", *RUN),
    "robustness": ("experiment=robustness", *RUN, *FOGGED),
    "cue_conflict": ("experiment=robustness", *RUN, "shift=cue_conflict"),
    "background": BACKGROUND,
    "report": REPORT,
    "make_backgrounds": MADE,
    "photos": (
        *("experiment=train", *ONE, "dataset=folder", "dataset.folder=photos", "dataset.size=16"),
        *("model=small_cnn", "model.image_size=16", "model.args={channels: [4, 8, 8, 16]}", *PLAIN),
        *("train.epochs=1", "train.dtype=float32"),
    ),
}
COST = r"^reports/.*(report.html|report.md|cost\.\w+)$"
"""What the report says of times."""

# Once the files are there, corruptions are read and not made: so corrupt comes first where all come one by one.

NEEDS = {"finetune", "evaluate", "robustness", "cue_conflict", "background", "report"}
"""What leaves with one line where no network was trained yet, and trains none."""


def main(words: Sequence[str]) -> int:
    """``--count`` processes in all, 2 to 4 at a time."""
    asked = argparse.ArgumentParser("shared")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--only", default="", help="commands with commas: one group, started --count times")
    given = asked.parse_args(words)
    forked.ready()
    draw, row = random.Random(given.seed), Row("shared starts", "shared")
    with tempfile.TemporaryDirectory(prefix="shared-") as place:
        root = Path(place)
        os.environ["WITHSTAND_CACHE"] = f"{place}/cache"
        (root / "first").mkdir()
        pictures(root / "first")
        while row.tried < given.count:
            names = given.only.split(",") if given.only else _group(draw)
            trained = bool(given.only) or draw.random() < 0.5
            _together(names, trained, root, row)
    return row.end()


def _group(draw: random.Random) -> list[str]:
    """Commands that meet: the same twice, all of one run, or any."""
    many = draw.randint(2, 4)
    if draw.random() < 0.4:
        return [draw.choice([*COMMANDS])] * many
    return [draw.choice([*COMMANDS]) for _ in range(many)]


def _together(names: Sequence[str], trained: bool, root: Path, row: Row) -> None:
    folder, alone = root / "shared", root / "alone"
    for one in (folder, alone):
        shutil.copytree(root / "first", one)
        if trained:
            assert not forked.run(TRAIN, one).wrong(0)
    started = [forked.start(COMMANDS[name], folder) for name in names]
    wrong = []
    for name, one in zip(names, started, strict=True):
        ended = one.ended()
        codes = (0,) if trained and name != "report" else (0, 2) if name in NEEDS else (0,)
        wrong.append(ended.wrong(*codes))
    left = ", ".join([*trees.leftovers(folder), *(str(file) for file in folder.rglob(".lock"))])
    every = sorted(set(names), key=list(COMMANDS).index)  # what left for want of a network, goes on now
    for one in (folder, alone):
        for name in every:
            ended = forked.run(COMMANDS[name], one)
            codes = (0, 2) if name in NEEDS else (0,)
            wrong[0] = wrong[0] or ended.wrong(*codes)
    said = trees.unlike(trees.held(alone, [COST]), trees.held(folder, [COST]))
    again = f"shared --only {','.join(names)} --count {len(names)}"
    for at, one in enumerate(wrong):
        whole = one or (left or said if at == 0 else "")
        row.add("failed" if whole else "ended as alone", whole, again)
    for one in (folder, alone):
        shutil.rmtree(one)
