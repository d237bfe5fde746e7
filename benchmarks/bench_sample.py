"""What `evaluation.precision=0.5` saves in time: a trained CIFAR ResNet under all 95 corruptions, made on the fly.

Commands as a user gives them, each in a process of its own, start included, one thread, by the processor's time: these
cores have other work. The whole is measured on the first 1,000 and the first 100 images of each condition, and what
the 900 between them take is taken 11 times: an image more costs the same wherever it stands. The network and its
weights are those of tests/models/test_real.py, in DATA/weights; without them there is nothing to measure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.frame import Contest, Options
from withstand.base.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = "weights/resnet20-12fca82f.th"
MANY, FEW, ALL = 1000, 100, 10_000


def run(options: Options) -> list[Contest]:
    data = options.data.resolve()
    if not (data / WEIGHTS).is_file():
        raise UserError(
            f"there is no {data / WEIGHTS}, whose evaluation is measured; --data says where data lies"
        )
    words = [
        "experiment=robustness",
        "model=python:tests/models/cifar_resnet.py:resnet",
        "model.args.blocks=3",
        f"model.weights={data / WEIGHTS}",
        "dataset=cifar10",
        f"paths.data={data}",
        "shift.source=made",
        "device=cpu",
        "threads=1",
    ]
    if options.quick:
        words += ["shift.corruptions=[fog,contrast]", "dataset.test_limit=40"]
    aim = "evaluation.precision=25" if options.quick else "evaluation.precision=0.5"
    with tempfile.TemporaryDirectory() as place:
        sampled, sample = _timed([*words, aim, "model.cfg_name=sample"], Path(place))
        if options.quick:
            many, few = _timed([*words, "model.cfg_name=whole"], Path(place))[0], None
        else:
            few, many = (
                _timed([*words, f"dataset.test_limit={n}", f"model.cfg_name=first{n}"], Path(place))[0]
                for n in (FEW, MANY)
            )
    times = {
        kind: many[kind]
        if few is None
        else many[kind] + (many[kind] - few[kind]) * (ALL - MANY) / (MANY - FEW)
        for kind in ("processor", "clock")
    }
    notes: dict[str, Any] = {
        "command": " ".join(
            ["python main.py", *words[:3], f"model.weights={WEIGHTS}", *words[4:5], *words[6:], aim]
        ),
        "sample": sample,
        "seconds_by_the_clock": {"sample": sampled["clock"], "whole": times["clock"]},
        "measured_of_the_whole": {"first 100 of each": few, "first 1,000 of each": many},
        "whole_is_times_the_sample": times["processor"] / sampled["processor"],
    }
    seconds = {"all images": [times["processor"]], "withstand, a sample": [sampled["processor"]]}
    return [
        Contest("resnet20, CIFAR-10, 95 corruptions", "evaluations", 1, "withstand, a sample", seconds, notes)
    ]


def _timed(words: list[str], place: Path) -> tuple[dict[str, float], dict[str, Any] | None]:
    """Seconds of a command, and the sample that its run is, if it is one."""
    name = words[-1].partition("=")[2]
    before, started = os.times(), time.perf_counter()
    command = [sys.executable, "main.py", *words, f"paths.checkpoints={place}"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    clock, after = time.perf_counter() - started, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    summary = json.loads((place / f"{name}_cifar10" / "summary.json").read_text(encoding="utf-8"))
    return {"processor": spent, "clock": clock}, summary["sample"]
