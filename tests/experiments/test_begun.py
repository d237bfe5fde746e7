"""A run goes on as it began: its arithmetic, its engine, and what other experiments left in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from tests.experiments.conftest import SHAPES

from withstand.cli import main
from withstand.engines import device, planning, trials
from withstand.engines.engine import Plan
from withstand.engines.trials import Trial
from withstand.results.facts import training_of
from withstand.results.reading import load_run
from withstand.session.usage import used

RUN = Path("checkpoints/small_cnn_shapes")
WORDS = [*SHAPES, "dataset.n_train=100", "dataset.n_test=40", "shift.corruptions=[contrast]"]


pytestmark = pytest.mark.usefixtures("there")


@pytest.fixture
def lie(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say what the machine's measurement gives from now on."""
    return lambda faster: monkeypatch.setattr(device, "_cpu_is_faster_in_bfloat16", lambda: faster)


def go(experiment: str, *words: str) -> None:
    name = experiment.removeprefix("experiment=")
    assert main([experiment, *used(name, [*WORDS, *words])]) == 0


def provenance(run: Path = RUN) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "provenance.json").read_text())
    return found


def weights(run: Path = RUN) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(run / "checkpoint.pth", weights_only=True)["network"]
    return state


@pytest.mark.parametrize("faster", [True, False])
def test_training_stays_in_the_arithmetic_it_began_with(lie, capsys, faster):
    began, other = ("bfloat16", "float32") if faster else ("float32", "bfloat16")
    lie(faster)
    go("experiment=train", "train.epochs=3", "paths.checkpoints=alone")
    go("experiment=train", "train.epochs=1")
    lie(not faster)
    capsys.readouterr()
    go("experiment=train", "train.epochs=2")
    said = capsys.readouterr().out
    assert f"{RUN} continues in {began}, as it began; this machine would now choose {other}" in said
    go("experiment=train", "train.epochs=3")
    ours, theirs = weights(), weights(Path("alone") / RUN.name)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert provenance()["trained_in"] == began == provenance()["precision"]
    assert torch.load(RUN / "checkpoint.pth", weights_only=True)["dtype"] == began


def test_the_training_state_alone_keeps_the_arithmetic(lie, capsys):
    lie(True)
    go("experiment=train", "train.epochs=1")
    (RUN / "provenance.json").unlink()
    lie(False)
    go("experiment=train", "train.epochs=2")
    assert "continues in bfloat16, as it began, not in float32" in capsys.readouterr().out
    assert provenance()["trained_in"] == "bfloat16"


def test_cells_of_one_run_are_of_one_arithmetic(lie):
    lie(True)
    go("experiment=study", "train.epochs=1")
    made = sorted(file.name for file in (RUN / "predictions").iterdir())
    lie(False)
    go("experiment=study", "train.epochs=1")
    go("experiment=robustness", "shift.corruptions=[contrast,pixelate]")
    after = sorted(file.name for file in (RUN / "predictions").iterdir())
    assert set(made) < set(after) and len(after) == len(made) + 5, "nothing again, and the rest as it began"
    assert provenance()["precision"] == "bfloat16"


def test_a_run_from_before_this_was_kept_goes_on_too(lie):
    lie(True)
    go("experiment=study", "train.epochs=1")
    made = sorted(file.name for file in (RUN / "predictions").iterdir())
    old = {
        key: value for key, value in provenance().items() if key not in ("arithmetic", "plans", "trained_in")
    }
    (RUN / "provenance.json").write_text(json.dumps(old))
    lie(False)
    go("experiment=study", "train.epochs=1")
    assert sorted(file.name for file in (RUN / "predictions").iterdir()) == made


def test_an_engine_that_was_tried_stays_where_another_trial_would_say_otherwise(monkeypatch, tmp_path):
    rates = {32: 100.0, 16: 50.0}

    def tried(*args: Any) -> list[Trial]:
        return [Trial(Plan("eager", "bfloat16" if n == 32 else "float32", n), rate, 0, 0, 1, 0, 40)
                for n, rate in rates.items()]  # fmt: skip

    monkeypatch.setattr(planning, "_MANY", 1)
    monkeypatch.setattr(planning, "tried", tried)
    go("experiment=train", "train.epochs=1")
    go("experiment=robustness")
    made = sorted(file.name for file in (RUN / "predictions").iterdir())
    rates[16] = 200.0
    monkeypatch.setenv("WITHSTAND_CACHE", str(tmp_path / "another"))
    go("experiment=robustness")
    assert sorted(file.name for file in (RUN / "predictions").iterdir()) == made
    assert provenance()["engine"]["batch_size"] == 32
    before, epochs = (RUN / "best_model.pth").read_bytes(), 1
    while (RUN / "best_model.pth").read_bytes() == before:  # other weights: nothing is there to agree with
        epochs += 1
        assert epochs < 20, "one of them is better on the validation images"
        go("experiment=train", f"train.epochs={epochs}")
    go("experiment=robustness")
    assert provenance()["engine"]["batch_size"] == 16


def test_an_engine_that_is_not_here_is_named(monkeypatch, capsys):
    go("experiment=study", "train.epochs=1")
    record = provenance()
    for kept in record["plans"].values():
        kept["backend"] = "openvino"
    (RUN / "provenance.json").write_text(json.dumps(record))
    monkeypatch.setattr("withstand.engines.openvino_engine.find_spec", lambda name: None)
    assert main([*WORDS, "experiment=robustness"]) == 2
    told = capsys.readouterr().err.strip()
    assert (
        "was evaluated with openvino in" in told
        and "add evaluation.backend=eager" in told
        and "\n" not in told
    )
    go("experiment=robustness", "evaluation.backend=eager")


def test_the_engine_is_on_record_before_the_first_image(monkeypatch):
    monkeypatch.setattr(trials, "_WORTH_TRYING", 1e9)
    go("experiment=train", "train.epochs=1")
    monkeypatch.setattr(planning, "_MANY", 1)
    monkeypatch.setattr("withstand.evaluation.evaluate.Cells.of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main([*WORDS, "experiment=robustness"])
    assert len(provenance()["plans"]) == 1


def test_trainings_in_two_arithmetics_are_not_seeds_of_one(lie):
    said = []
    for seed, faster in ((1, True), (2, True), (3, False)):
        lie(faster)
        go("experiment=train", "train.epochs=1", f"seed={seed}", f"paths.checkpoints={seed}")
        said.append(training_of(provenance(Path(str(seed)) / RUN.name)))
    assert said[0] == said[1] != said[2]


def test_training_that_had_nothing_to_do_keeps_experiment_2(capsys):
    go("experiment=study", "train.epochs=1", "evaluation.precision=20")
    before = json.loads((RUN / "summary.json").read_text())
    assert before["sample"] and len(before["cells"]) == 6
    go("experiment=train", "train.epochs=1")
    assert json.loads((RUN / "summary.json").read_text()) == before
    assert (RUN / "robustness_results.csv").is_file()


@pytest.mark.parametrize("words", [["seed=1", "overwrite=true"], ["dataset.test_limit=30"]])
def test_other_weights_or_images_leave_nothing_of_experiment_2(words, capsys):
    go("experiment=study", "train.epochs=1", "evaluation.precision=20")
    go("experiment=train", "train.epochs=1", *words)
    after = json.loads((RUN / "summary.json").read_text())
    assert after["sample"] is None and after["corruption_source"] is None and len(after["cells"]) == 1
    assert not (RUN / "robustness_results.csv").exists()
    if "overwrite=true" not in words:  # which removes all of another run
        assert "is removed; experiment=robustness makes it again" in capsys.readouterr().out
    go("experiment=robustness", "train.epochs=1", *words)
    assert len(load_run(RUN).conditions) == 6 and len(pd.read_csv(RUN / "robustness_results.csv")) == 5
