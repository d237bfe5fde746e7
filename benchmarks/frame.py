"""What every benchmark shares: contenders that take turns at the same work, and the hardware that they ran on."""

from __future__ import annotations

import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from withstand.base import limits
from withstand.results.provenance import installed

RESULTS = Path(__file__).parent / "results"

_PACKAGES = ("torch", "torchvision", "timm", "openvino", "numpy", "pillow", "opencv-python-headless", "scipy")


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        quick: sizes so small that the figures mean nothing; to see that a benchmark runs.
        data: the folder of unpacked real data, as ``paths.data``; drawn images are used where there is none.
        device: as ``device=`` of withstand.
        checkpoint: weights of a trained resnet50 for CIFAR-10; where there are none, one is trained for a short while.
    """

    quick: bool = False
    data: Path = Path("data")
    device: str = "auto"
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Contest:
    """How long each contender took for the same work, turn by turn.

    Attributes:
        work: what was done, in words.
        unit: what is counted, in the plural, e.g. ``images``.
        amount: how many units one turn does.
        ours: which contender is withstand.
        seconds: of each turn, for each contender; turn ``i`` of all contenders ran side by side.
        notes: anything else worth keeping, such as the share of the measured peak.
    """

    work: str
    unit: str
    amount: int
    ours: str
    seconds: Mapping[str, list[float]]
    notes: dict[str, Any] = field(default_factory=dict)

    def rate(self, name: str) -> float:
        """Units a second: the median over the turns."""
        return self.amount / statistics.median(self.seconds[name])

    def ratio(self, name: str) -> float:
        """How many times as fast as ``name`` we are: the median over the turns of the ratio within a turn."""
        pairs = zip(self.seconds[name], self.seconds[self.ours], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)

    def record(self) -> dict[str, Any]:
        """JSON values."""
        contenders = {
            name: {
                "per_second": self.rate(name),
                "withstand_is_times_as_fast": self.ratio(name),
                "seconds": seconds,
            }
            for name, seconds in self.seconds.items()
        }
        about = {"work": self.work, "unit": self.unit, "amount": self.amount, "ours": self.ours}
        return about | {"contenders": contenders, "notes": self.notes}


def contest(
    work: str,
    contenders: Mapping[str, Callable[[], object]],
    *,
    amount: int,
    unit: str = "images",
    ours: str = "withstand",
    turns: int = 5,
    clock: Callable[[], float] = time.perf_counter,
    **notes: Any,
) -> Contest:
    """Let the contenders take turns at the work.

    Every contender does the whole of the work once, untimed, before the first turn. Who begins changes from turn to
    turn, so that no one always runs on a processor that another has warmed.

    Args:
        contenders: each does ``amount`` units of the same work and returns when the results are in host memory.
        ours: the name among them that is withstand.
        clock: in seconds; that of the processor, where all runs in one thread and other work must not count.
    """
    for go in contenders.values():
        go()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(turns):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            started = clock()
            contenders[name]()
            seconds[name].append(clock() - started)
    return Contest(work, unit, amount, ours, seconds, notes)


def peak(process: int | None = None) -> int:
    """Bytes: the most that a process has held in memory, mapped pages of files included; by default this one.

    0 of another that has ended, and where nothing says. Not by ``getrusage`` where there is this: a process that was
    just started is charged with its parent's peak there.
    """
    try:
        told = Path(f"/proc/{process or 'self'}/status").read_text(encoding="utf-8")
    except OSError:
        told = ""
    if found := re.search(r"VmHWM:\s*(\d+) kB", told):
        return int(found[1]) * 1024
    if process is not None:
        return 0
    import resource

    return charged(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def charged(size: int) -> int:
    """Bytes of a ``ru_maxrss``, which is of KiB but on macOS."""
    return size if sys.platform == "darwin" else size * 1024


def hardware() -> dict[str, Any]:
    """The machine and the versions of what computed, for the record; ``name`` is short enough for a file."""
    import torch

    from withstand.engines import device

    cores = limits.cores()
    found: dict[str, Any] = {
        "name": f"cpu{cores}",
        "processor": device.describe(torch.device("cpu")),
        "cores": cores,
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "versions": {"python": platform.python_version(), **installed(_PACKAGES)},
    }
    if found["gpus"]:
        found["name"] = "-".join(found["gpus"][0].lower().split())
    return found


def _memory_gib() -> float | None:
    found = limits.memory()
    return None if found is None else round(found / 2**30, 1)
