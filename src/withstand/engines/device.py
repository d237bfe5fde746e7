"""Which device, how many threads, and which floating-point type."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from withstand.base import cache
from withstand.base.errors import UserError
from withstand.base.limits import cores as cores

_TURNS = 24  # of measuring: a few milliseconds each


def choose(wanted: str) -> torch.device:
    """The device that ``wanted`` names; ``auto`` takes CUDA, else Apple's GPU, else the CPU.

    Raises:
        UserError: there is no such device here.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise UserError(f"device={wanted} is not a device; use auto, cpu, cuda, cuda:1 or mps") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(f"device={wanted}: this machine has no CUDA device; use device=cpu or device=auto")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"device={wanted}: this machine has {torch.cuda.device_count()} CUDA device(s)")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError(f"device={wanted}: this machine has no MPS device; use device=cpu or device=auto")
    if device.type not in ("cpu", "cuda", "mps"):
        raise UserError(f"device={wanted} is not supported; use auto, cpu, cuda or mps")
    return device


def describe(device: torch.device) -> str:
    """The device in words, for the record."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device.type} ({_processor()}, {torch.get_num_threads()} threads)"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            names = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


_held: list[int] = []


def set_threads(count: int) -> None:
    """Use ``count`` CPU threads; 0: as many as the environment asks for, else every core this process may run on.

    While they are held, as many as that says.
    """
    torch.set_num_threads(_held[-1] if _held else count or _asked_for() or cores())


def _asked_for() -> int:
    """Threads that ``OMP_NUM_THREADS`` allows, as every library of numbers takes it; 0 where it says nothing."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(int(first), cores()) if first.isdecimal() else 0


@contextmanager
def holding_threads(count: int) -> Iterator[None]:
    """Within, this process uses ``count`` CPU threads: as many as those that it works with."""
    before = torch.get_num_threads()
    _held.append(count)
    torch.set_num_threads(count)
    try:
        yield
    finally:
        _held.pop()
        torch.set_num_threads(before)


def choose_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """The type of the arithmetic; ``auto`` is bfloat16 where the hardware is faster in it, else float32.

    ``int8`` is a matter of the backend that evaluates; around it, everything is float32.
    """
    if wanted != "auto":
        return {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(wanted, torch.float32)
    fast = (
        torch.cuda.get_device_capability(device) >= (8, 0)
        if device.type == "cuda"
        else device.type == "cpu" and _cpu_is_faster_in_bfloat16()
    )
    return torch.bfloat16 if fast else torch.float32


@functools.cache
def _cpu_is_faster_in_bfloat16() -> bool:
    """Measured, since the processor's flags do not tell: some have the instruction at half the speed of float32.

    Once for a machine, and kept: a stopwatch that is asked again may say something else, and every start must compute
    alike.
    """
    if not _cpu_multiplies_bfloat16():
        return False
    measured_on = f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    name = f"arithmetic-{hashlib.sha256(measured_on.encode()).hexdigest()[:16]}"
    kept: dict[str, bool] = cache.first(
        name, lambda: {"measured_on": measured_on, "bfloat16_is_faster": _measured_faster_in_bfloat16()}
    )
    return kept["bfloat16_is_faster"]


def _measured_faster_in_bfloat16() -> bool:
    """Turn by turn, so that other work slows both alike, and often, so that the best of each is free of it."""
    cpu = torch.device("cpu")
    rates = {torch.float32: 0.0, torch.bfloat16: 0.0}
    for _ in range(_TURNS):
        for dtype, best in rates.items():
            rates[dtype] = max(best, product_rate(cpu, dtype, 512, 1))
    # It is about a half, two or more: far from where noise would decide.
    return rates[torch.bfloat16] > 1.2 * rates[torch.float32]


def product_rate(device: torch.device, dtype: torch.dtype, size: int, repeats: int) -> float:
    """Operations a second of a square matrix product, the best of ``repeats``: a measured peak, not a data sheet's."""
    own = torch.Generator(device).manual_seed(0)  # nothing else's random numbers move
    a, b = (torch.randn(size, size, device=device, generator=own).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(repeats + 1):  # the first is not counted
        started = time.perf_counter()
        _ = a @ b
        synchronize(device)
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds[1:])


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _cpu_multiplies_bfloat16() -> bool:
    """True where the processor has an instruction for it; elsewhere it is emulated."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            flags = next((line for line in info if line.startswith("flags")), "")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def name(dtype: torch.dtype) -> str:
    """``bfloat16`` for ``torch.bfloat16``."""
    return str(dtype).removeprefix("torch.")


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Mixed precision in ``dtype``; nothing at all for float32."""
    if dtype == torch.float32:  # torch 2.4 knows of none on Apple's GPUs, and refuses to leave it out, too
        return nullcontext()
    # No cache of converted weights on a GPU: a recorded step has to convert them each time, as they have changed.
    return torch.autocast(device.type, dtype, cache_enabled=device.type != "cuda")
