"""Leaderboards: 300 runs under 95 conditions of 10,000 images, marks made of real cells, and reports of 8 runs.

The 300 runs have their records, their marks and a file for each cell, but no logits in these: 114 GB of them would say
no more. What reading real cells into marks takes is measured apart, on a few runs that have them. These are reported on
three times: with nothing kept, with what an evaluation keeps, and once more, when the figures are there, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.frame import Contest, Options, charged, peak
from withstand.corruptions.names import CORRUPTIONS, SEVERITIES
from withstand.results import marks
from withstand.results.conditions import CLEAN, Condition
from withstand.results.kept import FILE
from withstand.results.reading import load_run
from withstand.results.store import Cell, Predictions, Store

EVERY = (
    CLEAN,
    *(Condition("corruption", name, severity) for name in CORRUPTIONS for severity in SEVERITIES),
)
ROOT = Path(__file__).resolve().parents[1]
CLASSES = 10


def run(options: Options) -> list[Contest]:
    runs, images, whole = (6, 200, 2) if options.quick else (300, 10_000, 8)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number in range(runs):
            with_marks(place / "drawn", number, runs, images)
        board = _command(
            place, "leaderboard", "drawn", f"rank {runs} runs whose marks are there", runs, images
        )
        for number in range(whole):
            with_cells(place / "real", number, whole, images)
        first = _command(
            place, "leaderboard", "real", f"rank {whole} runs, their marks made of their cells", whole, images
        )
        for values in (place / "real").glob(f"*/{FILE}"):
            values.unlink()
        reports = []
        for state in ("nothing kept", "what an evaluation keeps is there", "once more"):
            work = f"report on {whole} runs, {state}"
            reports.append(_command(place, "report", "real", work, whole, images))
            if state == "nothing kept":
                shutil.rmtree(place / "reports")
    return [board, first, *reports]


def with_marks(root: Path, number: int, runs: int, images: int) -> Path:
    """A run without logits: its records, an empty file for each cell, and the marks of drawn answers."""
    hard, able, draw = _world(number, runs, images)
    cells = [Cell(condition, {"weights": number}) for condition in EVERY]
    folder = _records(root, number, cells)
    for cell in cells:
        (folder / "predictions" / cell.file).touch()
    kept, ids = [], np.arange(images)
    for place, condition in enumerate(EVERY):
        score = able - 0.02 * place - hard + draw.standard_normal(images, np.float32)
        right = {
            metric: np.packbits(score + far > 0).tobytes() for metric, far in (("top1", 0), ("top5", 1.5))
        }
        kept.append(marks._Cell(str(condition), 0, right, "drawn", "drawn"))
    run = load_run(folder)
    same = marks._Images(ids.tobytes(), (ids % CLASSES).tobytes())
    marks._keep(folder / marks.FILE, marks._Kept(marks._key(run), [same], kept))
    return folder


def with_cells(root: Path, number: int, runs: int, images: int) -> Path:
    """A run with logits."""
    hard, able, draw = _world(number, runs, images)
    ids = np.arange(images)
    labels = ids % CLASSES
    cells = []
    for place, condition in enumerate(EVERY):
        logits = draw.standard_normal((images, CLASSES), np.float32)
        logits[ids, labels] += 2 + able - 0.02 * place - hard
        cell = Cell(condition, {"weights": number, "images": "drawn", "shift": {}})
        Store(root / f"model{number}_drawn" / "predictions").write(cell, Predictions(ids, labels, logits))
        cells.append(cell)
    return _records(root, number, cells)


def _world(number: int, runs: int, images: int) -> tuple[np.ndarray, float, np.random.Generator]:
    """How hard each image is, the same for all; how able the model is, many nearly alike; its own draws."""
    hard = np.random.default_rng(0).standard_normal(images, np.float32)
    return hard, 1 + 1.5 * number / runs, np.random.default_rng([1, number])


def _records(root: Path, number: int, cells: Iterable[Cell]) -> Path:
    folder = root / f"model{number}_drawn"
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = {"model": f"model{number}", "dataset": "drawn", "corruption_source": "drawn"}
    said["cells"] = [{**vars(cell.condition), "file": cell.file} for cell in cells]
    (folder / "summary.json").write_text(json.dumps(said), encoding="utf-8")
    made = {
        "weights_digest": f"{number}",
        "parameters": 10_000 * (1 + number % 37),
        "device": "drawn",
        "precision": "float32",
        "images_per_second": {"evaluate": 100.0 + number % 41},
    }
    (folder / "provenance.json").write_text(json.dumps(made), encoding="utf-8")
    return folder


def _command(place: Path, experiment: str, runs: str, work: str, amount: int, images: int) -> Contest:
    """How long a command takes from its start to its end, once, and the most memory that it has."""
    words = [
        f"experiment={experiment}",
        "dataset=shapes",
        "dataset.title=drawn",
        f"paths.checkpoints={place / runs}",
    ]
    words.append(f"paths.reports={place / 'reports'}")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *words], env=environment, stdout=subprocess.DEVNULL, cwd=place
    )
    most = 0
    while not (done := os.wait4(process.pid, os.WNOHANG))[0]:
        most = max(most, peak(process.pid))
        time.sleep(0.01)
    _, status, used = done
    most = most or charged(used.ru_maxrss)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{experiment} ended with {process.returncode}"
    what = f"{work}: 95 conditions and clean, {images:,} images"
    notes = {
        "peak_memory_gib": round(most / 2**30, 2),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "files_mib": round(
            sum(one.stat().st_size for one in (place / "reports").rglob("*") if one.is_file()) / 2**20, 1
        ),
    }
    return Contest(what, "runs", amount, "withstand", {"withstand": [seconds]}, notes)
