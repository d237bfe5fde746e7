"""A command that writes in its run's folder is alone there: another waits for it, or leaves (``lock``)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from withstand.base.lock import one_writer
from withstand.config.schema import Config

Given = TypeVar("Given")


def alone(work: Callable[[Config, list[str]], Given]) -> Callable[[Config, list[str]], Given]:
    """``work``, once nobody else writes in the run folder of its configuration."""

    @functools.wraps(work)
    def locked(config: Config, overrides: list[str]) -> Given:
        with one_writer(config.run_folder, config.lock):
            return work(config, overrides)

    return locked
