"""Many runs ranked on the same images, with intervals of the ranks. Reads stored predictions; runs no network."""

from __future__ import annotations

from withstand.config.schema import Config
from withstand.session import boarded

USES = ("leaderboard",)


def run(config: Config, overrides: list[str]) -> int:
    boarded.tell(boarded.ranked(config), config, overrides)
    return 0
