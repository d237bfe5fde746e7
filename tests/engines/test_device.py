"""Which arithmetic a machine is faster in: measured once, robustly, and kept."""

import json
import random

import pytest
import torch

from withstand.base import cache
from withstand.engines import device

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own_cache_folder(monkeypatch, tmp_path):
    """Nothing is known of this machine; what was asked before in this process is forgotten, before and after."""
    monkeypatch.setenv("WITHSTAND_CACHE", str(tmp_path))
    device._cpu_is_faster_in_bfloat16.cache_clear()
    yield tmp_path
    device._cpu_is_faster_in_bfloat16.cache_clear()


@pytest.fixture
def bfloat16_unit(monkeypatch):
    monkeypatch.setattr(device, "_cpu_multiplies_bfloat16", lambda: True)


@pytest.mark.parametrize("rate", [2.0, 0.5])
def test_other_work_on_the_machine_does_not_decide(monkeypatch, rate):
    """Four measurements of five are 1 to 20 times too slow, as with eight trainings on two cores."""
    luck = random.Random(0)

    def slowed(where, dtype, size, repeats):
        true = rate if dtype == torch.bfloat16 else 1.0
        return true / (luck.uniform(1, 20) if luck.random() < 0.8 else 1)

    monkeypatch.setattr(device, "product_rate", slowed)
    assert {device._measured_faster_in_bfloat16() for _ in range(200)} == {rate > 1}


def test_a_machine_is_measured_once(monkeypatch, bfloat16_unit, own_cache_folder):
    answers = iter([True, False])
    monkeypatch.setattr(device, "_measured_faster_in_bfloat16", lambda: next(answers))
    assert device.choose_dtype("auto", CPU) == torch.bfloat16
    device._cpu_is_faster_in_bfloat16.cache_clear()  # as in a new process
    assert device.choose_dtype("auto", CPU) == torch.bfloat16
    (kept,) = own_cache_folder.glob("arithmetic-*.json")
    assert device._processor() in json.loads(kept.read_text())["measured_on"]
    torch_version = torch.__version__
    monkeypatch.setattr(torch, "__version__", f"{torch_version}.other")
    device._cpu_is_faster_in_bfloat16.cache_clear()
    assert device.choose_dtype("auto", CPU) == torch.float32, "another torch is measured anew"


def test_a_processor_without_the_instruction_is_not_measured(monkeypatch, own_cache_folder):
    monkeypatch.setattr(device, "_cpu_multiplies_bfloat16", lambda: False)
    assert device.choose_dtype("auto", CPU) == torch.float32
    assert not list(own_cache_folder.iterdir())


def test_the_first_of_several_processes_has_its_way(own_cache_folder):
    def slowly():
        assert cache.first("answer", lambda: {"of": "the quick one"}) == {"of": "the quick one"}
        return {"of": "the slow one"}

    assert cache.first("answer", slowly) == {"of": "the quick one"}
    assert [file.name for file in own_cache_folder.iterdir()] == ["answer.json"]


def test_what_is_damaged_is_made_again(own_cache_folder):
    (own_cache_folder / "answer.json").write_text("{")
    assert cache.first("answer", lambda: 7) == 7
    assert cache.first("answer", lambda: 8) == 7


def test_a_cache_that_cannot_be_written_to_costs_the_making_alone(monkeypatch, own_cache_folder):
    (own_cache_folder / "file").write_text("")
    monkeypatch.setenv("WITHSTAND_CACHE", str(own_cache_folder / "file" / "below"))
    assert cache.first("answer", lambda: 7) == 7
