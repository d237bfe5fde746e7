"""A Ray cluster, started on this machine or joined; and what its workers are to be."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from withstand.base.errors import UserError
from withstand.base.limits import cores
from withstand.cluster.nodes import Kind
from withstand.cluster.workers import Wanted
from withstand.config.schema import ClusterConfig
from withstand.corruptions import frost
from withstand.engines import device as devices

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def joined(settings: ClusterConfig) -> Iterator[str]:
    """Within, this process is part of the cluster; gives that in words.

    Raises:
        UserError: Ray is not installed, or there is no such cluster.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise UserError('cluster=ray needs Ray; install it with `pip install "withstand[ray]"`') from error
    if ray.is_initialized():  # by whoever calls this: it is theirs to end
        yield _in_words(ray)
        return
    _start(ray, settings.address)
    try:
        yield _in_words(ray)
    finally:
        ray.shutdown()


def wanted(settings: ClusterConfig, device: str, threads: int, data: str) -> Wanted:
    """What a worker is to be.

    Raises:
        UserError: a single GPU is named, where each worker has its own.
    """
    chosen = devices.choose(device)
    if ":" in device:
        raise UserError(
            f"cluster=ray gives each worker a GPU of its own, so device={device} names one too closely; use"
            f" device={chosen.type}"
        )
    cpus = cpus_of(settings, threads)
    gpus = settings.gpus_per_piece if settings.gpus_per_piece is not None else 1.0
    moved = (os.path.abspath(data), settings.data) if settings.data else None
    return Wanted(
        chosen.type,
        cpus,
        gpus if chosen.type == "cuda" else 0.0,
        settings.workers,
        moved,
        Kind.here(chosen),
        _sheets(),
    )


def cpus_of(settings: ClusterConfig, threads: int) -> int:
    """Cores, and threads, of a worker."""
    return settings.cpus or threads or 1


def _start(ray: Any, address: str) -> None:
    """Start Ray here, or join it; what a signal does stays as it was."""
    if address.startswith("ray://"):
        raise UserError(
            f"cluster.address={address}: start the command on a node of the cluster, with cluster.address=auto"
        )
    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if ours else None
    how: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        if address:
            _knock(address)
            ray.init(address=address, **how)
        else:
            ray.init("local", num_cpus=cores(), include_dashboard=False, **how)
    except Exception as error:  # whatever Ray finds wrong
        said = " ".join(str(error).split())[:200]
        where = f"there is no Ray cluster at {address}" if address else "Ray does not start here"
        raise UserError(
            f"cluster=ray: {where} ({said}); start one with `ray start --head`, or leave cluster=ray out"
        ) from error
    finally:
        if ours:
            signal.signal(signal.SIGTERM, before)


def _knock(address: str) -> None:
    """Raise ``OSError`` where nobody listens: Ray would go on asking for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


def _sheets() -> Any:
    """The published sheets of ice, where they are here; none where ours are drawn. A node may have others."""
    import ray

    try:
        return ray.put(() if frost.drawn() else frost.sheets())
    except UserError:  # they lie here altered: whoever needs them is told
        return None


def _in_words(ray: Any) -> str:
    nodes = [node for node in ray.nodes() if node["Alive"]]
    total = ray.cluster_resources()
    found = [f"{len(nodes)} node{'s' if len(nodes) > 1 else ''}", f"{total.get('CPU', 0):g} cores"]
    if total.get("GPU"):
        found.append(f"{total['GPU']:g} GPUs")
    return ", ".join(found)
