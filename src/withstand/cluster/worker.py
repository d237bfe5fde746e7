"""What runs on a node: one process with its cores or its part of a GPU, which keeps the job it did last."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from withstand.base import limits
from withstand.base.crew import AbsentHereError
from withstand.base.errors import UserError


@dataclass(frozen=True)
class Done:
    """The end of a piece, and the seconds that it took; ``loading`` of them went into making the job ready."""

    seconds: float
    loading: float


class Worker:
    """Does pieces of one job after another.

    Args:
        device: ``cpu``, ``cuda`` or ``mps``.
        threads: of the CPU.
        moved: where files lie on the machine that asks, and here.
        folder: where the command was given; where it is here, too, names of files are meant from there.
        sheets: the ice that frost lays over images, as `frost.use` takes it.
    """

    def __init__(
        self, device: str, threads: int, moved: tuple[str, str] | None, folder: str, sheets: Any
    ) -> None:
        import torch

        from withstand.base.console import console
        from withstand.corruptions import frost

        console.hush = True  # who asked says how far it is
        limits.give(threads)
        torch.set_num_threads(threads)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        if sheets is not None:
            frost.use(sheets)
        self._device, self._moved = device, moved
        self._loaded: tuple[str, Any] | None = None

    def kind(self) -> dict[str, Any]:
        """What this node computes with."""
        from dataclasses import asdict

        from withstand.cluster.nodes import Kind
        from withstand.engines import device as devices

        return asdict(Kind.here(devices.choose(self._device))) | {
            "name": platform.node(),
            "process": os.getpid(),
        }

    def do(self, key: str, content: list[Any], arrays: dict[str, Any], what: Any) -> Iterator[Any]:
        """Do a piece: gives what comes of it, then ``Done``.

        Args:
            key: of the job.
            content: a reference to that of its parcel, which is fetched where the job is not loaded.
            arrays: references to its arrays.

        Raises:
            AbsentHereError: a file is not here.
        """
        import ray

        from withstand.cluster.parcels import unpack

        started = time.perf_counter()
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = None  # what it held is let go first
            found = dict(zip(arrays, ray.get([*arrays.values()]), strict=True))
            self._loaded = key, unpack(ray.get(content[0]), found, self._moved)
        loading = time.perf_counter() - started
        try:
            yield from self._loaded[1].do(what)
        except (FileNotFoundError, UserError) as error:
            first = error if isinstance(error, FileNotFoundError) else error.__cause__
            if isinstance(first, FileNotFoundError):
                raise AbsentHereError(str(first.filename)) from error
            raise
        yield Done(time.perf_counter() - started, loading)
