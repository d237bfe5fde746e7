"""One piece of work after another, on as many threads as torch has, each of which does all of its piece.

Threads that share every step, as torch's own do, wait for each other at its end; where the machine has other work,
they mostly wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


def each(do: Callable[[int], object], n: int) -> None:
    """``do(i)`` for every i below ``n``. Threads are started anew: kept ones would not outlive a fork."""
    threads = torch.get_num_threads()
    if min(threads, n) < 2:
        for i in range(n):
            do(i)
        return
    with pool(min(threads, n)) as started:
        for _ in started.map(do, range(n)):
            pass


@contextmanager
def pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """So many threads, in each of which torch takes no others."""
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as started:
            yield started
    finally:
        # It is each thread's own, but for matrix products, where it is everyone's.
        torch.set_num_threads(threads)
