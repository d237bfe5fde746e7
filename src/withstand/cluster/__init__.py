"""Work shared among the cores, devices and machines of a Ray cluster: ``cluster=ray``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from withstand.base.console import console, progress, say
from withstand.base.crew import led
from withstand.config.schema import ClusterConfig


@contextmanager
def opened(settings: ClusterConfig, device: str, threads: int = 0, data: str = "data") -> Iterator[None]:
    """Within, the work goes to a crew, where the settings ask for one.

    Args:
        device: as the setting of that name: every worker has one of that kind.
        threads: of each worker; 0: as many as it has cores.
        data: where data lies here.

    Raises:
        UserError: Ray is not installed, the cluster cannot be joined, or nobody there can do the work.
    """
    if settings.name == "none":
        yield
        return
    from withstand.cluster import joining

    with joining.joined(settings) as nodes:
        from withstand.cluster.crew import RayCrew
        from withstand.cluster.dispatch import Dispatch
        from withstand.cluster.workers import Hands
        from withstand.engines import device as devices

        # Here, too: what is tried and done here is as it is there.
        with devices.holding_threads(joining.cpus_of(settings, threads)):
            wanted = joining.wanted(settings, device, threads, data)
            say(f"cluster: {nodes}; a worker has {wanted.room}")
            with progress("cluster", 0) as bar, console.hushed():  # this bar is for all
                ours = RayCrew(Dispatch(Hands(wanted), bar), settings.images_per_piece)
                with ours.working(), led(ours):
                    yield
