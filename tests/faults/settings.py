"""Every setting given what it was not made for: one line, or a run that is sound; never a traceback."""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults import forked, trees
from tests.faults.scenes import FOGGED, ONE, PLAIN, REPORT, RUN, SHAPES, TRAIN, TUNE, pictures
from tests.faults.table import Row

from withstand.base import plugins
from withstand.config.composing import choices
from withstand.config.schema import keys
from withstand.session import usage

LIMIT = 20.0
WORDS = (
    "",
    "nope",
    "null",
    "true",
    "auto",
    "../up",
    "a/b",
    "é中",
    "x" * 300,
    "[]",
    "[a,b]",
    "{}",
    "{a: 1}",
    "'a b'",
)
NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "3",
    "0.5",
    "2.5",
    "1e-300",
    "1e300",
    "100000",
    "9223372036854775808",
    "-0.0",
    "1e9",
)
ODD = (
    "nan",
    "inf",
    "-inf",
    ".nan",
    "null",
    "'${oops}'",
    "${oops}",
    "${seed}",
    "'${'",
    "'${seed'",
    "'???'",
    "[[1]]",
)
LISTS = (
    "[1]",
    "[0,0,0]",
    "[1,1,1]",
    "[nan,1,1]",
    "[-1,1,1]",
    "[null]",
    "[1,2]",
    "[a]",
    "[1e300,1,1]",
    "[true]",
)
VALUES = (*WORDS, *NUMBERS, *ODD, *LISTS)
ARGS = (
    "{drop_rate: 2.5}",
    "{img_size: 0}",
    "{channels: []}",
    "{channels: [1,1,1,1]}",
    "{nope: 1}",
    "{drop_rate: nan}",
)

BASES: dict[str, Sequence[str]] = {
    "train": (*TRAIN, "train.epochs=1", "tracker=none"),
    "robustness": ("experiment=robustness", *RUN, *FOGGED),
    "evaluate": ("experiment=evaluate", *RUN),
    "finetune": (*TUNE, "train.epochs=1"),
    "background": ("experiment=background", *RUN, "background.protocol=trained"),
    "corrupt": ("experiment=corrupt", *ONE, *SHAPES, *FOGGED),
    "report": REPORT,
    "make_backgrounds": (
        *("experiment=make_backgrounds", "make_backgrounds.images=images", "make_backgrounds.masks=masks"),
        *("make_backgrounds.to=made", "make_backgrounds.size=16", "threads=1"),
    ),
    "photos": (
        *("experiment=train", *ONE, "dataset=folder", "dataset.folder=photos", "dataset.size=16"),
        *("model=small_cnn", "model.image_size=16", "model.args={channels: [4, 8, 8, 16]}", *PLAIN),
        *("train.epochs=1", "train.dtype=float32"),
    ),
    "sequence": (
        *("experiment=robustness", *RUN, "shift=sequence", "shift.frames=2"),
        "shift.perturbations=[brightness]",
    ),
    "cue_conflict": ("experiment=robustness", *RUN, "shift=cue_conflict"),
    "collection": (
        *(
            "experiment=robustness",
            *RUN,
            "shift=collection",
            "shift.dataset=folder",
            "shift.folder=photos/test",
        ),
    ),
    "groups": ("experiment=robustness", *RUN, "shift=groups", "shift.column=camera"),
}


def every_key(words: Sequence[str]) -> list[str]:
    """The schema's keys, and those that the chosen data set and shift bring."""
    said = dict(word.split("=", 1) for word in words)
    own = [
        f"{group}.{key}"
        for group in ("dataset", "shift")
        for key in choices(group)[said.get(group, "corruption" if group == "shift" else "cifar10")]
    ]
    return sorted({*keys(), *own})


def used_keys(words: Sequence[str]) -> list[str]:
    """Those of them that the experiment reads."""
    name = words[0].removeprefix("experiment=")
    uses = (*usage.EVERYWHERE, *plugins.load("experiments", name).USES)
    return [key for key in every_key(words) if usage.covered(key, uses)]


def drawn(draw: random.Random) -> tuple[str, list[str]]:
    """An experiment, and one or two words more."""
    name = draw.choice([*BASES])
    words: list[str] = []
    for _ in range(draw.choice((1, 1, 1, 2))):
        key = draw.choice((used_keys if draw.random() < 0.8 else every_key)(BASES[name]))
        value = draw.choice(VALUES)
        if key == "model.args" and draw.random() < 0.7:
            value = draw.choice(ARGS)
        form = draw.random()
        word = f"{key}={value}" if form < 0.85 else f"~{key}" if form < 0.93 else f"+{key}={value}"
        words.append(word)
    return name, words


def main(words: Sequence[str]) -> int:
    """``--count`` commands."""
    asked = argparse.ArgumentParser("settings")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--count", type=int, default=1500)
    asked.add_argument("--only", default="", help="an experiment; the words follow after --")
    asked.add_argument("words", nargs="*")
    given = asked.parse_args(words)
    forked.ready()
    draw, row = random.Random(given.seed), Row("settings", "settings")
    with tempfile.TemporaryDirectory(prefix="settings-") as place:
        root = Path(place)
        os.environ["WITHSTAND_CACHE"] = f"{place}/cache"
        first = root / "first"
        first.mkdir()
        pictures(first)
        assert not forked.run(TRAIN, first).wrong(0)
        for _ in range(1 if given.only else given.count):
            name, more = (given.only, given.words) if given.only else drawn(draw)
            folder = root / "run"
            shutil.copytree(first, folder)
            what, wrong = _given(name, more, folder)
            quoted = " ".join(f"'{one}'" if "'" not in one else f'"{one}"' for one in more)
            row.add(what, wrong, f"settings --only {name} -- {quoted}")
            shutil.rmtree(folder)
    return row.end()


def _given(name: str, more: Sequence[str], folder: Path) -> tuple[str, str]:
    keys_given = {word.lstrip("+~").partition("=")[0] for word in more}
    base = [word for word in BASES[name] if word.partition("=")[0] not in keys_given]
    ended = forked.run([*base, *more], folder, limit=LIMIT)
    if ended.code == forked.HANGS and "epoch 1/" in ended.said:  # it was asked to train for long, and does
        return "taken, and at work", _unsound(folder)
    wrong = ended.wrong(0, 2) or ", ".join(trees.leftovers(folder)) or _unsound(folder)
    return "refused in one line" if ended.code == 2 else "taken", wrong


def _unsound(folder: Path) -> str:
    """What no run may hold."""
    for file in folder.glob("checkpoints/**/*.json"):
        try:
            content = json.loads(file.read_text("utf-8"))
        except ValueError as error:
            return f"{file.name}: {error}"
        if not all(map(math.isfinite, _numbers(content))):
            return f"{file.name} holds a number that is none"
    if any("nan" in file.read_text("utf-8") for file in folder.glob("checkpoints/**/*.csv")):
        return "a table holds nan"
    return ""


def _numbers(content: Any) -> list[float]:
    if isinstance(content, dict | list):
        inner = content.values() if isinstance(content, dict) else content
        return [number for one in inner for number in _numbers(one)]
    return [content] if isinstance(content, float) else []
