"""The engine of a long evaluation: tried, chosen once, kept."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from withstand import datasets, models
from withstand.config.composing import compose
from withstand.config.schema import EvaluationConfig
from withstand.engines import openvino_engine, planning, trials
from withstand.engines.engine import Plan

CPU = torch.device("cpu")
CONFIG = compose(["model=small_cnn", "dataset=shapes", "dataset.n_train=1", "dataset.n_test=70"])
LONG = 10**9


@pytest.fixture(scope="module")
def classifier():
    return models.build(CONFIG)


@pytest.fixture(scope="module")
def sample():
    return torch.from_numpy(np.array(datasets.load(CONFIG).test.images))


@pytest.fixture(autouse=True)
def own_plans(monkeypatch, tmp_path):
    monkeypatch.setenv("WITHSTAND_CACHE", str(tmp_path))


@pytest.fixture
def tried(monkeypatch):
    """The plans that are tried, of which none is built: each is as fast and exact as its name says."""
    seen = []

    def trial(engine, plan, images, expected, device):
        seen.append(plan)
        rate = {"float32": 100.0, "int8": 400.0}[plan.dtype]
        near = {"float32": 0.0, "int8": 0.1}[plan.dtype]
        return trials.Trial(plan, rate, 0.1 if plan.dtype == "int8" else 0.0, 0.0, 1.0, near, len(images))

    build = trials.build
    monkeypatch.setattr(
        trials, "build", lambda network, plan, *rest: build(network, Plan("eager", "float32", 64), *rest)
    )
    monkeypatch.setattr(trials, "_try", trial)
    monkeypatch.setattr(trials, "openvino_engine", SimpleNamespace(available=lambda dtype="float32": True))
    monkeypatch.setattr(planning.devices, "choose_dtype", lambda wanted, device: torch.float32)
    return seen


def test_few_images_are_evaluated_at_once(classifier, sample, monkeypatch):
    monkeypatch.setattr(planning, "tried", lambda *_: pytest.fail("tried"))
    plan, trial = planning.choose(classifier, CPU, EvaluationConfig(), sample, 70)
    assert plan.backend == "eager" and trial is None


def test_a_long_run_tries_and_keeps_its_choice(classifier, sample, monkeypatch):
    first = planning.choose(classifier, CPU, EvaluationConfig(), sample, LONG)
    assert first[1] is not None and first[1].error <= 0.02 and first[1].equal > 0.9 and first[1].images == 70
    monkeypatch.setattr(planning, "tried", lambda *_: pytest.fail("tried again"))
    assert planning.choose(classifier, CPU, EvaluationConfig(), sample, LONG) == first


def test_a_run_too_short_to_try_stays_with_that_when_it_is_started_again(classifier, sample, monkeypatch):
    monkeypatch.setattr(trials, "_WORTH_TRYING", 1e9)
    first = planning.choose(classifier, CPU, EvaluationConfig(), sample, 5000)
    assert first == (planning.default(CPU, EvaluationConfig(), 32), None)
    monkeypatch.setattr(planning, "tried", lambda *_: pytest.fail("tried now"))
    assert planning.choose(classifier, CPU, EvaluationConfig(), sample, 5000) == first


def test_a_backend_that_fails_is_left_out(classifier, sample, monkeypatch, capsys):
    build = trials.build

    def broken(network, plan, *rest):
        if plan.backend != "eager":
            raise RuntimeError("no such layer")
        return build(network, plan, *rest)

    monkeypatch.setattr(trials, "build", broken)
    assert planning.choose(classifier, CPU, EvaluationConfig(), sample, LONG)[0].backend == "eager"
    assert "is left out: no such layer" in capsys.readouterr().out


def test_eight_bits_are_never_chosen_unasked(classifier, sample, tried):
    plan, _ = planning.choose(classifier, CPU, EvaluationConfig(), sample, LONG)
    assert plan.dtype == "float32" and {one.dtype for one in tried} == {"float32"}


def test_exact_predictions_may_come_from_eight_bits(classifier, sample, tried, capsys):
    """At 400 images/s, and a tenth of them again at 100: 1 / (1/400 + 0.1/100)."""
    plan, trial = planning.choose(classifier, CPU, EvaluationConfig(exact=True), sample, LONG)
    assert plan == Plan("openvino", "int8", 64) and trial is not None
    assert trial.rate == pytest.approx(1 / (1 / 400 + 0.1 / 100))
    assert "borderline images recomputed in float32" in capsys.readouterr().out


def test_exact_stays_with_float32_where_nearly_all_would_be_computed_again(
    classifier, sample, tried, monkeypatch
):
    trial = trials._try
    monkeypatch.setattr(
        trials, "_try", lambda *a: trials.replace(trial(*a), near=0.9 * (a[1].dtype == "int8"))
    )
    plan, _ = planning.choose(classifier, CPU, EvaluationConfig(exact=True), sample, LONG)
    assert plan.dtype == "float32"


@pytest.mark.skipif(not openvino_engine.available("int8"), reason="needs OpenVINO and NNCF")
def test_eight_bits_are_tried_in_earnest(classifier, sample):
    found = trials.tried(
        classifier,
        CPU,
        EvaluationConfig(exact=True),
        planning.default(CPU, EvaluationConfig(), 32),
        sample,
        LONG,
    )
    assert "int8" in {trial.plan.dtype for trial in found}
    assert all(trial.near < 1 for trial in found)


def test_a_trial_says_how_far_apart_logits_are():
    expected = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    got = torch.tensor([[0.0, 2.0], [0.0, 0.5]])
    trial = trials.compare(Plan("eager", "float32", 1), 1.0, got, expected)
    assert trial.equal == 0.5 and trial.largest == 2.0 and trial.images == 2
    assert trial.near == 1.0, "the second gains 2.5 on the highest, more than either margin"
    assert trial.error == pytest.approx((4.25 / 4) ** 0.5 / float(expected.std()))
    lost = trials.compare(trial.plan, 1.0, got * float("nan"), expected)
    assert lost.error == float("inf") and lost.near == 1.0
