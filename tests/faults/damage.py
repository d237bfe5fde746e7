"""Damaged files: over every kind of file that is read, one at a time, under a command that reads it.

``python -m tests.faults damage --seed 7 --count 1000``; ``--only N`` repeats one.

What may come of it: a refusal (exit 2) of one line that names the file, or a good end (exit 0) with the results of the
undamaged. Anything else is a failure: a traceback, a signal, no end, other numbers without a word. What ends well
though a file is not what it was is taken for harmless for these reasons alone:

==========================  ========================================================================================
what                        why it is no failure
==========================  ========================================================================================
the same numbers            nothing that they depend on was damaged, or it was made again (caches, thumbnails, cuts)
a run left out              the report goes on with the others, and names the run's file in its last section
an edit                     a text that people may edit still has keys and types as it must: nothing tells an edit
                            from damage. All numbers of a report but those of training are from predictions, which
                            have checksums; weights' digests are on record
weights of others           a ``.safetensors`` has no checksum: what it holds is evaluated, and its digest is the run's
cells of before             cells that were written without a checksum are held to types, ranges and ids; NaN among
                            their logits is what a network gave, and the report says how many
a picture's own             a picture that still decodes is a picture; its digest is part of every cell's key
==========================  ========================================================================================
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.faults import forks, mutations, prepared

RUN = "checkpoints/small_cnn_shapes"
_UNDRAWN = ("withstand.report.canvas:save_png", "withstand.report.canvas:svg", "withstand.report.curves:save")


@dataclass(frozen=True)
class Door:
    """A command, the files that it reads, and where its numbers come out.

    Attributes:
        clear: what is removed first, so that the work is done again.
        edits: whether what still decodes is data of the user's, whatever it holds.
        always: whether it must end well whatever happens to the file, which is named.
    """

    name: str
    words: Sequence[str]
    reads: Sequence[str]
    gives: Sequence[str]
    clear: Sequence[str] = ()
    edits: bool = False
    always: bool = False


def _evaluated(name: str, *words: str, reads: Sequence[str], edits: bool = False, net: str = "net") -> Door:
    asked = [one.replace("net.py:net", f"net.py:{net}") for one in prepared.EVALUATE]
    command = [*asked, *words, "paths.checkpoints=fresh"]
    return Door(name, command, reads, ("fresh/*/summary.json",), edits=edits)


DOORS = (
    Door(
        "report",
        ["experiment=report", "dataset=shapes"],
        (
            *("checkpoints/*/*.json", "checkpoints/*/history.csv", "checkpoints/*/thumbnails.png"),
            *("checkpoints/*/predictions/*", "checkpoints/*/finetune/*/*.json"),
            *("checkpoints/*/finetune/*/predictions/*", "checkpoints/*/background/examples.npz"),
        ),
        ("reports/shapes/tables/conditions.csv",),
    ),
    Door(
        "resumed",
        prepared.STUDY,
        (f"{RUN}/*.json", f"{RUN}/*.pth", f"{RUN}/predictions/c*", f"{RUN}/thumbnails.png"),
        (f"{RUN}/robustness_results.csv",),
    ),
    Door("longer", prepared.LONGER, (f"{RUN}/*.pth", f"{RUN}/*.json"), (f"{RUN}/history.csv",)),
    Door(
        "tuned",
        prepared.TUNE,
        (f"{RUN}/finetune/*/*.json", f"{RUN}/finetune/*/*.pth", f"{RUN}/finetune/*/predictions/*"),
        (f"{RUN}/finetune_results.csv",),
    ),
    Door(
        "written",
        [*prepared.STUDY[:-1], "experiment=robustness", "shift.source=written", "shift.corruptions=[fog]"]
        + ["shift.severities=[3]"],
        ("data/shapes-corrupted/*", "data/shapes-corrupted/.*"),
        (f"{RUN}/robustness_results.csv",),
        clear=(f"{RUN}/predictions",),
    ),
    _evaluated(
        "weights",
        "dataset=npy",
        "dataset.images=images.npy",
        "dataset.labels=labels.npy",
        "model.weights=weights/w.pth",
        reads=("weights/w.pth",),
    ),
    _evaluated(
        "wrapped",
        "dataset=npy",
        "dataset.images=images.npy",
        "dataset.labels=labels.npy",
        "model.weights=weights/wrapped.pth",
        reads=("weights/wrapped.pth",),
    ),
    _evaluated(
        "safetensors",
        "dataset=npy",
        "dataset.images=images.npy",
        "dataset.labels=labels.npy",
        "model.weights=weights/w.safetensors",
        reads=("weights/w.safetensors",),
        edits=True,
    ),
    _evaluated(
        "arrays",
        "dataset=npy",
        "dataset.images=images.npy",
        "dataset.labels=labels.npy",
        "dataset.classes=names.json",
        reads=("images.npy", "labels.npy", "names.json"),
        edits=True,
    ),
    _evaluated("archive", "dataset=npy", "dataset.images=both.npz", reads=("both.npz",), edits=True),
    _evaluated(
        "table", "dataset=csv", "dataset.file=table.csv", "dataset.size=16", reads=("table.csv",), edits=True
    ),
    _evaluated(
        "photos",
        "dataset=folder",
        "dataset.folder=photos",
        "dataset.size=16",
        reads=("photos/*/*", "photos/*/*"),
        edits=True,
    ),
    _evaluated(
        "decoded",
        "dataset=folder",
        "dataset.folder=photos",
        "dataset.size=16",
        reads=("photos/.decoded/*",),
    ),
    _evaluated(
        "map",
        "dataset=folder",
        "dataset.folder=photos",
        "dataset.size=16",
        "class_map=maps/map.json",
        reads=("maps/map.json",),
        edits=True,
        net="net12",
    ),
    _evaluated(
        "map.csv",
        "dataset=folder",
        "dataset.folder=photos",
        "dataset.size=16",
        "class_map=maps/map.csv",
        reads=("maps/map.csv",),
        edits=True,
        net="net12",
    ),
    Door("masks", prepared.MASKS, ("masks/*/*", "made/.work/*"), ("made/manifest.json",), edits=True),
    Door("boxes", prepared.BOXES, ("boxes.tsv",), ("boxed/manifest.json",), edits=True),
    Door(
        "backgrounds",
        [*prepared.ON_MADE, "paths.checkpoints=fresh"],
        ("made/manifest.json",),
        ("fresh/*/background_results.csv",),
        edits=True,
    ),
    Door("help", ["--help"], ("configs/*/own.yaml",), (), always=True),
    Door(
        "others",
        ["experiment=report", "dataset=shapes"],
        ("configs/*/own.yaml",),
        ("reports/shapes/tables/conditions.csv",),
        always=True,
    ),
    Door("model", ["--cfg", "model=own", "dataset=shapes"], ("configs/model/own.yaml",), (), edits=True),
    Door(
        "dataset",
        [*prepared.EVALUATE, "dataset=own", "paths.checkpoints=fresh"],
        ("configs/dataset/own.yaml",),
        ("fresh/*/summary.json",),
        edits=True,
    ),
    Door(
        "suite",
        [*prepared.SHAPES, *prepared.MODEL, "experiment=robustness", "suite=own"],
        ("configs/suite/own.yaml",),
        (),
        edits=True,
    ),
    Door(
        "shift",
        [*prepared.SHAPES, *prepared.MODEL, "experiment=robustness", "shift=own"],
        ("configs/shift/own.yaml",),
        (),
        edits=True,
    ),
)
TEXTS = (".json", ".csv", ".tsv", ".yaml")


def numbers(door: Door, tree: Path) -> list[str]:
    """What came out, a line each, without times and what else differs from run to run."""
    found: list[str] = []
    for pattern in door.gives:
        for file in sorted(tree.glob(pattern)):
            text = file.read_text("utf-8", "replace")
            if file.suffix == ".csv":
                rows = csv.DictReader(text.splitlines())
                found += [json.dumps({k: v for k, v in row.items() if k != "seconds"}) for row in rows]
            else:
                found.append(text)
    return found


@dataclass(frozen=True)
class Outcome:
    """What came of one damaged file; ``why`` is empty but for a failure."""

    kind: str
    door: str
    file: str
    said: str
    why: str = ""


class Harness:
    """The tree, and what each door gives while nothing is damaged."""

    def __init__(self, root: Path, *, whole: bool = True) -> None:
        self.root, self.tree = root, root / "prepared"
        self.tree.mkdir()
        prepared.make(self.tree, whole=whole)
        self.whole: dict[str, list[str]] = {}
        self.files = {door.name: found for door in DOORS if (found := self._files(door))}
        self.doors = [door for door in DOORS if door.name in self.files]

    def _files(self, door: Door) -> list[str]:
        return sorted(
            {str(f.relative_to(self.tree)) for p in door.reads for f in self.tree.glob(p) if f.is_file()}
        )

    def _start(self, door: Door) -> Path:
        place = prepared.copied(self.tree, Path(tempfile.mkdtemp(dir=self.root)) / "tree")
        for name in door.clear:
            shutil.rmtree(place / name)
        return place

    def undamaged(self, door: Door) -> list[str]:
        if door.name not in self.whole:
            place = self._start(door)
            done = forks.run(door.words, place, _UNDRAWN)
            assert done.code == 0, (door.name, done.said)
            self.whole[door.name] = numbers(door, place)
            shutil.rmtree(place.parent)
        return self.whole[door.name]

    def one(self, seed: int, number: int) -> Outcome:
        """The number-th case of a seed."""
        draw = random.Random(f"{seed} {number}")
        door = self.doors[number % len(self.doors)]
        name = draw.choice(self.files[door.name])
        self.undamaged(door)
        place = self._start(door)
        try:
            file = place / name
            others = [
                self.tree / one for many in self.files.values() for one in many
            ]  # a door may clear its own
            mutation = draw.choice(mutations.of(file))
            said = f"{mutation.__name__}: {mutation(file, draw, others)}"
            done = forks.run(door.words, place, _UNDRAWN)
            kind, why = self._judged(
                door, place, name, done, edit=_edited(file, self.tree / name, loose=door.edits)
            )
            return Outcome(kind, door.name, name, said, why)
        finally:
            shutil.rmtree(place.parent)

    def _judged(self, door: Door, place: Path, name: str, done: forks.Ended, edit: bool) -> tuple[str, str]:
        if list(place.glob("**/ESCAPED")):
            return "failed", "it ran code"
        if done.code == 2 and not door.always:
            named = any(part in done.error for part in _names(name)) or (edit and door.edits)
            return (
                ("refused", done.error)
                if done.error and named
                else ("failed", f"without its name: {done.said}")
            )
        if done.code != 0:
            return "failed", f"ended with {done.code} after {done.seconds:.0f} s: {done.said[-2000:]}"
        now, whole = numbers(door, place), self.whole[door.name]
        if now == whole:
            return "harmless", ""
        said = done.said + "".join(f.read_text("utf-8") for f in place.glob("reports/*/report.md"))
        if set(now) <= set(whole) and any(part in said for part in _names(name)):
            return "harmless", ""
        if edit or (door.edits and Path(name).suffix not in TEXTS):
            return "harmless", ""
        changed = [line for line in now if line not in whole][:2]
        return (
            "failed",
            f"other numbers without a word: {changed} of {len(now)}/{len(whole)}: {done.said[-800:]}",
        )


def _names(name: str) -> list[str]:
    """What a line may call a file: itself, or what it lies in."""
    path = Path(name)
    found = [path.name, path.stem]
    if path.parts[0] == "masks":  # they are part of what a set is made from
        found.append("made holds a set")
    if path.parts[0] in ("checkpoints", "data", "photos", "masks"):
        found += [str(path.parent), *(str(one) for one in list(path.parents)[:-2])]
    return found


def _edited(file: Path, whole: Path, *, loose: bool) -> bool:
    """Whether a text file has other values, and else is what it was: no program could tell that from an edit.

    Args:
        loose: it is the user's, such as a class map of a part of the outputs; how many is said.
    """
    if not file.is_file() or file.suffix not in TEXTS:
        return False
    try:
        text, before = file.read_text("utf-8"), whole.read_text("utf-8")
        if file.suffix == ".json":
            return loose or _kinds(json.loads(text)) == _kinds(json.loads(before))
        return file.suffix != ".yaml" or isinstance(yaml.safe_load(text), dict)
    except (ValueError, RecursionError, yaml.YAMLError):
        return False


def _kinds(node: Any) -> Any:
    """Keys and types, without values; keys of what is named by data count as values."""
    if isinstance(node, dict):
        return sorted(json.dumps(_kinds(one)) for one in node.values())
    if isinstance(node, list):
        return [_kinds(one) for one in node]
    return "number" if isinstance(node, int | float) and not isinstance(node, bool) else type(node).__name__


def main(words: list[str]) -> int:
    """Damage files; prints a table's row, and how to repeat what failed."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults damage")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--count", type=int, default=1000)
    asked.add_argument("--only", type=int)
    asked.add_argument("--show", type=int, default=0, help="print so many refusals, drawn at random")
    given = asked.parse_args(words)
    forks.ready()
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder))
        numbers_ = range(given.count) if given.only is None else [given.only]
        found = []
        for number in numbers_:
            one = harness.one(given.seed, number)
            found.append(one)
            if number % 100 == 99:
                print(f"{number + 1:,} tried", file=sys.stderr, flush=True)
            if one.kind == "failed" or given.only is not None:
                repeat = f"--seed {given.seed} --only {number}"
                print(f"{one.kind} ({repeat}): {one.door}, {one.file}, {one.said}\n  {one.why}", flush=True)
    kinds = Counter(one.kind for one in found)
    refused = [one for one in found if one.kind == "refused"]
    for one in random.Random(given.seed).sample(refused, min(given.show, len(refused))):
        print(f"{one.file}, {one.said}\n  {one.why}")
    row = (f"{len(found):,}", *(f"{kinds[kind]:,}" for kind in ("refused", "harmless", "failed")))
    print("| what | tried | refused in one line | harmless | failed |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print(f"| damaged files, seed {given.seed} | {' | '.join(row)} |")
    return 1 if kinds["failed"] else 0
