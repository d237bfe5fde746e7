"""Runs made before the code was split into rooms are read as they were: same numbers, and no cell is computed again.

``old_runs/make.sh`` says how they were made, and by which commit.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import withstand
from withstand import report
from withstand.analysis.backgrounds.reliance import reliances
from withstand.analysis.changes import changes
from withstand.analysis.hypotheses import Hypothesis, Measure, answer
from withstand.base.errors import UserError
from withstand.results.metrics import METRICS, Metric, probabilities

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = Path(__file__).with_name("old_runs") / "runs.tar.xz"

RENAMED: dict[str, dict[str, str]] = {}
"""Table → its column then → its column now."""

AGAIN = (
    "experiment=robustness model=small_cnn model.args.channels=[6,6,8,8] +model.args.stem_width=6"
    " dataset=shapes dataset.n_train=4000 dataset.n_test=60 dataset.size=16"
    " evaluation.dtype=float32 evaluation.backend=eager device=cpu threads=1"
    " shift.corruptions=[fog,gaussian_noise] shift.severities=[1,3]"
)
"""The command that evaluated the first of them, given again."""

REWORDED = {
    "CNNs lean on backgrounds": "CNNs rely on backgrounds",
    "nobody is on the other side": "the other side has no classifier",
}
"""Words then → words now, in cells of text."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``checkpoints`` and ``tables``, for tests that only read them."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def now(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables that are made of them today."""
    folder = tmp_path_factory.mktemp("report")
    report.write(withstand.load_runs(old / "checkpoints"), folder)
    return folder / "tables"


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def test_every_table_is_still_there(old: Path, now: Path) -> None:
    then = {file.name for file in (old / "tables").glob("*.csv")}
    assert len(then) == 20 and then <= {file.name for file in now.glob("*.csv")}


with tarfile.open(ARCHIVE) as _archive:
    TABLES = sorted(
        Path(name).stem for name in _archive.getnames() if name.endswith(".csv") and "tables/" in name
    )


@pytest.mark.parametrize("table", TABLES)
def test_the_report_gives_the_numbers_that_it_gave(old: Path, now: Path, table: str) -> None:
    then, today = read(old / "tables" / f"{table}.csv"), read(now / f"{table}.csv")
    assert len(then) == len(today)
    for column in then:
        before, after = (
            then[column].replace(REWORDED, regex=True),
            today[RENAMED.get(table, {}).get(column, column)],
        )
        numbers = [pd.to_numeric(one, errors="coerce") for one in (before, after)]
        same = np.isclose(*numbers, rtol=1e-6, atol=1e-9) | (before == after)
        assert same.all(), f"{column}: {before[~same].tolist()} was, {after[~same].tolist()} is"


def test_runs_are_loaded_and_compared(old: Path) -> None:
    runs = withstand.load_runs(old / "checkpoints", dataset="shapes")
    assert [run.model for run in runs] == ["small_cnn", "small_vit"] and not runs.left_out
    assert all(len(run.conditions) == 5 and not run.missing and len(run.history) == 8 for run in runs)
    assert [str(one) for one in runs[0].conditions[1:]] == [
        f"corruption-{name}-{severity}" for name in ("fog", "gaussian_noise") for severity in (1, 3)
    ]
    together = withstand.compare(runs)
    assert together.names == ("small_cnn", "small_vit") and not together.left_out and len(together.ids) == 60


def test_fine_tunings_and_backgrounds_are_read(old: Path) -> None:
    for run in withstand.load_runs(old / "checkpoints"):
        (tuned,) = changes(run.folder)
        assert tuned.name == "grouped" and len(tuned.after.scores.ids) == 12
        assert len(tuned.before.conditions) == len(tuned.after.conditions) == 5
        found = {one.protocol: one for one in reliances(run)}
        assert set(found) == ({"grouped", "trained"} if run.model == "small_cnn" else {"grouped"})
        assert all(
            len(one.predictions) == 8 and len(one.predictions["original"]) == 60 for one in found.values()
        )


KINDS = [("corruption", "corrupted"), ("finetuning", "corrupted"), ("background", "mixed_rand")]


@pytest.mark.parametrize(("kind", "over"), KINDS)
def test_a_hypothesis_may_be_over_a_metric_of_ones_own(
    old: Path, monkeypatch: pytest.MonkeyPatch, kind: str, over: str
) -> None:
    runs = withstand.load_runs(old / "checkpoints")
    sides = {"family": "cnn"}, {"family": "transformer"}
    claim = Hypothesis("own", "CNNs are surer", Measure(kind, "sureness", over), *sides, equal=("protocol",))
    with pytest.raises(UserError, match="unknown metric 'sureness'"):
        answer(runs, [claim])
    monkeypatch.setitem(
        METRICS,
        "sureness",
        Metric(lambda read: probabilities(read).max(axis=1), "Sureness", "higher", high=1),
    )
    (found,) = answer(runs, [claim])
    assert found.effect is not None and -1 < found.effect.low < found.effect.high < 1


def test_the_command_given_again_computes_no_cell(
    old: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    shutil.copytree(old / "checkpoints", tmp_path / "checkpoints")
    cells = tmp_path / "checkpoints" / "small_cnn_shapes" / "predictions"
    before = {file.name: file.stat().st_mtime_ns for file in cells.iterdir()}
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *AGAIN.split()],
        cwd=tmp_path,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 done" in done.stdout
    assert {file.name: file.stat().st_mtime_ns for file in cells.iterdir()} == before
