"""Two things at a time: what is used is made one step ahead, and what was made is put away one step behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")


@contextmanager
def ahead(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """The same items in the same order; each is made, in a thread, while the one before it is used.

    So two are there at a time. An error comes where its item would have come. On leaving, however that happens, the
    step under way is waited for and no other is begun.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        yield _each(items, thread)


def _each(items: Iterator[Item], thread: ThreadPoolExecutor) -> Iterator[Item]:
    following = thread.submit(next, items)
    while True:
        try:
            item = following.result()
        except StopIteration:
            return
        following = thread.submit(next, items)
        yield item


@contextmanager
def behind() -> Iterator[Callable[..., None]]:
    """A function that has what it is given called in a thread, in order; it waits while the call before is under way.

    So one is under way at a time. An error comes at the next call, or on leaving, which waits for the last.
    """
    before: Future[Any] | None = None

    def later(do: Callable[..., Any], *args: Any) -> None:
        nonlocal before
        if before is not None:
            before.result()
        before = thread.submit(do, *args)

    with ThreadPoolExecutor(1, "behind") as thread:
        yield later
        if before is not None:
            before.result()


def at_once(do: Callable[..., Any], *args: Any) -> None:
    """What ``behind`` gives, without a thread."""
    do(*args)
