"""Whatever a tracker does, the run goes on; what cannot be used at all is refused before work begins."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from withstand import trackers
from withstand.base.errors import UserError
from withstand.config.composing import choices


def begin(name: str, folder: Path) -> trackers.Guarded:
    return trackers.start(name, project="p", run="r", tags=[], config={}, folder=folder)


class Failing:
    """A tracker that fails at the step it is told, or at the end."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.calls: list[int] = []

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.calls.append(step)
        if step == self.at:
            raise ConnectionError("the server\nwent away")

    def finish(self, summary: Mapping[str, float]) -> None:
        raise OSError("disk full")


def test_every_shipped_tracker_is_found_and_can_start():
    assert trackers.names() == sorted(choices("tracker"))
    assert {"none", "trackio", "wandb"} <= set(trackers.names())


def test_no_tracker_writes_nothing(tmp_path: Path):
    tracker = begin("none", tmp_path)
    tracker.log(1, {"loss": 1.0})
    tracker.finish({"top1": 50.0})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("given", "meant"), [("wandbb", "wandb"), ("trakio", "trackio"), ("non", "none")])
def test_unknown_name_gets_the_nearest(given: str, meant: str):
    with pytest.raises(UserError, match=f"unknown tracker '{given}'; did you mean '{meant}'"):
        trackers.check(given)


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_missing_package_is_refused_before_work_begins(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trackers, "_installed", lambda package: False)
    with pytest.raises(UserError, match=rf'pip install "withstand\[{name}\]"'):
        trackers.check(name)


def test_a_folder_of_that_name_is_not_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "notinstalled").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not trackers._installed("notinstalled")
    assert trackers._installed("numpy")


def test_failing_to_start_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def start(**_: Any) -> trackers.Tracker:
        raise RuntimeError("nobody\n  is logged in")

    monkeypatch.setattr(trackers, "_module", lambda name: SimpleNamespace(start=start))
    tracker = begin("broken", Path("unused"))
    tracker.log(1, {"loss": 1.0})
    tracker.finish({})
    said = capsys.readouterr()
    assert said.err == "tracker broken: nobody is logged in; the run continues without it\n"
    assert said.out == ""


def test_failing_midway_warns_once_and_is_dropped(capsys: pytest.CaptureFixture[str]):
    inner = Failing(at=2)
    tracker = trackers.Guarded("flaky", lambda: inner)
    for step in range(1, 6):
        tracker.log(step, {"loss": 1.0})
    tracker.finish({"top1": 1.0})
    assert inner.calls == [1, 2]
    assert capsys.readouterr().err.count("\n") == 1


def test_failing_at_the_end_warns_once(capsys: pytest.CaptureFixture[str]):
    tracker = trackers.Guarded("flaky", lambda: Failing(at=None))
    tracker.log(1, {"loss": 1.0})
    tracker.finish({})
    tracker.finish({})
    assert capsys.readouterr().err == "tracker flaky: disk full; the run continues without it\n"


def test_stopping_the_run_still_stops_it():
    def interrupted() -> trackers.Tracker:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trackers.Guarded("slow", interrupted)


def test_finding_trackers_imports_none_of_their_packages(environment: dict[str, str]):
    code = "import sys; from withstand import trackers; trackers.check('none'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert not {"wandb", "trackio", "torch"} & set(done.stdout.split())
