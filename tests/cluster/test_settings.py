"""Which commands have a cluster, and what its settings become."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from withstand import experiments
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.config.composing import compose
from withstand.session import several


@pytest.fixture
def opened(monkeypatch):
    """What a cluster was asked for, instead of one."""
    asked = []

    @contextmanager
    def instead(settings, device, threads, data):
        asked.append((settings, device, threads, data))
        yield

    monkeypatch.setattr("withstand.cluster.opened", instead)
    return asked


class Nothing:
    USES = None

    @staticmethod
    def run(config, overrides):
        return 0


def test_devices_are_workers_as_they_were_processes_before(opened, monkeypatch):
    monkeypatch.setattr("withstand.base.plugins.load", lambda kind, name: Nothing)
    words = ["experiment=robustness", "evaluation.devices=[cuda:0,cuda:1]", "threads=2", "paths.data=there"]
    assert experiments.run(compose(words), words) == 0
    ((settings, device, threads, data),) = opened
    assert (settings.name, settings.workers, device, threads, data) == ("ray", 2, "cuda", 2, "there")


def test_the_parts_of_a_reproduction_lead_their_own(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["experiment=reproduction", "reproduction.check=true", "cluster=ray"]) == 0
    assert not opened


@pytest.mark.parametrize("experiment", ["report", "leaderboard", "plan", "doctor"])
def test_what_gives_out_no_work_refuses_a_cluster(experiment, capsys):
    assert main([f"experiment={experiment}", "cluster=ray"]) == 2
    assert f"experiment={experiment} does not use cluster, so leave it out" in capsys.readouterr().err


def test_a_sweep_has_a_command_for_each_model_and_seed():
    words = [
        "experiment=train",
        "dataset=shapes",
        "models=[small_cnn,small_vit]",
        "seeds=[5,6]",
        "model.image_size=16",
    ]
    each = several.commands_of(compose(words), words)
    assert each[1] == [
        "experiment=train",
        "dataset=shapes",
        "model.image_size=16",
        "image_seed=5",
        "model=small_cnn",
        "seed=6",
        "suffix=-seed6",
    ]
    composed = [compose(one) for one in each]
    folders = [one.run_folder.name for one in composed]
    assert folders == [
        "small_cnn_shapes",
        "small_cnn_shapes-seed6",
        "small_vit_shapes",
        "small_vit_shapes-seed6",
    ]
    assert {(one.image_seed, one.shift.seed) for one in composed} == {(5, 5)}
    assert [one.seed for one in composed] == [5, 6, 5, 6]


def test_images_go_by_the_seed_where_nothing_else_is_said():
    plain, other = compose(["seed=7"]), compose(["seed=7", "image_seed=8"])
    assert (plain.image_seed, plain.shift.seed, other.image_seed, other.shift.seed) == (7, 7, 8, 8)


@pytest.mark.parametrize("one", ["model=small_vit", "seed=7"])
def test_one_beside_several_is_refused(one: str) -> None:
    words = ["experiment=train", "models=[small_cnn]", "seeds=[5,6]", one]
    with pytest.raises(UserError, match=r"s=\[.*\] are asked for, and (model|seed) is given, too"):
        several.commands_of(compose(words), words)
