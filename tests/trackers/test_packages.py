"""The real packages, each in its own process, without a network: what is read back is what was logged."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = [{"train_loss": 1 / 3 / epoch, "val_top1": 33.333333333333336 * epoch} for epoch in (1, 2, 3)]
SUMMARY = {"test_top1": 71.51, "mean19_top1": 60.1 + 0.2}
CONFIG = {"seed": 42, "train": {"epochs": 3, "optimizer": "sgd"}, "model": {"tag": None}}
TRACK = """
import json, sys
from pathlib import Path
from withstand import trackers
name, folder, rows, summary, config = sys.argv[1], Path(sys.argv[2]), *map(json.loads, sys.argv[3:])
tracker = trackers.start(
    name, project="withstand-test", run="resnet50_cifar10", tags=["cifar10", "resnet50"], config=config, folder=folder
)
for epoch, row in enumerate(rows, 1):
    tracker.log(epoch, row)
tracker.log(len(rows), {"corrupted/mean_top1": 12.5})
tracker.finish(summary)
print("went on")
"""


Track = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def track(tmp_path: Path, environment: dict[str, str]) -> Track:
    """Track a run in a new process, as a user who is logged in nowhere and cannot be asked."""
    inherited = {key: value for key, value in environment.items() if not key.startswith(("WANDB", "TRACKIO"))}
    home = {"HOME": str(tmp_path), "NETRC": str(tmp_path / "netrc")}
    given = [json.dumps(value) for value in (ROWS, SUMMARY, CONFIG)]

    def run(name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", TRACK, name, str(tmp_path), *given],
            env=inherited | home | variables,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )

    return run


def records(log: Path) -> list[dict[str, Any]]:
    """The records of an offline run, as wandb's own reader gives them."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(log)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=120
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_wandb_offline_run_reads_back(tmp_path: Path, track: Track):
    pytest.importorskip("wandb")
    done = track("wandb", WANDB_MODE="offline")
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "went on"
    assert "wandb sync" in done.stdout

    (log,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    found = records(log)
    (run,) = (record["run"] for record in found if record["type"] == "run")
    assert (run["project"], run["display_name"]) == ("withstand-test", "resnet50_cifar10")
    assert sorted(run["tags"]) == ["cifar10", "resnet50"]
    assert {key: run["config"]["update"][key] for key in CONFIG} == CONFIG

    history = [record["history"]["item"] for record in found if record["type"] == "history"]
    assert [row["_step"] for row in history] == [1, 2, 3]
    assert [{key: row[key] for key in ROWS[0]} for row in history] == ROWS
    assert [row.get("corrupted/mean_top1") for row in history] == [None, None, 12.5]

    last: dict[str, float] = {}
    for record in found:
        if record["type"] == "summary":
            last |= record["summary"]["update"]
    assert {key: last[key] for key in SUMMARY} == SUMMARY


def test_wandb_with_nobody_logged_in_says_what_to_do(track: Track):
    pytest.importorskip("wandb")
    done = track("wandb")
    assert done.stdout == "went on\n"
    assert done.stderr.count("\n") == 1
    assert "`wandb login`" in done.stderr
    assert "WANDB_MODE=offline" in done.stderr


def test_wandb_that_cannot_write_lets_the_run_go_on(tmp_path: Path, track: Track):
    pytest.importorskip("wandb")
    (tmp_path / "wandb").write_text("a file where the folder should be")
    done = track("wandb", WANDB_MODE="offline")
    assert done.stdout.splitlines()[-1] == "went on"


def test_trackio_run_reads_back(tmp_path: Path, track: Track):
    pytest.importorskip("trackio")
    database = tmp_path / "trackio"
    done = track("trackio", TRACKIO_DIR=str(database))
    assert done.stderr == ""
    first, last = done.stdout.splitlines()
    assert "trackio show --project withstand-test" in first
    assert last == "went on"

    read = (
        "import json; from trackio.sqlite_storage import SQLiteStorage as S; "
        "print(json.dumps([S.get_logs('withstand-test', 'resnet50_cifar10'),"
        " S.get_run_config('withstand-test', 'resnet50_cifar10')]))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", read],
        env=os.environ | {"TRACKIO_DIR": str(database)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    logs, config = json.loads(shown.stdout)
    *curves, corrupted, final = logs
    assert [{key: row[key] for key in ROWS[0]} for row in curves] == ROWS
    assert [row["step"] for row in curves] == [1, 2, 3]
    assert (corrupted["step"], corrupted["corrupted/mean_top1"]) == (3, 12.5)
    assert {key: final[f"final/{key}"] for key in SUMMARY} == SUMMARY
    assert {key: config[key] for key in CONFIG} == CONFIG
    assert config["tags"] == ["cifar10", "resnet50"]
