"""A container's quota is what may be used, not the machine that it lies on: by files made to look so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from withstand.base import limits


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)


def files(root: Path, **said: str) -> Path:
    for name, text in said.items():
        file = root / name.replace("__", "/").replace("CPU_", "cpu.").replace("MEMORY_", "memory.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, 64),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__CPU_max": "200000 100000"}, 2),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__CPU_max": "max 100000"}, 64),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__CPU_max": "150000 100000"}, 2),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__CPU_max": "10000 100000"}, 1),
        ({"proc__self__cgroup": "0::/job/step\n", "sys__fs__cgroup__job__CPU_max": "300000 100000"}, 3),
        (
            {
                "proc__self__cgroup": "0::/job/step\n",
                "sys__fs__cgroup__job__CPU_max": "300000 100000",
                "sys__fs__cgroup__job__step__CPU_max": "max 100000",
            },
            3,
        ),
        (
            {
                "proc__self__cgroup": "4:cpu,cpuacct:/docker/a\n3:memory:/docker/a\n",
                "sys__fs__cgroup__cpu__docker__a__CPU_cfs_quota_us": "400000",
                "sys__fs__cgroup__cpu__docker__a__CPU_cfs_period_us": "100000",
            },
            4,
        ),
        (
            {
                "proc__self__cgroup": "4:cpu,cpuacct:/\n",
                "sys__fs__cgroup__cpu__CPU_cfs_quota_us": "-1",
                "sys__fs__cgroup__cpu__CPU_cfs_period_us": "100000",
            },
            64,
        ),
        ({"proc__self__cgroup": "0::/../..\n", "sys__fs__cgroup__CPU_max": "not a number"}, 64),
    ],
)
@pytest.mark.usefixtures("large")
def test_the_least_of_affinity_and_quota(tmp_path: Path, said: dict[str, str], expected: int) -> None:
    assert limits.cores(files(tmp_path, **said)) == expected


def test_affinity_binds_where_it_is_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    said = {"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__CPU_max": "800000 100000"}
    assert limits.cores(files(tmp_path, **said)) == 1


def test_memory_is_what_the_group_may_use(tmp_path: Path) -> None:
    said = {"proc__self__cgroup": "0::/job\n", "sys__fs__cgroup__job__MEMORY_max": "1048576"}
    assert limits.memory(files(tmp_path, **said)) == 2**20
    whole = limits.memory(tmp_path / "nothing")
    assert whole is None or whole > 2**28


@pytest.mark.parametrize(
    ("said", "count", "threads"),
    [
        (None, 0, 4),
        ("3", 0, 3),
        ("2,4", 0, 2),
        ("64", 0, 4),
        ("many", 0, 4),
        ("0", 0, 4),
        ("3", 1, 1),
        ("1", 3, 3),
    ],
)
def test_threads_are_what_may_be_used(
    said: str | None, count: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from withstand.engines import device

    before = torch.get_num_threads()
    monkeypatch.setattr(device, "cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    try:
        device.set_threads(count)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
