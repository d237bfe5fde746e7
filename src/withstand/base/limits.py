"""What this process may use of the machine: cores and memory, as containers and schedulers bound them.

A scheduler that gives two cores of sixty-four says so by affinity; Docker, Kubernetes and SLURM by a quota of the
control group, which affinity knows nothing of.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

from withstand.base.errors import UserError

_ROOT = Path("/")
_LEAST = 512 << 20  # bytes of address space that a network is run in, once everything is imported


def cores(root: Path = _ROOT) -> int:
    """CPU cores: the least of affinity and of every quota that binds, a part of a core counted as one.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([own, *_given, *(math.ceil(quota) for quota in _quotas(root))]))


_given: list[int] = []


def give(cores: int) -> None:
    """From now on, this process has no more cores than that: others of its kind have the rest."""
    _given[:] = [cores]


def memory(root: Path = _ROOT) -> int | None:
    """Bytes of memory: the least of what is built in and of every limit that binds; None where nothing says."""
    found = [
        int(text) for text in _said(root, "memory", "memory.max", "memory.limit_in_bytes") if text.isdecimal()
    ]
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not known on Windows
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=None)


def check_address_space() -> None:
    """Refuse to begin where a limit on memory (``ulimit -v``) is all but reached: native code would end the process.

    Raises:
        UserError: there is too little left.
    """
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return
        pages = int((_ROOT / "proc/self/statm").read_text(encoding="utf-8").split()[0])
        left = limit - pages * resource.getpagesize()
    except (ImportError, OSError, ValueError, IndexError):
        return
    if left < _LEAST:
        raise UserError(
            f"there is not enough memory: {max(left, 0) >> 20} MB are left of the limit of {limit >> 20:,} MB (ulimit"
            f" -v), and {_LEAST >> 20} are the least; raise it"
        )


def _quotas(root: Path) -> Iterator[float]:
    """Cores that a quota amounts to: version 2 says quota and period in one file, version 1 in two."""
    for text in _said(root, "cpu", "cpu.max", "cpu.cfs_quota_us"):
        quota, _, period = text.partition(" ")
        if quota.isdecimal() and int(quota) > 0:
            yield int(quota) / (int(period) if period.isdecimal() and int(period) else 100_000)


def _said(root: Path, controller: str, new: str, old: str) -> Iterator[str]:
    """What the files of a controller say, in the process's own group and in those that it lies in."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names and controller not in names.split(","):
            continue
        place = root / "sys/fs/cgroup" / (controller if names else "")
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):  # a limit binds all that lies below it
            folder = place.joinpath(*parts[:depth])
            text = _read(folder / (old if names else new))
            if names and controller == "cpu" and text:
                text = f"{text} {_read(folder / 'cpu.cfs_period_us')}"
            if text:
                yield text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
