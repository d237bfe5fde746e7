"""Tables, figures and a page from the runs at hand. Runs no network, so it can be made again at any time."""

from __future__ import annotations

from withstand.config.schema import Config
from withstand.session import several

USES = several.USES


def run(config: Config, overrides: list[str]) -> int:
    return several.reported(config)
