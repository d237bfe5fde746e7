"""``withstand.on_cluster``: what is evaluated within is shared among the workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from withstand import cluster
from withstand.config.schema import ClusterConfig


@contextmanager
def on_cluster(
    address: str = "",
    *,
    device: str = "auto",
    cpus: int = 1,
    gpus_per_piece: float | None = None,
    workers: int | None = None,
    images_per_piece: int = 2048,
) -> Iterator[None]:
    """Within, calls of ``withstand.evaluate`` give their work to the workers of a Ray cluster.

    >>> with withstand.on_cluster():
    ...     result = withstand.evaluate(model, images, labels)

    Args:
        address: ``auto`` or ``HOST:6379``: the cluster that runs there; empty: one is started on this machine.
        device: of each worker, ``auto``, ``cpu``, ``cuda`` or ``mps``; calls within must name the same.
        cpus: cores, and threads, of a worker.
        gpus_per_piece: of a worker; None: one, where the device is a GPU.
        workers: at most; None: as many as there is room for.
        images_per_piece: about.

    Raises:
        UserError: Ray is not installed, there is no such cluster, or no node there can do the work.
    """
    settings = ClusterConfig("ray", "", address, cpus, gpus_per_piece, workers, images_per_piece)
    with cluster.opened(settings, device, cpus):
        yield
